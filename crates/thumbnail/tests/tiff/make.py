"""Makes the files beside it: `python make.py`, with tifffile 2026.x, imagecodecs, Pillow 13, libtiff's tools and ImageMagick.

Each file's name begins with what it shows, which tests/images/tiff.rs draws too and compares:

    rgb        red grows to the right, green downwards, blue along the diagonal
    rgba       the same, more and more transparent to the right
    gray       the blue of rgb
    graya      the same, more and more transparent to the right
    cmyk       inks that take away what rgb lacks, no black
    cmyka      the same, more and more transparent to the right
    palette    stripes of a few colors
    bw         rings of black and white

A number of bits in the name (`2bit`) is how finely the levels are told apart; without one it is 8 or more.
"""

import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, ImageCms

HERE = Path(__file__).parent
W, H = 37, 29
y, x = np.mgrid[0:H, 0:W]
rgb = np.stack([x * 255 // (W - 1), y * 255 // (H - 1), (x + y) * 255 // (W + H - 2)], -1).astype("uint8")
gray = rgb[..., 2]
alpha = (255 - rgb[..., 0] // 2).astype("uint8")
rgba = np.concatenate([rgb, alpha[..., None]], -1)
graya = np.stack([gray, alpha], -1)
cmyk = np.concatenate([255 - rgb, np.zeros((H, W, 1), "uint8")], -1)
cmyka = np.concatenate([cmyk, alpha[..., None]], -1)
bw = ((x * x + 3 * y * y) // 40 % 2).astype("uint8")


def palette(colors):
    index = ((3 * x + 5 * y) // 7 % colors).astype("uint8")
    return index, [(k * 37 % 256, k * 91 % 256, k * 151 % 256) for k in range(colors)]


def write(name, data, **options):
    tifffile.imwrite(HERE / f"{name}.tif", data, software=False, metadata=None, **options)


def raw(name, tags, chunks, order="<", offset_tags=(273, 279), prefix=b""):
    """A TIFF with given tags (number: type, values) and strips or tiles, for variants that no library writes."""
    tags, out, at = dict(tags), bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4) + prefix), []
    for chunk in chunks:
        at.append(len(out))
        out += chunk
    tags[offset_tags[0]] = 4, at
    tags[offset_tags[1]] = 4, [len(chunk) for chunk in chunks]
    entries = b""
    for tag, (kind, values) in sorted(tags.items()):
        body = struct.pack(f"{order}{len(values)}" + {1: "B", 3: "H", 4: "I", 7: "B"}[kind], *values)
        value = body.ljust(4, b"\0")
        if len(body) > 4:
            value = struct.pack(order + "I", len(out))
            out += body
        entries += struct.pack(order + "HHI", tag, kind, len(values)) + value
    struct.pack_into(order + "I", out, 4, len(out))
    (HERE / f"{name}.tif").write_bytes(bytes(out) + struct.pack(order + "H", len(tags)) + entries + bytes(4))


def run(*arguments):
    subprocess.run([str(argument) for argument in arguments], check=True)


def levels(values, bits):
    return (values.astype("uint64") * ((1 << bits) - 1) // 255).astype("uint8" if bits <= 8 else "uint16")


def reverse(data):
    return bytes(int(f"{byte:08b}"[::-1], 2) for byte in data)


def tags(photometric, bits, compression, rows=H, **more):
    common = {256: (3, [W]), 257: (3, [H]), 258: (3, bits), 259: (3, [compression]), 262: (3, [photometric])}
    return {**common, 277: (3, [len(bits)]), 278: (3, [rows]), **{int(tag[1:]): value for tag, value in more.items()}}


# Strips, tiles and planes, in both byte orders, with every compression, with and without its predictor.
for order, word in ("<", "little"), (">", "big"):
    for compression in None, "lzw", "deflate", "packbits":
        name = f"{compression or 'plain'}-{word}"
        options = {"byteorder": order, "compression": compression}
        write(f"rgb-strips-{name}", rgb, photometric="rgb", rowsperstrip=7, **options)
        write(f"rgb-tiles-planes-{name}", np.moveaxis(rgb, -1, 0).copy(), photometric="rgb", planarconfig="separate", tile=(16, 32), **options)
    for compression in "lzw", "deflate":
        options = {"byteorder": order, "compression": compression, "rowsperstrip": 7}
        write(f"rgb-16-predictor-{compression}-{word}", rgb.astype("uint16") * 257, photometric="rgb", predictor=2, **options)
    write(f"rgb-32-predictor-{word}", rgb.astype("uint32") * 0x01010101, photometric="rgb", compression="deflate", predictor=2, byteorder=order)
    write(f"gray-float-predictor-{word}", gray.astype("float32"), photometric="minisblack", compression="deflate", predictor=3, byteorder=order)
    write(f"gray-64-{word}", gray.astype("uint64") * 0x0101010101010101, photometric="minisblack", byteorder=order)
write("rgb-predictor-tiles-lzw", rgb, photometric="rgb", compression="lzw", predictor=2, tile=(16, 16))
write("rgb-bigtiff", rgb, photometric="rgb", bigtiff=True, compression="lzw")

# Depths.
for bits in 1, 2, 4, 6, 10, 12, 14:
    write(f"gray-{bits}bit", levels(gray, bits), photometric="minisblack", bitspersample=bits)
    write(f"rgb-{bits}bit", levels(rgb, bits), photometric="rgb", bitspersample=bits)
write("gray-4bit-inverted", 15 - levels(gray, 4), photometric="miniswhite", bitspersample=4)
write("gray-24", (gray.astype("uint32") * 0x010101), photometric="minisblack", bitspersample=24)
write("gray-32-of-255", gray.astype("uint32"), photometric="minisblack")
write("gray-half", (gray / 255).astype("float16"), photometric="minisblack")
write("gray-double", (gray / 255).astype("float64"), photometric="minisblack")
write("gray-signed-16", gray.astype("int16"), photometric="minisblack")
light = np.where(rgb / 255 <= 0.04045, rgb / 255 / 12.92, ((rgb / 255 + 0.055) / 1.055) ** 2.4)
write("rgb-float-light", light.astype("float32"), photometric="rgb")

# Alpha.
for kind, factor in ("unspecified", 255), ("unassalpha", 255), ("assocalpha", alpha.astype(int)):
    times = lambda color: np.rint(color.astype(int) * np.broadcast_to(np.asarray(factor)[..., None] if np.ndim(factor) else factor, color.shape) / 255).astype("uint8")
    merged = lambda color: np.concatenate([times(color), alpha[..., None]], -1)
    write(f"rgba-{kind}", merged(rgb), photometric="rgb", extrasamples=[kind], compression="lzw")
    write(f"graya-{kind}", merged(gray[..., None]), photometric="minisblack", extrasamples=[kind], planarconfig="contig", compression="lzw")
    write(f"cmyka-{kind}", merged(cmyk), photometric="separated", extrasamples=[kind], compression="lzw")
write("rgb-fourth-sample-zero", np.concatenate([rgb, rgb[..., :1] * 0], -1), photometric="rgb", extrasamples=["unspecified"], compression="lzw")
write("rgb-five-samples", np.concatenate([rgba, rgb[..., :1]], -1), photometric="rgb", extrasamples=["unspecified", "unspecified"], compression="lzw")
write("cmyk-16", cmyk.astype("uint16") * 257, photometric="separated", compression="lzw")

# Palettes with maps of 16 and of 8 bits, and both fill orders.
for bits in 1, 2, 4, 8:
    index, colors = palette(1 << bits)
    packed = np.packbits(np.unpackbits(index[..., None], axis=-1)[..., 8 - bits :].reshape(H, -1), axis=1).tobytes()
    for name, order, factor in ("", 1, 257), ("-reversed-bits", 2, 257), ("-map-of-8-bits", 1, 1):
        color_map = [color[channel] * factor for channel in range(3) for color in colors]
        data = reverse(packed) if order == 2 else packed
        raw(f"palette-{bits}bit{name}", tags(3, [bits], 1, t266=(3, [order]), t320=(3, color_map)), [data])
index, colors = palette(256)
color_map = [color[channel] * 257 for channel in range(3) for color in colors]
color_map = [value for channel in range(3) for value in color_map[channel * 256 : channel * 256 + 256] + [0] * (65536 - 256)]
raw("palette-8bit-in-16", tags(3, [16], 8, t320=(3, color_map)), [zlib.compress(index.astype("<u2").tobytes())])

# YCbCr without JPEG: data units of every subsampling.
ycc = np.array(Image.fromarray(rgb).convert("YCbCr"))
for across, down in (1, 1), (2, 1), (2, 2), (4, 2), (1, 2):
    strips = []
    for top in range(0, H, 8):
        strip = ycc[top : top + 8]
        strip = np.pad(strip, ((0, -len(strip) % down), (0, -W % across), (0, 0)), mode="edge")
        rows, columns = strip.shape[0] // down, strip.shape[1] // across
        blocks = strip.reshape(rows, down, columns, across, 3)
        luma = blocks[..., 0].transpose(0, 2, 1, 3).reshape(rows, columns, -1)
        chroma = np.rint(blocks[..., 1:].astype(int).mean(axis=(1, 3))).astype("uint8")
        strips.append(imagecodecs.lzw_encode(np.concatenate([luma, chroma], -1).tobytes()))
    raw(f"rgb-ycbcr-{across}x{down}", tags(6, [8] * 3, 5, rows=8, t530=(3, [across, down])), strips)

# Lab.
lab = ImageCms.profileToProfile(Image.fromarray(rgb), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB")
bytes_of_lab = np.array(lab)
raw("rgb-lab", tags(8, [8] * 3, 1), [bytes_of_lab.tobytes()])
raw("rgb-icclab", tags(9, [8] * 3, 1), [(bytes_of_lab ^ np.uint8([0, 128, 128])).tobytes()])
real_lab = bytes_of_lab.astype(float) - np.where(bytes_of_lab > 127, [0, 256, 256], 0)
real_lab[..., 0] *= 100 / 255
raw("rgb-lab-float", tags(8, [32] * 3, 1, t339=(3, [3] * 3)), [real_lab.astype("<f4").tobytes()])

# Black and white: every fax code, written by libtiff's tiffcp.
with tempfile.TemporaryDirectory() as folder:
    source = Path(folder) / "bw.tif"
    Image.fromarray(bw * 255).convert("1").save(source)
    for code, name in ("g3", "g3"), ("g3:1d:fill", "g3-fill"), ("g3:2d", "g3-2d"), ("g3:2d:fill", "g3-2d-fill"), ("g4", "g4"):
        for order, word in ("msb2lsb", ""), ("lsb2msb", "-reversed-bits"):
            run("tiffcp", "-c", code, "-r", "5", "-f", order, source, HERE / f"bw-{name}{word}.tif")
    run("tiffcp", "-c", "g4", "-r", "1000", source, HERE / "bw-g4-one-strip.tif")
    Image.fromarray(bw * 255).convert("1").save(HERE / "bw-huffman.tif", compression="tiff_ccitt")
    for compression, name in ("packbits", "packbits"), ("none", "plain"), ("zip", "deflate"), ("lzw", "lzw"):
        run("tiffcp", "-c", compression, "-f", "lsb2msb", source, HERE / f"bw-{name}-reversed-bits.tif")

    # JPEG in TIFF: separate tables, subsampling, planes, tiles, no color conversion.
    source = Path(folder) / "rgb.tif"
    Image.fromarray(rgb).save(source)
    run("tiffcp", "-c", "jpeg:95", "-r", "16", source, HERE / "rgb-jpeg-ycbcr-strips.tif")
    run("tiffcp", "-c", "jpeg:95", "-t", "-w", "16", "-l", "16", source, HERE / "rgb-jpeg-ycbcr-tiles.tif")
    run("tiffcp", "-c", "jpeg:r:95", "-r", "16", source, HERE / "rgb-jpeg-as-rgb.tif")
    run("tiffcp", "-c", "jpeg:r:95", "-r", "16", "-p", "separate", source, HERE / "rgb-jpeg-planes.tif")
for across, down in (1, 1), (2, 1), (4, 1):
    write(f"rgb-jpeg-{across}x{down}", rgb, photometric="rgb", compression="jpeg", compressionargs={"level": 95}, subsampling=(across, down), rowsperstrip=16)
write("gray-jpeg", gray, photometric="minisblack", compression="jpeg", compressionargs={"level": 95})
Image.fromarray(cmyk, "CMYK").save(HERE / "cmyk-jpeg.tif", compression="jpeg", quality=95)
write("rgb-webp", rgb, photometric="rgb", compression="webp", compressionargs={"lossless": True})
write("rgba-webp", rgba, photometric="rgb", compression="webp", compressionargs={"lossless": True}, extrasamples=["unassalpha"])

# Files of old writers: JPEG of TIFF 6.0 in its three forms, LZW from the lowest bit, strips' tags for tiles.
jpeg = imagecodecs.jpeg8_encode(rgb, level=95, subsampling="420", optimize=False)
ycbcr = {"t530": (3, [2, 2])}


def segments(jpeg):
    at = 2
    while True:
        marker, size = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4], "big")
        yield marker, at, jpeg[at + 4 : at + 2 + size]
        at += 2 + size
        if marker == 0xDA:
            yield None, at, b""
            return


parts = list(segments(jpeg))
data_at = parts[-1][1]
common = tags(6, [8] * 3, 6, **ycbcr)
raw("rgb-old-jpeg-whole", {**common, 513: (4, [8]), 514: (4, [len(jpeg)])}, [jpeg[data_at:]], prefix=jpeg)
raw("rgb-old-jpeg-header", {**common, 513: (4, [8]), 514: (4, [data_at])}, [jpeg[data_at:-2]], prefix=jpeg[:data_at])
tables = {0xDB: [], 0xC4: []}
for marker, _, body in parts:
    while marker in tables and body:
        size = 65 if marker == 0xDB else 17 + sum(body[1:17])
        tables[marker].append(body[:size])
        body = body[size:]
quantization = {table[0]: table[1:] for table in tables[0xDB]}
huffman = {table[0]: table[1:] for table in tables[0xC4]}
blob, places = b"", {}
for name, table in [(("q", k), v) for k, v in quantization.items()] + [(("h", k), v) for k, v in huffman.items()]:
    places[name] = 8 + len(blob)
    blob += table
pointers = {519: [places["q", k] for k in (0, 1, 1)], 520: [places["h", k] for k in (0, 1, 1)], 521: [places["h", k] for k in (0x10, 0x11, 0x11)]}
pointers = {tag: (4, values) for tag, values in pointers.items()}
raw("rgb-old-jpeg-tables", {**common, **pointers, 512: (3, [1])}, [jpeg[data_at:-2]], prefix=blob)
strips = [imagecodecs.jpeg8_encode(rgb[top : top + 16], level=95, subsampling="420", optimize=False) for top in (0, 16)]
bodies = [strip[list(segments(strip))[-1][1] : -2] for strip in strips]
raw("rgb-old-jpeg-strips", {**tags(6, [8] * 3, 6, rows=16, **ycbcr), **pointers, 512: (3, [1])}, bodies, prefix=blob)


def old_lzw(data):
    """Codes from the lowest bit, which grow when they no longer fit; 256 clears the table, 257 ends the data."""
    table, bits, held, out, size, prefix = {}, 0, 0, bytearray(), 9, b""

    def put(code):
        nonlocal bits, held
        bits |= code << held
        held += size
        while held >= 8:
            out.append(bits & 255)
            bits >>= 8
            held -= 8

    table, following = {bytes([k]): k for k in range(256)}, 258
    put(256)
    for byte in data:
        longer = prefix + bytes([byte])
        if longer in table:
            prefix = longer
            continue
        put(table[prefix])
        table[longer] = following
        if following == 1 << size:
            size += 1
        following += 1
        if following >= 4094:
            put(256)
            table, following, size = {bytes([k]): k for k in range(256)}, 258, 9
        prefix = bytes([byte])
    put(table[prefix])
    put(257)
    return bytes(out) + bytes([bits & 255])


raw("rgb-old-lzw", tags(2, [8] * 3, 5), [old_lzw(rgb.tobytes())])
tile = np.pad(rgb, ((0, 3), (0, 11), (0, 0)))
tiles = [tile[top : top + 16, left : left + 16].tobytes() for top in (0, 16) for left in (0, 16, 32)]
tiled = {tag: value for tag, value in tags(2, [8] * 3, 1).items() if tag != 278}
raw("rgb-tiles-under-strip-tags", {**tiled, 322: (3, [16]), 323: (3, [16])}, tiles)
plain = tags(2, [8] * 3, 1)
raw("rgb-bits-once", {**plain, 258: (3, [8])}, [rgb.tobytes()])
raw("rgb-no-rows-per-strip", {tag: value for tag, value in plain.items() if tag != 278}, [rgb.tobytes()], order=">")


def thunder(levels):
    """ThunderScan with runs and literal levels only."""
    out = bytearray()
    for row in levels:
        last, at = 0, 0
        while at < len(row):
            run = 0
            while at + run < len(row) and row[at + run] == last and run < 63:
                run += 1
            if run:
                out.append(run)
                at += run
            else:
                last = int(row[at])
                out.append(0xC0 | last)
                at += 1
    return bytes(out)


raw("gray-4bit-thunder-scan", tags(1, [4], 32809), [thunder(levels(gray, 4))])
