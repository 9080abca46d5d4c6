"""Makes golden.png, the files of `valid` as libvips shows them: `python make.py`, with pyvips[binary] 3.2.0 (libvips 8.18.7)."""

from pathlib import Path

import pyvips

HERE = Path(__file__).parent
ACROSS, TILE = 16, 40

tiles = []
for path in sorted((HERE / "valid").glob("*.png")):
    picture = pyvips.Image.new_from_file(str(path)).colourspace("srgb").cast("uchar")
    picture = picture if picture.hasalpha() else picture.bandjoin(255)
    tiles.append(picture.embed(0, 0, TILE, TILE, background=[0, 0, 0, 0]))
pyvips.Image.arrayjoin(tiles, across=ACROSS).write_to_file(str(HERE / "golden.png"), compression=9, keep="none")
