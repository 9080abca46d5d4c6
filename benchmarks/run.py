#!/usr/bin/env python3
"""Thumbnails against sharp, pyvips and Pillow: speed, memory and quality in one run, in turn.

    python3 benchmarks/run.py            all rows, and the table in benchmarks/README.md
    python3 benchmarks/run.py j12 p12    some rows, printed only; "placeholder" is what that costs

Needs Python 3.11, Node 20 with npm, cargo and, for the photographs, apt-get and dpkg-deb of Debian. What it fetches
(the peers from PyPI and npm, the package mate-backgrounds) and makes lies in target/benchmarks.
"""

import json
import os
import platform
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
WORK = TARGET / "benchmarks"
VENV = WORK / "venv"
ROUNDS = 3

# name of the image, size, the ratio to sharp's time that is wanted at most
ROWS = [
    ("j12", 256, 0.70), ("j12-turned", 256, 0.70), ("j12-444", 256, 0.70), ("j12-progressive", 256, 0.20),
    ("p12", 256, 0.85), ("p4-alpha", 256, 0.60), ("w12", 256, 1.05),
    ("j12", 1024, 0.80), ("j12", 800, 0.80), ("j12", 600, 0.80), ("j12", 490, 0.80),
    ("j100", 256, 0.70), ("j12", 200, None), ("j12", 128, None), ("t12", 256, 1.00), ("h12", 256, 1.30), ("h12-single", 256, None),
]


def sh(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True, **options).stdout


def prepare():
    """Fetches the peers and goes on in an environment that has them."""
    WORK.mkdir(parents=True, exist_ok=True)
    if not VENV.exists():
        sh(sys.executable, "-m", "venv", VENV)
        sh(VENV / "bin/pip", "install", "-q", "pillow", "pillow-heif", "pyvips[binary]", "numpy")
    if not (WORK / "node_modules/sharp").exists():
        sh("npm", "install", "--no-audit", "--no-fund", "--prefix", WORK, "sharp")
    if Path(sys.prefix) != VENV:
        os.execv(VENV / "bin/python", [VENV / "bin/python", *sys.argv])


def images():
    """One photograph as a camera would have written it, in every form of the table."""
    import pillow_heif
    import pyvips
    from PIL import Image

    folder = WORK / "images"
    if (folder / "h12-single.heic").exists():
        return {path.stem: path for path in folder.iterdir()}
    folder.mkdir(exist_ok=True)
    sh("apt-get", "download", "mate-backgrounds", cwd=WORK)
    package = next(WORK.glob("mate-backgrounds_*.deb"))
    sh("dpkg-deb", "-x", package, WORK / "mate-backgrounds")
    photo = next((WORK / "mate-backgrounds").rglob("Elephants_5640x3172.jpg"))
    whole = pyvips.Image.new_from_file(str(photo))
    side = whole.height * 4 // 3
    photo = whole.crop((whole.width - side) // 2, 0, side, whole.height).resize(4000 / side).crop(0, 0, 4000, 3000)
    save = lambda image, name, **options: image.write_to_file(str(folder / name), **options)
    save(photo, "j12.jpg", Q=90, keep="none", subsample_mode="on")
    photo = pyvips.Image.new_from_file(str(folder / "j12.jpg"))
    save(photo, "j12-progressive.jpg", Q=90, interlace=True, subsample_mode="on")
    save(photo, "j12-444.jpg", Q=90, subsample_mode="off")
    turned = photo.copy()
    turned.set_type(pyvips.GValue.gint_type, "orientation", 6)
    save(turned, "j12-turned.jpg", Q=90, subsample_mode="on")
    save(photo, "p12.png")
    save(photo, "w12.webp", Q=85)
    save(photo, "t12.tif", compression="lzw", predictor="horizontal", keep="none")
    small = photo.resize(2309 / 4000)
    alpha = (pyvips.Image.xyz(small.width, small.height)[0] * 255 / small.width).cast("uchar")
    save(small.bandjoin(alpha), "p4-alpha.png")
    save(photo.resize(11547 / 4000), "j100.jpg", Q=90, subsample_mode="on")
    pillow_heif.register_heif_opener()
    photo = Image.open(folder / "j12.jpg")
    heic_of_tiles(photo, folder / "h12.heic")
    photo.save(folder / "h12-single.heic", quality=80)
    return {path.stem: path for path in folder.iterdir()}


def heic_of_tiles(photo, path):
    """As phones write it: a grid of tiles of 512 x 512 pixels, of which the last are cut."""
    import numpy as np

    sys.path.append(str(ROOT / "crates/thumbnail/tests/heic"))
    from container import Coded, File, grid, ispe

    side = 512
    across, down = -(-photo.width // side), -(-photo.height // side)
    padding = (0, down * side - photo.height), (0, across * side - photo.width), (0, 0)
    pixels = np.pad(np.asarray(photo), padding, mode="edge")
    file = File()
    tile = lambda row, column: np.ascontiguousarray(pixels[row * side :][:side, column * side :][:, :side])
    tiles = [file.coded(Coded(tile(row, column), quality=80)) for row in range(down) for column in range(across)]
    image = file.item(b"grid", grid(down, across, *photo.size), ispe(*photo.size))
    file.refer(b"dimg", image, *tiles)
    file.write(path, image)


def run(peer, source, output, size, iterations, *options):
    here = ROOT / "benchmarks/peers"
    if peer == "ours":
        command = [TARGET / "release/examples/thumbnail", source, output, size, "--iterations", iterations, *options]
    elif peer == "sharp":
        # A module looks for its packages beside itself.
        (WORK / "sharp.mjs").write_text((here / "sharp.mjs").read_text())
        command = ["node", WORK / "sharp.mjs", source, output, size, iterations]
    else:
        command = [sys.executable, here / "python.py", peer, source, output, size, iterations]
    return json.loads(sh(*command).splitlines()[-1])


def quality(source, size, made, references={}):
    """SSIM of luma and PSNR of RGB against a full decode and Lanczos3 by Pillow, over white."""
    import numpy as np
    from PIL import Image, ImageOps
    from pillow_heif import register_heif_opener

    register_heif_opener()
    Image.MAX_IMAGE_PIXELS = None
    small = Image.open(made).convert("RGBA")
    if (source, small.size) not in references:
        whole = ImageOps.exif_transpose(Image.open(source))
        whole = whole.convert("RGBA" if "A" in whole.mode else "RGB")
        references[source, small.size] = whole.resize(small.size, Image.LANCZOS).convert("RGBA")
    over_white = lambda p: (a := np.asarray(p, float))[..., :3] * a[..., 3:] / 255 + 255 - a[..., 3:]
    a, b = over_white(references[source, small.size]), over_white(small)
    weights = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    weights /= weights.sum()

    def blur(plane):
        for _ in range(2):
            plane = sum(weight * plane[at : len(plane) - 10 + at] for at, weight in enumerate(weights)).T
        return plane

    x, y = a @ [0.299, 0.587, 0.114], b @ [0.299, 0.587, 0.114]
    mx, my = blur(x), blur(y)
    vx, vy, cov = blur(x * x) - mx * mx, blur(y * y) - my * my, blur(x * y) - mx * my
    ssim = ((2 * mx * my + 6.5025) * (2 * cov + 58.5225) / ((mx**2 + my**2 + 6.5025) * (vx + vy + 58.5225))).mean()
    return ssim, 10 * np.log10(255**2 / max(((a - b) ** 2).mean(), 1e-9))


def measure(source, size):
    """For each peer: CPU time times sharp's (median of rounds in turn), memory over the input, quality.

    HEIC is compared with Pillow alone: sharp's and pyvips' binaries have no HEVC decoder.
    """
    peers = ["ours", "sharp", "pyvips", "pillow"] if source.suffix != ".heic" else ["ours", "pillow"]
    base = "sharp" if "sharp" in peers else "pillow"
    iterations = 9 if source.stat().st_size < 16e6 else 3
    times = {peer: [] for peer in peers}
    for _ in range(ROUNDS):
        for peer in peers:
            times[peer].append(run(peer, source, WORK / f"{peer}.jpg", size, iterations)["cpu_ms"])
    results = {}
    for peer in peers:
        ratios = sorted(own / other for own, other in zip(times[peer], times[base]))
        memory = run(peer, source, WORK / f"{peer}.jpg", size, 1)["peak_rss_kb"] / 1024 - source.stat().st_size / 2**20
        run(peer, source, WORK / f"{peer}.png", size, 1)
        results[peer] = (min(times[peer]), ratios[len(ratios) // 2], memory, *quality(source, size, WORK / f"{peer}.png"))
    return results


def placeholder(source):
    """What the placeholder costs: of a thumbnail of a thumbnail, where it is not lost in what decoding takes."""
    whole = min(run("ours", source, WORK / "small.jpg", 256, 9)["cpu_ms"] for _ in range(ROUNDS))
    times = lambda *options: [run("ours", WORK / "small.jpg", WORK / "same.jpg", 256, 999, *options)["cpu_ms"] for _ in range(ROUNDS)]
    cost = sorted(with_it - without for with_it, without in zip(times("--placeholder"), times()))[ROUNDS // 2]
    return f"Its placeholder takes {cost:.2f} ms of the {whole:.0f} of {source.stem} → 256: {100 * cost / whole:.1f} %."


def main():
    prepare()
    sh("cargo", "build", "--release", "-p", "thumbnail", "--example", "thumbnail", cwd=ROOT)
    files, wanted = images(), sys.argv[1:]
    head = "| image → size | ours: CPU, times sharp's (wanted) | MB over input | SSIM / dB | sharp | pyvips | Pillow |"
    lines = [head, "| --- | --- | --- | --- | --- | --- | --- |"]
    print("\n".join(lines))
    for name, size, most in ROWS:
        if wanted and name not in wanted:
            continue
        result = measure(files[name], size)
        ms, ratio, memory, ssim, db = result["ours"]
        cells = [f"{name} → {size}", f"{ratio:.2f}" + (f" ({most:.2f})" if most else "") + f", {ms:.0f} ms", f"{memory:.0f}"]
        cells.append(f"{ssim:.4f} / {db:.1f}")
        for peer in ["sharp", "pyvips", "pillow"]:
            if peer not in result:
                cells.append("–")
                continue
            ms, ratio, memory, ssim, db = result[peer]
            cells.append(f"{ms:.0f} ms, {memory:.0f} MB, {ssim:.4f} / {db:.1f}")
        lines.append("| " + " | ".join(cells) + " |")
        print(lines[-1], flush=True)
    if not wanted or "placeholder" in wanted:
        lines += ["", placeholder(files["j12"])]
        print(lines[-1])
    if not wanted:
        write(lines)


def write(lines):
    import PIL
    import pyvips

    sharp = json.loads((WORK / "node_modules/sharp/package.json").read_text())["version"]
    vips = f"{pyvips.version(0)}.{pyvips.version(1)}.{pyvips.version(2)}"
    cpu = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    machine = f"{cpu.group(1) if cpu else platform.machine()}, {os.cpu_count()} cores, {platform.system()}"
    note = f"{date.today()}, {machine}; sharp {sharp}, pyvips {pyvips.__version__} with libvips {vips}, Pillow {PIL.__version__}; "
    note += f"{sh('rustc', '--version').strip()}. Command: `python3 benchmarks/run.py`."
    readme = ROOT / "benchmarks/README.md"
    before, after = readme.read_text().split("<!-- table -->")[0], readme.read_text().split("<!-- end of table -->")[1]
    readme.write_text(before + "<!-- table -->\n" + note + "\n\n" + "\n".join(lines) + "\n<!-- end of table -->" + after)


if __name__ == "__main__":
    main()
