"""The large view."""

import hashlib
import re

from conftest import PHOTOS
from images import file, png
from playwright.sync_api import expect


def add(gallery, key, data=None, kind="image/png"):
    gallery.upload(file(key, data or (PHOTOS / "astronaut.png").read_bytes(), kind))
    expect(gallery.figure(key, "done")).to_have_count(1)


def test_labels_boxes_and_original(gallery):
    add(gallery, "astronaut.png")
    caption = gallery.figure("astronaut.png").locator("figcaption")
    expect(caption).to_contain_text("Person")
    gallery.figure("astronaut.png").locator("a").click()
    viewer = gallery.page.get_by_role("dialog", name="astronaut.png")
    expect(viewer).to_be_visible()
    expect(viewer.locator("#viewer-facts")).to_contain_text("512 × 512")
    expect(viewer.locator("#viewer-image.loaded")).to_be_visible()
    person = viewer.get_by_role("link", name=re.compile("Person"))
    expect(person).to_be_visible()
    box = viewer.locator(".box").first
    expect(box).to_be_visible()
    frame, placed = viewer.locator("#frame").bounding_box(), box.bounding_box()
    record = gallery.context.request.get(f"{gallery.stack['api']}/images/astronaut.png").json()
    first = next(label for label in record["analysis"]["labels"] if label["instances"])["instances"][0]["box"]
    assert abs(placed["x"] - frame["x"] - first["left"] * frame["width"]) < 2
    assert abs(placed["height"] - first["height"] * frame["height"]) < 2
    with gallery.page.expect_download() as download:
        viewer.get_by_role("link", name="Download original").click()
    assert download.value.suggested_filename == "astronaut.png"
    assert digest(download.value.path().read_bytes()) == digest((PHOTOS / "astronaut.png").read_bytes())


def digest(data):
    return hashlib.sha256(data).hexdigest()


def test_back_leads_to_the_sheet_and_a_bookmark_to_the_image(gallery):
    add(gallery, "places/bookmark me?.png", png(200, 160, (90, 20, 200)))
    gallery.figure("places/bookmark me?.png").locator("a").click()
    viewer = gallery.page.locator("#viewer")
    expect(viewer).to_be_visible()
    address = gallery.page.url
    assert address.endswith("#image=places%2Fbookmark%20me%3F.png")
    gallery.page.go_back()
    expect(viewer).to_be_hidden()
    expect(gallery.figure("places/bookmark me?.png").locator("a")).to_be_focused()
    gallery.page.go_forward()
    expect(viewer).to_be_visible()
    other = gallery.context.new_page()
    other.goto(address)
    expect(other.locator("#viewer-name")).to_have_text("places/bookmark me?.png")
    other.locator("#close").click()
    expect(other.locator("#viewer")).to_be_hidden()
    assert other.url.endswith("#")


def test_deleting_can_be_undone_until_it_is_sent(gallery):
    for key in ["kept.png", "deleted.png"]:
        add(gallery, key, png(180, 120, (20, 160, 160)))
    gallery.figure("kept.png").locator("a").click()
    button = gallery.page.locator("#delete")
    button.click()
    expect(button).to_have_text("Undo delete")
    button.click()
    expect(button).to_have_text("Delete")
    gallery.page.keyboard.press("Escape")

    gallery.figure("deleted.png").locator("a").click()
    button.click()
    gallery.page.keyboard.press("Escape")
    undo = gallery.figure("deleted.png").get_by_role("button", name="Undo")
    undo.click()
    expect(undo).to_have_count(0)

    gallery.figure("deleted.png").locator("a").click()
    button.click()
    assert not gallery.answered("DELETE", "/images/")
    expect(gallery.figure("deleted.png")).to_have_count(0)
    expect(gallery.page.locator("#viewer")).to_be_hidden()
    gallery.page.reload()
    expect(gallery.figure("kept.png")).to_have_count(1)
    expect(gallery.figure("deleted.png")).to_have_count(0)
    assert [one.status for one in gallery.answered("DELETE", "/images/deleted.png")] == [204]
    assert not gallery.answered("DELETE", "/images/kept.png")


def test_leaving_the_page_sends_the_deletion(gallery):
    add(gallery, "left.png", png(180, 120, (160, 160, 20)))
    gallery.figure("left.png").locator("a").click()
    gallery.page.locator("#delete").click()
    gallery.page.goto("about:blank")
    record = f"{gallery.stack['api']}/images/left.png"
    for _ in range(200):
        if gallery.context.request.get(record).status == 404:
            return
        gallery.page.wait_for_timeout(100)
    raise AssertionError("left.png is still there")
