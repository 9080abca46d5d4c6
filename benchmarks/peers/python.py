"""One thumbnail by Pillow or pyvips, as `--example thumbnail` makes one: PEER INPUT OUTPUT SIZE ITERATIONS."""

import io
import json
import os
import re
import sys
import time
from pathlib import Path

peer, source, output, size, iterations = sys.argv[1:]
size, data, png = int(size), Path(source).read_bytes(), output.endswith(".png")
os.environ["VIPS_CONCURRENCY"] = "1"


def pillow():
    from PIL import Image, ImageOps

    if source.endswith(".heic"):
        from pillow_heif import register_heif_opener

        register_heif_opener()
    Image.MAX_IMAGE_PIXELS = None
    image = Image.open(io.BytesIO(data))
    image.draft("RGB", (2 * size, 2 * size))
    image = ImageOps.exif_transpose(image)
    image.thumbnail((size, size), Image.LANCZOS)
    out = io.BytesIO()
    if png:
        image.save(out, "PNG")
    else:
        image.convert("RGB").save(out, "JPEG", quality=80)
    return out.getvalue()


def pyvips():
    import pyvips

    pyvips.cache_set_max(0)
    image = pyvips.Image.thumbnail_buffer(data, size, height=size, size="down")
    return image.write_to_buffer(".png" if png else ".jpg", **({} if png else {"Q": 80}))


make, times = {"pillow": pillow, "pyvips": pyvips}[peer], []
for _ in range(int(iterations)):
    before = time.process_time()
    made = make()
    times.append((time.process_time() - before) * 1000)
Path(output).write_bytes(made)
times.sort()
# Not getrusage: its peak counts what this process was before it became Python.
peak = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text()).group(1)
print(json.dumps({"cpu_ms": times[len(times) // 2], "peak_rss_kb": int(peak)}))
