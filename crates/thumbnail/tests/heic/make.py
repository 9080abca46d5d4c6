"""Makes the files beside it: `python make.py`, with pillow-heif 1.x (libheif 1.23.6, x265) and Pillow 13.

All show red that grows to the right, green downwards and blue along the diagonal, as tests/images/heic.rs draws it.
pillow-heif codes pictures; container.py puts the containers together.
"""

from pathlib import Path

import numpy as np
import pillow_heif
from container import Coded, File, cropped, full, grid, ispe, mirrored, nclx, turned
from PIL import Image

HERE = Path(__file__).parent
pillow_heif.register_heif_opener()


def scene(width, height):
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 255 // (width - 1), y * 255 // (height - 1), (x + y) * 255 // (width + height - 2)], -1).astype("uint8")


W, H = 97, 61
pixels = scene(W, H)
for chroma in 420, 422, 444:
    Image.fromarray(pixels).save(HERE / f"{chroma}.heic", quality=95, chroma=chroma)
Image.fromarray(pixels[..., 2]).save(HERE / "gray.heic", quality=95)
alpha = (255 - pixels[..., :1] // 2).astype("uint8")
Image.fromarray(np.concatenate([pixels, alpha], -1)).save(HERE / "alpha.heic", quality=95)
premultiplied = np.concatenate([(pixels.astype(int) * alpha // 255).astype("uint8"), alpha], -1)
pillow_heif.from_bytes(mode="RGBa", size=(W, H), data=premultiplied.tobytes()).save(HERE / "alpha-premultiplied.heic", quality=95)
deep = (pixels.astype("uint16") * 257).astype("<u2")
pillow_heif.options.SAVE_HDR_TO_12_BIT = False
pillow_heif.from_bytes(mode="RGB;16", size=(W, H), data=deep.tobytes()).save(HERE / "10bit.heic", quality=95)
pillow_heif.options.SAVE_HDR_TO_12_BIT = True
pillow_heif.from_bytes(mode="RGB;16", size=(W, H), data=deep.tobytes()).save(HERE / "12bit.heic", quality=95)
exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
# A multiple of 16, so that the coded picture is not cropped.
W, H = 96, 64
pixels = scene(W, H)
picture = Coded(pixels)

# EXIF says 6, but nothing is rotated, because no property says so.
file = File()
image = file.coded(picture)
file.refer(b"cdsc", file.item(b"Exif", bytes(4) + exif[6:]), image)
file.write(HERE / "exif-6.heic", image)

for name, properties in {
    "turned-1": [turned(1)],
    "turned-2": [turned(2)],
    "turned-3": [turned(3)],
    "mirrored-0": [mirrored(0)],
    "mirrored-1": [mirrored(1)],
    "turned-1-mirrored-0": [turned(1), mirrored(0)],
    "turned-3-mirrored-1": [turned(3), mirrored(1)],
    "mirrored-1-turned-1": [mirrored(1), turned(1)],
    "cropped": [cropped(40, 30, -6, 8)],
    "cropped-turned-1": [cropped(41, 31, -7, 9), turned(1)],
}.items():
    file = File()
    file.write(HERE / f"{name}.heic", file.coded(picture, *properties))

# A grid of 3 x 2 tiles of 64 x 64, the last of which are cropped.
W, H = 150, 100
pixels = scene(W, H)
padded = np.pad(pixels, ((0, 28), (0, 42), (0, 0)), mode="edge")
tiles = [Coded(np.ascontiguousarray(padded[top : top + 64, left : left + 64])) for top in (0, 64) for left in (0, 64, 128)]


def grid_file(name, description, *properties, repeat=0, preview=None, kind=b"grid", **options):
    file = File()
    parts = [file.coded(tile) for tile in tiles]
    if repeat:
        parts = [parts[0]] * repeat
    image = file.item(kind, description, ispe(W, H), *properties)
    file.refer(b"dimg", image, *parts)
    if preview:
        file.refer(b"thmb", file.coded(preview), image)
    file.write(HERE / f"{name}.heic", image, **options)


grid_file("grid", grid(2, 3, W, H))
grid_file("grid-turned-1", grid(2, 3, W, H), turned(1))
grid_file("grid-cropped", grid(2, 3, W, H), cropped(70, 60, 6, -4))

# Colors by nclx, as in a photograph: light in the primaries and with the transfer that the property names.
light = np.where(pixels / 255 <= 0.04045, pixels / 255 / 12.92, ((pixels / 255 + 0.055) / 1.055) ** 2.4)
to_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
to_p3 = np.array([[0.8225, 0.1774, 0], [0.0332, 0.9669, 0], [0.0171, 0.0724, 0.9108]])
encode = lambda v: np.where(v <= 0.0031308, 12.92 * v, 1.055 * np.maximum(v, 1e-9) ** (1 / 2.4) - 0.055)


def pq(light):
    y = np.maximum(light * 203 / 10000, 0) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375


def hlg(light):
    display = light * 203 / 1000
    luminance = (display @ [0.2627, 0.6780, 0.0593])[..., None]
    scene = display * np.maximum(luminance, 1e-9) ** (1 / 1.2 - 1)
    return np.where(scene <= 1 / 12, np.sqrt(3 * np.maximum(scene, 0)), 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073)


def coded_as(signal):
    """10 bits, 4:4:4; x265 converts by BT.601 with full range, which the property has to declare."""
    deep = np.clip(np.rint(signal * 65535), 0, 65535).astype("<u2")
    pillow_heif.options.SAVE_HDR_TO_12_BIT = False
    return Coded(deep, mode="RGB;16", chroma=444)


for name, signal, color in (
    ("nclx-p3", encode(light @ to_p3.T), nclx(12, 13, 6, 1)),
    # Half the light, so that tone mapping changes nothing.
    ("nclx-pq", pq(light @ to_2020.T / 2), nclx(9, 16, 6, 1)),
    ("nclx-hlg", hlg(light @ to_2020.T / 2), nclx(9, 18, 6, 1)),
):
    file = File()
    file.write(HERE / f"{name}.heic", file.coded(coded_as(signal), color))

# Files that exceed a limit, or use what is not supported.
grid_file("hostile-repeated-tiles", grid(2, 4, 256, 128), repeat=8)
grid_file("hostile-huge-grid", grid(2, 3, 60000, 60000))
grid_file("hostile-small-grid", grid(2, 3, 1, 1))
grid_file("hostile-shared-bytes", grid(2, 3, W, H), shared=True)
grid_file("hostile-overlay", bytes(12) + bytes(48), kind=b"iovl")
grid_file("preview-of-overlay", bytes(12) + bytes(48), kind=b"iovl", preview=picture)
# The largest coded image of 4:4:4 that fits into memory, and the largest that is its own alpha, too.
W = H = 8640
flat = Coded(np.full((H, W, 3), (200, 120, 40), "uint8"), chroma=444)
file = File()
file.write(HERE / "largest.heic", file.coded(flat))
W = H = 8336
flat = Coded(np.full((H, W, 3), (200, 120, 40), "uint8"), chroma=444)
file = File()
image = file.coded(flat)
file.refer(b"auxl", file.coded(flat, full(b"auxC", 0, 0, b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")), image)
file.write(HERE / "largest-alpha.heic", image, shared=True)
large = File()
huge = Coded(scene(64, 64))
huge.size = 16, 16
large.write(HERE / "hostile-larger-than-declared.heic", large.coded(huge))
av1 = File()
av1.write(HERE / "hostile-av01.heic", av1.item(b"av01", b"\0" * 16, ispe(64, 64)), brand=b"mif1")
