"""Makes golden.png, as README.md says: `python make.py`, with Pillow 13.0.0."""

import io
from pathlib import Path

from PIL import Image, ImageCms, ImageOps

HERE = Path(__file__).parent
ACROSS, TILE = 16, 32


def reference(path, size):
    picture = ImageOps.exif_transpose(Image.open(path))
    if profile := picture.info.get("icc_profile"):
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        picture = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    has_alpha = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    picture = picture.convert("RGBA" if has_alpha else "RGB")
    picture.thumbnail((size, size), Image.LANCZOS, reducing_gap=None)
    return picture.convert("RGBA")


lines = [line.split() for line in (HERE / "images.txt").read_text().splitlines()]
sheet = Image.new("RGBA", (ACROSS * TILE, -(-len(lines) // ACROSS) * TILE))
for index, (name, size, _) in enumerate(lines):
    picture = reference(HERE.parent / "fixtures" / name, int(size))
    width, height = picture.size
    tile = picture.crop((max(width - TILE, 0), max(height - TILE, 0), width, height))
    sheet.paste(tile, (index % ACROSS * TILE, index // ACROSS * TILE))
sheet.save(HERE / "golden.png", optimize=True)
