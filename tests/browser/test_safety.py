"""Keys and labels are shown as text, whatever they contain and wherever they are shown."""

import re

from conftest import PHOTOS
from dynamodb import Tables
from images import file
from playwright.sync_api import expect

HOSTILE_KEY = '"><img src=x onerror=alert(1)>.jpg'
HOSTILE_LABEL = "<img src=x onerror=alert(2)>"


def test_a_key_and_a_label_that_are_markup(gallery):
    dialogs = []
    gallery.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    gallery.upload(file(HOSTILE_KEY, (PHOTOS / "coffee.png").read_bytes()))
    figure = gallery.page.locator("figure[data-status=done]").filter(has=gallery.page.locator('img[alt*="onerror"]'))
    expect(figure).to_have_count(1)
    assert figure.get_attribute("data-key") == HOSTILE_KEY

    tables = Tables(gallery.stack)
    images, labels = tables.name("ImageTable"), tables.name("LabelTable")
    item = tables.get(images, {"Id": {"S": HOSTILE_KEY}})
    for attribute in ["Analysis", "AnalysisSummary"]:
        item[attribute]["S"] = item[attribute]["S"].replace('"Cup"', f'"{HOSTILE_LABEL}"')
    tables.put(images, [item])
    row = next(row for row in tables.query(labels, "Label", "Cup") if row["Key"]["S"] == HOSTILE_KEY)
    tables.put(labels, [row | {"Label": {"S": HOSTILE_LABEL}}])

    gallery.page.reload()
    expect(figure.locator("figcaption")).to_contain_text(HOSTILE_LABEL)
    search = gallery.page.locator("input[type=search]")
    search.fill("<img")
    expect(gallery.page.get_by_role("option", name=HOSTILE_LABEL)).to_be_visible()
    search.press("ArrowDown")
    search.press("Enter")
    expect(gallery.page.get_by_role("heading", name=HOSTILE_LABEL)).to_be_visible()
    figure.locator("a").click()
    viewer = gallery.page.locator("#viewer")
    expect(viewer.locator("#viewer-name")).to_have_text(HOSTILE_KEY)
    expect(viewer.locator("#viewer-labels")).to_contain_text(HOSTILE_LABEL)
    assert gallery.page.locator("[onerror]").count() == 0
    assert dialogs == []


def test_the_policy_allows_nothing_but_the_page_itself(gallery):
    response = gallery.page.reload()
    header = response.headers["content-security-policy"]
    for policy in [header, gallery.page.locator("meta[http-equiv]").get_attribute("content")]:
        assert "default-src 'none'" in policy
        assert "connect-src 'self'" in policy
        assert "http" not in policy
    meta = gallery.page.locator("meta[http-equiv]").get_attribute("content")
    assert "unsafe" not in meta
    assert len(re.findall(r"'sha256-[A-Za-z0-9+/]{43}='", meta)) == 2
    assert len(response.body()) <= 60_000
    refused = gallery.page.evaluate(
        """async () => {
            const script = document.createElement("script");
            let refused = "";
            try { script.text = "window.ran = true"; document.body.append(script); } catch (error) { refused = error.name; }
            return [refused, window.ran ?? false];
        }"""
    )
    assert refused == ["TypeError", False]
    # Chromium reports the attempt above.
    gallery.complaints.clear()


def test_both_addresses_serve_the_page(gallery):
    for ending in ["", "/"]:
        gallery.open(ending)
        expect(gallery.page.locator("#label")).to_be_visible()
        expect(gallery.page.locator("figure, #notice:not([hidden])").first).to_be_visible()
    assert all(one.status < 400 for one in gallery.answered("GET", "/images"))
