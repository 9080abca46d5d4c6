"""HEIC containers (ISO/IEC 23008-12), built from pictures that pillow-heif encodes."""

import io
import struct

import pillow_heif


def box(kind, *parts):
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def full(kind, version, flags, *parts):
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


class Coded:
    """One coded picture: its size, its configuration and its bytes."""

    def __init__(self, pixels, mode="RGB", **options):
        file = pillow_heif.from_bytes(mode=mode, size=(pixels.shape[1], pixels.shape[0]), data=pixels.tobytes())
        written = io.BytesIO()
        file.save(written, **{"quality": 95, **options})
        data = written.getvalue()
        at = data.index(b"hvcC") - 4
        self.configuration = data[at : at + int.from_bytes(data[at : at + 4], "big")]
        at = data.index(b"mdat") - 4
        self.data = data[at + 8 : at + int.from_bytes(data[at : at + 4], "big")]
        self.size = pixels.shape[1], pixels.shape[0]


class File:
    def __init__(self):
        self.items, self.properties, self.references = [], [], []

    def property(self, content):
        if content not in self.properties:
            self.properties.append(content)
        return self.properties.index(content) + 1

    def item(self, kind, data, *properties):
        self.items.append((kind, data, [self.property(content) for content in properties]))
        return len(self.items)

    def coded(self, coded, *properties):
        return self.item(b"hvc1", coded.data, coded.configuration, ispe(*coded.size), *properties)

    def refer(self, kind, source, *targets):
        self.references.append(box(kind, struct.pack(f">HH{len(targets)}H", source, len(targets), *targets)))

    def write(self, path, primary, brand=b"heic", shared=False):
        """With `shared`, all coded items have the first one's bytes."""
        infos = b"".join(full(b"infe", 2, 0, struct.pack(">HH4sB", index + 1, 0, kind, 0)) for index, (kind, _, _) in enumerate(self.items))
        associations = b"".join(struct.pack(">HB", index + 1, len(properties)) + bytes(properties) for index, (_, _, properties) in enumerate(self.items))
        assemble = lambda at: box(b"ftyp", brand, bytes(4), b"mif1", brand) + full(
            b"meta", 0, 0,
            full(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
            full(b"pitm", 0, 0, struct.pack(">H", primary)),
            full(b"iloc", 0, 0, b"\x44\x00", struct.pack(">H", len(self.items)), *(struct.pack(">HHHII", index + 1, 0, 1, *place) for index, place in enumerate(at))),
            full(b"iinf", 0, 0, struct.pack(">H", len(self.items)), infos),
            full(b"iref", 0, 0, *self.references) if self.references else b"",
            box(b"iprp", box(b"ipco", *self.properties), full(b"ipma", 0, 0, struct.pack(">I", len(self.items)), associations)),
        )
        places, at = [], len(assemble([(0, 0)] * len(self.items))) + 8
        for _, data, _ in self.items:
            places.append((at, len(data)))
            at += len(data)
        if shared:
            places = [places[0] if kind == b"hvc1" else place for place, (kind, _, _) in zip(places, self.items)]
        path.write_bytes(assemble(places) + box(b"mdat", *(data for _, data, _ in self.items)))


def ispe(width, height):
    return full(b"ispe", 0, 0, struct.pack(">II", width, height))


def nclx(primaries, transfer, matrix, full_range):
    return box(b"colr", b"nclx", struct.pack(">HHHB", primaries, transfer, matrix, full_range << 7))


def turned(angle):
    return box(b"irot", bytes([angle]))


def mirrored(axis):
    return box(b"imir", bytes([axis]))


def cropped(width, height, right, down):
    return box(b"clap", struct.pack(">8i", width, 1, height, 1, right, 2, down, 2))


def grid(rows, columns, width, height):
    """The data of a derived image of type `grid`."""
    return struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)
