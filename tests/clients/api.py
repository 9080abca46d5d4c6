"""The API through the package that openapi-python-client made of its description: an image goes up, is settled, listed,
found by a label, and deleted; a file goes up in parts.

    api.py http://…/v1 PHOTO    with contact_sheet_client in PYTHONPATH
"""

import io
import pathlib
import sys
import time

from contact_sheet_client import Client
from contact_sheet_client.api.default import (
    begin_upload,
    complete_upload,
    delete_image,
    get_image,
    get_thumbnail,
    list_images,
    list_images_by_label,
    put_image,
    put_part,
)
from contact_sheet_client.models import (
    AnalysisStatus,
    CompletedPart,
    Completion,
    Error,
    Image,
    ReasonCode,
    ThumbnailsStatus,
)
from contact_sheet_client.types import File

address, photo = sys.argv[1:]
api = Client(base_url=address)


def settled(key):
    for _ in range(300):
        image = get_image.sync(key, client=api)
        if isinstance(image, Image) and "pending" not in (image.thumbnails.status, image.analysis.status):
            return image
        time.sleep(0.2)
    raise AssertionError(f"{key} stays pending")


def pages(read, **parameters):
    token = {}
    while token is not None:
        page = read(client=api, **parameters, **token)
        assert not isinstance(page, Error), page
        yield from page.images
        token = {"next_": page.next_} if page.next_ else None


key = "generated/py thon.png"
assert put_image.sync(key, client=api, body=File(io.BytesIO(pathlib.Path(photo).read_bytes()))).key == key
image = settled(key)
assert image.thumbnails.status == ThumbnailsStatus.DONE, image
assert image.analysis.status == AnalysisStatus.DONE, image
label = image.analysis.labels[0]
first = image.thumbnails.items[0]
thumbnail = get_thumbnail.sync(str(first.size), key, client=api)
assert len(thumbnail.payload.read()) == first.bytes_
assert key in [one.key for one in pages(list_images_by_label.sync, name=label.name, limit=1)]
assert key in [one.key for one in pages(list_images.sync, limit=1)]

large = "generated/py parts.bin"
upload = begin_upload.sync(large, client=api).upload_id
parts = []
for part, size in enumerate([5_242_880, 1000], 1):
    sent = put_part.sync_detailed(
        large, client=api, upload_id=upload, part=part, body=File(io.BytesIO(bytes(size)))
    )
    assert sent.parsed.part == part, sent
    parts.append(CompletedPart(etag=sent.headers["etag"], part=part))
assert complete_upload.sync(large, client=api, upload_id=upload, body=Completion(parts=parts)).key == large
assert settled(large).thumbnails.reason.code == ReasonCode.UNSUPPORTEDFORMAT

for one in (large, key):
    assert delete_image.sync_detailed(one, client=api).status_code == 204
missing = get_thumbnail.sync("256", "no such key", client=api)
assert isinstance(missing, Error) and missing.message, missing
print(f"python ok, {label.name} {label.confidence}")
