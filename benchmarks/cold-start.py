#!/usr/bin/env python3
"""Cold start over Lambda's Runtime API: from spawn to the first GET …/invocation/next, against Node.js and Python.

    python3 benchmarks/cold-start.py DIR [ROUNDS]

DIR holds create-thumbnail-*.zip and analyze-image-*.zip of `.ci/build-function … x86_64 DIR` (or of the machine's own
processor). The peers have a runtime client of a few lines, cold-start-peers/, and do nothing but import what such a
function imports: AWS's own clients, and making the SDK's, would only add to theirs. Everybody has run once before the
first round, so that files are in memory and Python's are compiled; in a round all take turns.

Prints the table and writes it into benchmarks/cold-start.md. Needs Python 3.11 and Node 20 with npm; what it fetches (sharp and
the AWS SDK from npm, Pillow and boto3 from PyPI) lies in target/benchmarks.
"""

import os
import platform
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
import zipfile
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
WORK = TARGET / "benchmarks/cold-start"
PEERS = ROOT / "benchmarks/cold-start-peers"
SDK = ["@aws-sdk/client-dynamodb", "@aws-sdk/client-rekognition", "@aws-sdk/client-s3"]
# What we promise: a start takes at most this part of either peer's.
WANTED = 0.2


def sh(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True, **options).stdout


def unpack(folder, function):
    """The executable of a zip, where Lambda would unpack it."""
    (archive,) = Path(folder).glob(f"{function}-*.zip")
    path = WORK / function
    with zipfile.ZipFile(archive) as files:
        path.write_bytes(files.read("bootstrap"))
    path.chmod(0o755)
    return path, archive.stat().st_size


def start(server, command):
    """Starts a function; seconds until it asks for its first event, seconds of CPU until then, MB at most."""
    port = server.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "AWS_LAMBDA_FUNCTION_NAME": "cold-start",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "AWS_LAMBDA_LOG_GROUP_NAME": "group",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "RAW_BUCKET": "raw",
        "THUMBNAIL_BUCKET": "thumbnails",
        "THUMBNAIL_SIZES": "256,1024",
        "IMAGE_TABLE": "images",
        "LABEL_TABLE": "labels",
        "MAX_LABELS": "20",
        "MIN_CONFIDENCE": "55",
    }
    begin = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], env=environment, cwd=WORK)
    connection, _ = server.accept()
    asked = connection.recv(65536)
    wall = time.perf_counter() - begin
    # Not ru_maxrss, which begins with what this script has.
    memory = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())[1]
    process.send_signal(signal.SIGKILL)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    connection.close()
    if not asked.startswith(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n"):
        sys.exit(f"{command} asked {asked[:80]}")
    return wall, usage.ru_utime + usage.ru_stime, int(memory) / 1024


def main():
    folder, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20
    WORK.mkdir(parents=True, exist_ok=True)
    python = WORK / "venv/bin/python"
    if not python.exists():
        sh(sys.executable, "-m", "venv", WORK / "venv")
        sh(python, "-m", "pip", "install", "-q", "pillow", "boto3")
    if not (WORK / "node_modules/sharp").exists():
        sh("npm", "install", "--no-audit", "--no-fund", "--prefix", WORK, "sharp", *SDK)
    # Beside its modules, where Node looks for them.
    for peer in PEERS.iterdir():
        (WORK / peer.name).write_bytes(peer.read_bytes())
    thumbnail, thumbnail_size = unpack(folder, "create-thumbnail")
    analyze, analyze_size = unpack(folder, "analyze-image")
    functions = {
        "create-thumbnail": [thumbnail],
        "analyze-image": [analyze],
        "Node.js, sharp, SDK": ["node", "node.mjs", "sharp", "s3", "dynamodb"],
        "Node.js, SDK": ["node", "node.mjs", "rekognition", "dynamodb"],
        "Python, Pillow, boto3": [python, "python.py", "PIL.Image", "boto3"],
        "Python, boto3": [python, "python.py", "boto3"],
    }

    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(120)
    for command in functions.values():
        start(server, command)
    taken = {name: [] for name in functions}
    for _ in range(rounds):
        for name, command in functions.items():
            taken[name].append(start(server, command))

    def median(name, what):
        return statistics.median(run[what] for run in taken[name])

    def ratio(ours, peer, what):
        # Within a round, so that what else the machine does hits both.
        return statistics.median(a[what] / b[what] for a, b in zip(taken[ours], taken[peer], strict=True))

    table = ["| function | wall | CPU | memory |", "| --- | --- | --- | --- |"]
    for name in functions:
        wall, cpu, memory = (median(name, what) for what in range(3))
        table.append(f"| {name} | {wall * 1000:.1f} ms | {cpu * 1000:.1f} ms | {memory:.0f} MB |")
    table += ["", "| of what it replaces | wall | CPU |", "| --- | --- | --- |"]
    worst = 0
    for ours, peers in {
        "create-thumbnail": ["Node.js, sharp, SDK", "Python, Pillow, boto3"],
        "analyze-image": ["Node.js, SDK", "Python, boto3"],
    }.items():
        for peer in peers:
            wall, cpu = ratio(ours, peer, 0), ratio(ours, peer, 1)
            worst = max(worst, wall, cpu)
            table.append(f"| {ours} / {peer} | {wall:.3f} | {cpu:.3f} |")

    def version(package):
        return re.search(r'"version": *"([^"]+)"', (WORK / f"node_modules/{package}/package.json").read_text())[1]

    packages = sh(python, "-m", "pip", "list", "--format=freeze")
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    about = (
        f"{date.today()}, {processor[1] if processor else platform.machine()}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.0f}, Linux; "
        f"zips of {thumbnail_size:,} and {analyze_size:,} bytes; Node {sh('node', '--version').strip()[1:]}, "
        f"sharp {version('sharp')}, client-s3 {version('@aws-sdk/client-s3')}; "
        f"Python {platform.python_version()}, "
        + ", ".join(line.replace("==", " ") for line in packages.split() if re.match(r"(?i)(pillow|boto3)==", line))
        + f". {rounds} rounds. Command: `python3 benchmarks/cold-start.py DIR {rounds}`."
    )
    text = "\n".join([about, "", *table])
    print(text)
    page = ROOT / "benchmarks/cold-start.md"
    before, after = page.read_text().split("<!-- table -->")[0], page.read_text().split("<!-- end of table -->")[1]
    page.write_text(f"{before}<!-- table -->\n{text}\n<!-- end of table -->{after}")
    if worst > WANTED:
        sys.exit(f"a start takes {worst:.3f} of a peer's, more than {WANTED}")


main()
