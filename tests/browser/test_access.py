"""Accessibility, by axe-core and by hand: keyboard, reflow, colour schemes."""

import os
import re
from pathlib import Path

import pytest
from conftest import PHOTOS
from images import file, png
from playwright.sync_api import expect

AXE = Path(os.environ["GALLERY_AXE"])
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def audit(gallery, what):
    """Fails with axe-core's findings. The debugger injects its script, because the page's policy allows no other."""
    gallery.page.evaluate(AXE.read_text() + "; 0")
    found = gallery.page.evaluate("(tags) => axe.run(document, { runOnly: tags })", TAGS)
    violations = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]
    assert not violations, (what, violations)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_gallery, scheme):
    gallery = open_gallery(color_scheme=scheme)
    gallery.open()
    gallery.upload(
        file(f"axe {scheme}.png", (PHOTOS / "coffee.png").read_bytes()),
        file(f"axe torn {scheme}.png", png(300, 200, (10, 200, 10))[:200]),
        file("axe.txt", b"text", "text/plain"),
    )
    expect(gallery.figure(f"axe {scheme}.png", "done")).to_have_count(1)
    expect(gallery.figure(f"axe torn {scheme}.png", "failed")).to_have_count(1)
    audit(gallery, "the sheet and the uploads")
    search = gallery.page.locator("input[type=search]")
    search.fill("c")
    expect(gallery.page.get_by_role("option").first).to_be_visible()
    search.press("ArrowDown")
    audit(gallery, "suggestions")
    search.press("Escape")
    search.fill("Nothing Of The Kind")
    search.press("Enter")
    expect(gallery.page.locator("#notice")).to_be_visible()
    audit(gallery, "a label of no image")
    gallery.page.go_back()
    gallery.figure(f"axe {scheme}.png").locator("a").click()
    expect(gallery.page.locator("#viewer-image.loaded")).to_be_visible()
    audit(gallery, "the large view")
    gallery.page.locator("#delete").click()
    audit(gallery, "a deletion")
    gallery.page.locator("#delete").click()
    closed = open_gallery("iam", color_scheme=scheme)
    closed.open()
    expect(closed.page.locator("#access")).to_be_visible()
    audit(closed, "credentials")
    closed.page.get_by_label("AWS access key").check()
    audit(closed, "credentials for IAM")


def test_everything_by_keyboard(gallery):
    press, focused = gallery.page.keyboard.press, gallery.page.locator(":focus")
    for name in ["keys 1.png", "keys 2.png", "keys 3.png"]:
        gallery.upload(file(name, png(200, 150, (200, 90, len(name)))))
        expect(gallery.figure(name, "done")).to_have_count(1)
    gallery.page.reload()
    expect(gallery.page.locator("figure").first).to_be_visible()
    press("Tab")
    expect(focused).to_have_attribute("id", "home")
    press("Tab")
    expect(focused).to_have_attribute("id", "label")
    press("Tab")
    expect(focused).to_have_attribute("id", "files")
    press("Tab")
    first = focused.evaluate("(link) => link.closest('li').getAttribute('aria-posinset')")
    assert first == "1"
    press("ArrowRight")
    assert focused.evaluate("(link) => link.closest('li').getAttribute('aria-posinset')") == "2"
    press("End")
    press("Home")
    assert focused.evaluate("(link) => link.closest('li').getAttribute('aria-posinset')") == "1"
    outline = focused.evaluate("(link) => getComputedStyle(link).outlineStyle")
    assert outline == "solid"
    press("Enter")
    viewer = gallery.page.locator("#viewer")
    expect(viewer).to_be_visible()
    name = viewer.locator("#viewer-name").text_content()
    press("ArrowRight")
    expect(viewer.locator("#viewer-name")).not_to_have_text(name)
    second = viewer.locator("#viewer-name").text_content()
    press("Escape")
    expect(viewer).to_be_hidden()
    expect(gallery.figure(second).locator("a")).to_be_focused()
    # Delete and undo.
    press("Enter")
    expect(viewer).to_be_visible()
    while focused.get_attribute("id") != "delete":
        press("Tab")
    press("Enter")
    expect(viewer.locator("#delete")).to_have_text("Undo delete")
    press("Enter")
    expect(viewer.locator("#delete")).to_have_text("Delete")
    press("Escape")
    # The focus is never under the bar.
    for _ in range(12):
        press("Tab")
        if not focused.count():
            # After the last image the focus leaves the page.
            break
        box, bar = focused.bounding_box(), gallery.page.locator("#bar").bounding_box()
        inside = focused.evaluate("(one) => Boolean(one.closest('#bar, #tray')) || one === document.body")
        assert inside or box["y"] >= bar["height"] - 1, box


@pytest.mark.parametrize("width", [320, 360, 768, 1440, 2560])
def test_nothing_is_wider_than_the_window(open_gallery, width):
    gallery = open_gallery(viewport={"width": width, "height": 800})
    gallery.open()
    gallery.upload(file(f"wide {width}.jpg", (PHOTOS / "china.jpg").read_bytes(), "image/jpeg"))
    expect(gallery.figure(f"wide {width}.jpg", "done")).to_be_visible()
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert gallery.page.evaluate(overflow) <= 0
    for target in gallery.page.locator("#bar :is(a, button, input, label):visible").all():
        box = target.bounding_box()
        assert box["width"] >= 24 and box["height"] >= 24, target
        assert box["x"] >= 0 and box["x"] + box["width"] <= width, target
    gallery.figure(f"wide {width}.jpg").locator("a").click()
    expect(gallery.page.locator("#viewer-image.loaded")).to_be_visible()
    viewer = gallery.page.locator("#viewer")
    assert viewer.evaluate("(one) => one.scrollWidth - one.clientWidth") <= 0


def test_reduced_motion(open_gallery):
    gallery = open_gallery(reduced_motion="reduce")
    gallery.open()
    expect(gallery.page.locator("figure, #notice:not([hidden])").first).to_be_visible()
    moving = "Array.from(document.querySelectorAll('*'), (one) => getComputedStyle(one).animationName).filter((name) => name !== 'none')"
    assert gallery.page.evaluate(moving) == []


def test_what_happens_is_read_out(gallery):
    gallery.upload(file("said.png", png(200, 150, (1, 1, 200))))
    status = gallery.page.locator("#status")
    expect(status).to_have_text("1 uploaded")
    image = gallery.figure("said.png", "done").locator("img")
    expect(image).to_have_attribute("alt", re.compile("^said.png"))
