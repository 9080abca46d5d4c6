"""Makes the bitmaps and GIFs that Pillow does not write, and their lines of expected.txt: `python make.py`.

With Pillow 13.0.0. Colors are Pillow's where it reads the file as other programs do, and known from how the file was
made elsewhere.
"""

import struct
import zlib
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
WIDTH, HEIGHT = 45, 32
COLORS = [(250, 20, 20), (20, 160, 40), (20, 30, 240), (240, 240, 240), (10, 10, 10), (250, 220, 60)]

# Three patches across and two down, in the order of COLORS.
indexes = [[x * 3 // WIDTH + 3 * (y * 2 // HEIGHT) for x in range(WIDTH)] for y in range(HEIGHT)]
image = Image.new("P", (WIDTH, HEIGHT))
image.putdata([index for row in indexes for index in row])
image.putpalette([channel for color in COLORS for channel in color])
lines = []


def expect(name, source, tolerance=1):
    """`source` is an image, or None if Pillow reads the file."""
    rgb = (source or Image.open(HERE / name)).convert("RGB")
    width, height = rgb.size
    places = [(16, 10), (width - 14, height - 9), (width // 2, height // 2)]
    colors = " ".join(",".join(map(str, rgb.getpixel(place))) for place in places)
    lines.append(f"{name} {width} {height} {tolerance} {colors}")


# --- bitmaps ------------------------------------------------------------------------------------------------------

PALETTE = b"".join(bytes([b, g, r, 0]) for r, g, b in COLORS) + bytes(4 * (16 - len(COLORS)))


def bitmap(name, info, data, palette=PALETTE, masks=b""):
    start = 14 + len(info) + len(masks) + len(palette)
    file = b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start)
    (HERE / name).write_bytes(file + info + masks + palette + data)


def info(bits, compression=0, length=40, height=HEIGHT, size=0, used=16):
    fields = struct.pack("<IiiHHIIiiII", length, WIDTH, height, 1, bits, compression, size, 2835, 2835, used, 0)
    return (fields + bytes(max(length - 40, 0)))[:length]


def rows(bits, order=-1):
    """Rows of indexes, padded to 32 bits, from the bottom."""
    data = b""
    for row in indexes[::order]:
        packed = "".join(f"{index:0{bits}b}" for index in row)
        packed += "0" * (-len(packed) % 32)
        data += int(packed, 2).to_bytes(len(packed) // 8, "big")
    return data


def runs(row):
    start = 0
    for x in range(1, len(row) + 1):
        if x == len(row) or row[x] != row[start]:
            yield x - start, row[start]
            start = x


def rle(bits):
    data = b""
    for nth, row in enumerate(indexes[::-1]):
        if nth % 2:
            # Literal pixels, an odd number, padded to 16 bits.
            packed = bytes(row) if bits == 8 else bytes(a << 4 | b for a, b in zip(row[::2], [*row[1::2], 0]))
            data += bytes([0, len(row)]) + packed + bytes(len(packed) % 2)
        else:
            data += b"".join(bytes([count, value if bits == 8 else value * 17]) for count, value in runs(row))
        data += b"\0\0"
    return data[:-2] + b"\0\1"


bitmap("os2-16-byte-header.bmp", info(4, length=16), rows(4))
bitmap("os2-64-byte-palette.bmp", info(4, length=64), rows(4))
core = struct.pack("<IHHHH", 12, WIDTH, HEIGHT, 1, 4)
bitmap("core.bmp", core, rows(4), b"".join(PALETTE[at : at + 3] for at in range(0, len(PALETTE), 4)))
bitmap("top-down.bmp", info(4, height=-HEIGHT), rows(4, 1))
bitmap("rle4-odd-width.bmp", info(4, 2, size=len(rle(4))), rle(4))
bitmap("rle8.bmp", info(8, 1, size=len(rle(8))), rle(8))
for name in ["os2-16-byte-header", "os2-64-byte-palette", "core", "top-down", "rle4-odd-width", "rle8"]:
    expect(f"{name}.bmp", image)

# The lower half is skipped by moves of at most 255 pixels, and the upper half is drawn; skipped pixels have the first color.
half = b"\0\2\0" + bytes([HEIGHT // 2])
half += b"".join(
    b"".join(bytes([count, value]) for count, value in runs(row)) + b"\0\0" for row in indexes[HEIGHT // 2 - 1 :: -1]
)
bitmap("rle8-skipped.bmp", info(8, 1, size=len(half) + 2), half + b"\0\1")
skipped = image.copy()
skipped.paste(0, (0, HEIGHT // 2, WIDTH, HEIGHT))
expect("rle8-skipped.bmp", skipped)
expect("rle8-skipped.bmp", None)
assert lines.pop() == lines[-1], "Pillow agrees"

rgb = image.convert("RGB")
for name, masks in [("555", (0x7C00, 0x03E0, 0x001F)), ("565", (0xF800, 0x07E0, 0x001F)), ("444", (0x0F00, 0x00F0, 0x000F))]:
    data = b""
    for y in reversed(range(HEIGHT)):
        for x in range(WIDTH):
            pixel = 0
            for value, mask in zip(rgb.getpixel((x, y)), masks):
                shift = (mask & -mask).bit_length() - 1
                pixel |= round(value / 255 * (mask >> shift)) << shift
            data += struct.pack("<H", pixel)
        data += bytes(-2 * WIDTH % 4)
    bitmap(f"masks-{name}.bmp", info(16, 3, used=0), data, b"", struct.pack("<III", *masks))
    expect(f"masks-{name}.bmp", rgb, 9)

# --- GIF ----------------------------------------------------------------------------------------------------------

CODE_SIZE = 3


def lzw(values):
    """Codes of 4 bits, with a clear code before the table outgrows them."""
    bits = ""
    for nth, value in enumerate(values):
        if nth % 6 == 0:
            bits = f"{1 << CODE_SIZE:04b}" + bits
        bits = f"{value:04b}" + bits
    bits = f"{(1 << CODE_SIZE) + 1:04b}" + bits
    bits = "0" * (-len(bits) % 8) + bits
    return int(bits, 2).to_bytes(len(bits) // 8, "little")


def gif(name, screen=(WIDTH, HEIGHT), has_colors=True, frame=(0, 0, WIDTH, HEIGHT), interlaced=False, end=b"\0;", cut=0):
    file = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80 | 2 if has_colors else 0, 0, 0)
    if has_colors:
        file += bytes(channel for color in COLORS for channel in color) + bytes(6)
    file += b"," + struct.pack("<HHHHB", *frame, 0x40 if interlaced else 0) + bytes([CODE_SIZE])
    order = [*range(0, HEIGHT, 8), *range(4, HEIGHT, 8), *range(2, HEIGHT, 4), *range(1, HEIGHT, 2)] if interlaced else range(HEIGHT)
    data = lzw([index for y in order for index in (indexes[y] if has_colors else [index % 2 for index in indexes[y]])])
    data = data[: len(data) - cut]
    for at in range(0, len(data), 255):
        file += bytes([len(data[at : at + 255])]) + data[at : at + 255]
    (HERE / name).write_bytes(file + end)


gif("gif-interlaced.gif", interlaced=True)
gif("gif-no-screen.gif", screen=(0, 0))
# Without the empty sub-block that ends the pixels, and without the file's trailer.
gif("gif-no-terminator.gif", end=b"")
for name in ["gif-interlaced", "gif-no-screen", "gif-no-terminator"]:
    expect(f"{name}.gif", image)
gif("gif-no-colors.gif", has_colors=False)
expect("gif-no-colors.gif", image.point([255 * (index % 2) for index in range(256)], "L"))
# Beyond the screen to the right and below, where the canvas grows.
gif("gif-frame-beyond-screen.gif", screen=(20, 20))
expect("gif-frame-beyond-screen.gif", image)

# --- PNG ----------------------------------------------------------------------------------------------------------

frames = image.convert("RGB")
frames.save(HERE / "apng.png", save_all=True, append_images=[Image.new("RGB", frames.size)], duration=100)
png = (HERE / "apng.png").read_bytes()
# The sequence numbers of all frames but the first become 77.
at = 8
changed = png[:8]
while at < len(png):
    size = int.from_bytes(png[at : at + 4], "big")
    kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
    if kind in (b"fcTL", b"fdAT") and data[:4] != bytes(4):
        data = struct.pack(">I", 77) + data[4:]
    changed += struct.pack(">I", size) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    at += 12 + size
(HERE / "apng-bad-sequence.png").write_bytes(changed)
(HERE / "apng.png").unlink()
expect("apng-bad-sequence.png", frames)

# --- WebP: VP8X that announces what is not there -------------------------------------------------------------------

frames.save(HERE / "webp.webp", lossless=True)
vp8l = (HERE / "webp.webp").read_bytes()[12:]
(HERE / "webp.webp").unlink()
ANIMATION, XMP, EXIF, ALPHA, ICC = 2, 4, 8, 16, 32
for name, flags in [("animation", ANIMATION), ("exif", EXIF), ("icc", ICC), ("everything", ANIMATION | XMP | EXIF | ALPHA | ICC)]:
    size = (WIDTH - 1).to_bytes(3, "little") + (HEIGHT - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<II", 10, flags) + size + vp8l
    (HERE / f"webp-no-{name}.webp").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    expect(f"webp-no-{name}.webp", frames)

given = (HERE / "expected.txt").read_text().splitlines()
made = {line.split()[0] for line in lines}
kept = [line for line in given if line.split()[0] not in made]
(HERE / "expected.txt").write_text("\n".join(kept + lines) + "\n")
