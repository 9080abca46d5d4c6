"""What the page looks like, on a desktop and a phone, in light and in dark.

GALLERY_SCREENSHOTS=docs/gallery cargo test -p system-tests --test browser keeps the pictures that docs/ shows.
"""

import base64
import os
from pathlib import Path

import pytest
from conftest import PHOTOS
from images import file
from playwright.sync_api import expect

# Part of a photograph as x, y, width and height in its own pixels.
CROPS = [
    ("harbour.jpg", "china.jpg", (0, 0, 640, 427)),
    ("espresso.jpg", "coffee.png", (0, 0, 600, 400)),
    ("dahlia.jpg", "flower.jpg", (120, 20, 400, 400)),
    ("portrait.jpg", "astronaut.png", (60, 0, 360, 512)),
    ("pavilion.jpg", "china.jpg", (40, 60, 280, 367)),
    ("garden.jpg", "flower.jpg", (0, 0, 640, 427)),
    ("astronaut.jpg", "astronaut.png", (0, 0, 512, 512)),
    ("cup.jpg", "coffee.png", (150, 20, 330, 330)),
]
CROP = """async ([photo, [x, y, width, height]]) => {
    const blob = await (await fetch("data:;base64," + photo)).blob();
    const bitmap = await createImageBitmap(blob, x, y, width, height);
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 })).arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""


@pytest.fixture(scope="module")
def crops(browser):
    page = browser.new_page()
    made = []
    for name, photo, crop in CROPS:
        data = base64.b64encode((PHOTOS / photo).read_bytes()).decode()
        made.append(file(name, base64.b64decode(page.evaluate(CROP, [data, crop])), "image/jpeg"))
    page.close()
    return made


DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_the_sheet_and_the_large_view(open_gallery, crops, tmp_path, device, scheme):
    folder = Path(os.environ.get("GALLERY_SCREENSHOTS", tmp_path))
    gallery = open_gallery("pictures", color_scheme=scheme, **(DESKTOP if device == "desktop" else PHONE))
    gallery.open()
    expect(gallery.page.locator("figure, #notice:not([hidden])").first).to_be_visible()
    if not gallery.figure("harbour.jpg").count():
        gallery.upload(*crops)
    for crop in crops:
        expect(gallery.figure(crop["name"], "done").locator("img.loaded")).to_be_visible()
    if gallery.page.locator("#tray").is_visible():
        gallery.page.get_by_role("button", name="Clear the list of uploads").click()
    shoot(gallery, folder / f"sheet-{device}-{scheme}.jpg")
    gallery.figure("espresso.jpg").locator("a").click()
    expect(gallery.page.locator("#viewer-image.loaded")).to_be_visible()
    gallery.page.locator("#viewer").get_by_role("link", name="Cup").hover()
    expect(gallery.page.locator(".box.pointed").first).to_be_visible()
    shoot(gallery, folder / f"view-{device}-{scheme}.jpg")


def shoot(gallery, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = gallery.page.screenshot(path=path, type="jpeg", quality=72, scale="css", animations="disabled")
    # A page of one colour compresses to next to nothing.
    assert len(image) > 10_000
