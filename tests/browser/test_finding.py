"""Finding images by label."""

import re

from conftest import PHOTOS
from images import file
from playwright.sync_api import expect

PICTURES = ["astronaut.png", "china.jpg", "coffee.png", "flower.jpg"]


def add_photos(gallery):
    """Uploads the photographs, unless an earlier test has."""
    for name in PICTURES:
        if gallery.figure(f"find {name}").count():
            continue
        kind = "image/png" if name.endswith("png") else "image/jpeg"
        gallery.upload(file(f"find {name}", (PHOTOS / name).read_bytes(), kind))
    for name in PICTURES:
        expect(gallery.figure(f"find {name}", "done")).to_have_count(1)


def keys(gallery):
    return set(gallery.page.locator("figure").evaluate_all("(all) => all.map((one) => one.dataset.key)"))


def test_a_label_is_suggested_found_left_and_bookmarked(gallery):
    add_photos(gallery)
    search = gallery.page.locator("input[type=search]")
    search.fill("cof")
    suggestion = gallery.page.get_by_role("option", name="Coffee", exact=True)
    expect(suggestion).to_be_visible()
    search.press("ArrowDown")
    expect(search).to_have_attribute("aria-activedescendant", re.compile("suggestion-"))
    search.press("ArrowUp")
    search.fill("cup")
    # Any spelling finds the label that was seen.
    search.press("Enter")
    expect(gallery.page.get_by_role("heading", name="Cup")).to_be_visible()
    expect(gallery.figure("find coffee.png")).to_have_count(1)
    expect(gallery.figure("find china.jpg")).to_have_count(0)
    assert gallery.page.url.endswith("#label=Cup")
    found = keys(gallery)
    listed = gallery.context.request.get(f"{gallery.stack['api']}/labels/Cup").json()
    assert found == {image["key"] for image in listed["images"]}

    other = gallery.context.new_page()
    other.goto(gallery.page.url)
    expect(other.locator('figure[data-key="find coffee.png"]')).to_have_count(1)
    expect(other.locator("input[type=search]")).to_have_value("Cup")
    assert other.title() == "Cup – Contact Sheet"

    gallery.page.go_back()
    expect(gallery.figure("find china.jpg")).to_have_count(1)
    expect(search).to_have_value("")
    gallery.page.go_forward()
    expect(gallery.figure("find china.jpg")).to_have_count(0)
    gallery.page.locator("#home").click()
    expect(gallery.figure("find china.jpg")).to_have_count(1)


def test_a_label_leads_from_an_image_to_others(gallery):
    add_photos(gallery)
    gallery.figure("find coffee.png").locator("a").click()
    gallery.page.get_by_role("link", name=re.compile("^Coffee")).click()
    expect(gallery.page.locator("#viewer")).to_be_hidden()
    expect(gallery.page.get_by_role("heading", name="Coffee")).to_be_visible()
    expect(gallery.figure("find coffee.png")).to_have_count(1)


def test_a_label_of_no_image(gallery):
    search = gallery.page.locator("input[type=search]")
    search.fill("Unheard Of")
    search.press("Enter")
    expect(gallery.page.locator("#notice")).to_contain_text("No image shows “Unheard Of”.")
