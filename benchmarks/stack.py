"""Times the stack on this machine: uploads at once, and one after the other.

    pip install pillow
    cargo build --release
    python3 benchmarks/stack.py 200
    python3 benchmarks/stack.py 300 --rekognition-rate 5
    python3 benchmarks/stack.py 50 --one-by-one --latency 20

Uploads so many different crops of the photographs of this repository, 400 x 266 pixels each, and waits until both parts of all
are final. Options that it does not know go to the stack. Prints the time from the first upload, and the median `Duration` of
each function as its log has it.
"""

import argparse
import concurrent.futures
import io
import json
import os
import random
import signal
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
PARALLEL = 16


def crops(count):
    chance = random.Random(1)
    photographs = [Image.open(path).convert("RGB") for path in sorted(ROOT.glob("photos/*.[jp][pn]g"))]
    for number in range(count):
        photograph = photographs[number % len(photographs)]
        width = chance.randint(photograph.width // 2, photograph.width)
        height = min(photograph.height, width * 266 // 400)
        left, top = chance.randint(0, photograph.width - width), chance.randint(0, photograph.height - height)
        crop = photograph.crop((left, top, left + width, top + height)).resize((400, 266))
        file = io.BytesIO()
        crop.save(file, "JPEG", quality=85)
        yield f"{number:04}.jpg", file.getvalue()


def ask(url, body=None):
    request = urllib.request.Request(url, data=body, method="PUT" if body else "GET")
    with urllib.request.urlopen(request) as response:
        text = response.read()
    return json.loads(text) if text else None


def is_final(record):
    return "pending" not in (record["thumbnails"]["status"], record["analysis"]["status"])


def finals(api):
    """How many images are final."""
    count, page = 0, ""
    while page is not None:
        images = ask(f"{api}/images?limit=100{page and '&next=' + page}")
        count += sum(map(is_final, images["images"]))
        page = images["next"]
    return count


def upload_all(api, images):
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(lambda image: ask(f"{api}/images/{image[0]}", image[1]), images))
    while finals(api) < len(images):
        time.sleep(0.1)


def upload_one_by_one(api, images):
    for key, body in images:
        ask(f"{api}/images/{key}", body)
        while True:
            time.sleep(0.05)
            try:
                if is_final(ask(f"{api}/images/{key}")):
                    break
            except urllib.error.HTTPError as error:
                if error.code != 404:
                    raise


def address(stack):
    """The API's, when the stack is ready."""
    for line in stack.stdout:
        if line.startswith("ready "):
            return line.split()[1]
    raise SystemExit("the stack did not start")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("count", type=int)
    parser.add_argument("--one-by-one", action="store_true")
    options, stack_options = parser.parse_known_args()
    images = list(crops(options.count))
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    with tempfile.TemporaryDirectory() as data:
        command = [target / "release/local-stack", "--data", data, "--api-port", "0", "--aws-port", "0", "--quiet"]
        stack = subprocess.Popen([*command, *stack_options], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        try:
            api = address(stack)
            start = time.monotonic()
            (upload_one_by_one if options.one_by_one else upload_all)(api, images)
            print(f"{options.count} images: {time.monotonic() - start:.1f} s")
        finally:
            stack.send_signal(signal.SIGINT)
            stack.communicate()
        for log in sorted(Path(data, "logs").glob("*.log")):
            reports = [json.loads(line) for line in log.read_text().splitlines() if '"platform.report"' in line]
            durations = [report["record"]["metrics"]["durationMs"] for report in reports]
            print(f"{log.stem}: {len(durations)} invocations, median {statistics.median(durations):.0f} ms")


if __name__ == "__main__":
    main()
