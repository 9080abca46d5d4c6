"""Image files, made as needed."""

import struct
import zlib


def png(width, height, color):
    """A PNG of one colour with a darker frame, which compresses well and is easily distinguished."""
    frame = bytes(channel // 2 for channel in color)
    rows = []
    for y in range(height):
        edge = y < height // 8 or y >= height - height // 8
        middle = (frame if edge else bytes(color)) * (width - 2 * (width // 8))
        side = frame * (width // 8)
        rows.append(b"\0" + side + middle + side)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 6)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bmp(width, height):
    """A BMP of width * height * 3 bytes: a gradient. The width must be a multiple of four."""
    row = bytes(value for x in range(width) for value in (x * 255 // width, 120, 255 - x * 255 // width))
    size = 54 + len(row) * height
    header = struct.pack("<2sIHHI", b"BM", size, 0, 0, 54)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, size - 54, 2835, 2835, 0, 0)
    return header + info + row * height


def file(name, data, kind="image/png"):
    """A file for `set_input_files`."""
    return {"name": name, "mimeType": kind, "buffer": data}
