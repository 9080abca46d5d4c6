#!/usr/bin/env python3
"""Quality against sharp's on many photographs: `python3 benchmarks/quality.py [SIZE…]`.

Every JPEG of Debian's mate-backgrounds and lomiri-wallpapers (and of FOLDER, where the environment names one), at 128,
200, 256, 490, 600, 800 and 1024 px, as far as it is larger. Prints the pairs in which ours has an SSIM of luma more than
.0002 or a PSNR of RGB more than 0.3 dB below sharp's, then how many there were and the narrowest. It fetches what it
needs as run.py does.
"""

import os
import sys
from pathlib import Path

from run import ROOT, WORK, prepare, quality, run, sh

PACKAGES = ["mate-backgrounds", "lomiri-wallpapers-16.04", "lomiri-wallpapers-20.04"]
SIZES = [128, 200, 256, 490, 600, 800, 1024]


def photographs():
    for package in PACKAGES:
        folder = WORK / package
        if not folder.exists():
            sh("apt-get", "download", package, cwd=WORK)
            sh("dpkg-deb", "-x", next(WORK.glob(f"{package}_*.deb")), folder)
        yield from sorted(folder.rglob("*.jpg"))
    if "FOLDER" in os.environ:
        yield from sorted(Path(os.environ["FOLDER"]).glob("*.jp*g"))


def main():
    prepare()
    from PIL import Image

    sh("cargo", "build", "--release", "-p", "thumbnail", "--example", "thumbnail", cwd=ROOT)
    margins, below = [], 0
    for path in photographs():
        for size in [int(size) for size in sys.argv[1:]] or SIZES:
            if max(Image.open(path).size) <= size:
                continue
            values = {}
            for peer in ["ours", "sharp"]:
                made = WORK / f"quality-{peer}.png"
                run(peer, path, made, size, 1)
                values[peer] = quality(path, size, made, {})
            (ssim, db), (their_ssim, their_db) = values["ours"], values["sharp"]
            line = f"{path.stem} → {size}: {ssim:.4f} / {db:.1f}, sharp {their_ssim:.4f} / {their_db:.1f}"
            margins.append((db - their_db, ssim - their_ssim, line))
            if ssim < their_ssim - 0.0002 or db < their_db - 0.3:
                below += 1
                print("below:", line, flush=True)
    print(f"{below} of {len(margins)} below sharp's quality; the narrowest in dB and in SSIM:")
    print(min(margins)[2])
    print(min(margins, key=lambda margin: margin[1])[2])


if __name__ == "__main__":
    main()
