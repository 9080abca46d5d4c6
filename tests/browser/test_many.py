"""Ten thousand images."""

import datetime
import json

from conftest import PHOTOS
from dynamodb import Tables
from images import file, png
from playwright.sync_api import expect

COUNT = 10_000
# The maximum number of figures in the document.
MAX_FIGURES = 300


def seed(gallery):
    """Uploads one image, and copies its record under other keys, a second apart."""
    gallery.open()
    gallery.upload(file("original.jpg", (PHOTOS / "china.jpg").read_bytes(), "image/jpeg"))
    expect(gallery.figure("original.jpg", "done")).to_have_count(1)
    tables = Tables(gallery.stack)
    table = tables.name("ImageTable")
    item = tables.get(table, {"Id": {"S": "original.jpg"}})
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    items = []
    for number in range(COUNT - 1):
        key = f"many/{number:05}.jpg"
        time = (start + datetime.timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        width = 400 + 37 * number % 400
        thumbnails = json.loads(item["Thumbnails"]["S"]) | {"width": width}
        copy = item | {"Id": {"S": key}, "UploadedAt": {"S": time}, "Thumbnails": {"S": json.dumps(thumbnails)}}
        items.append(copy)
    tables.put(table, items)


def test_ten_thousand_images_are_scrolled(open_gallery):
    gallery = open_gallery("many", viewport={"width": 1280, "height": 900})
    seed(gallery)
    # The copies have no thumbnails in the bucket.
    thumbnail = png(64, 48, (120, 120, 160))
    gallery.context.route("**/thumbnails/**", lambda route: route.fulfill(body=thumbnail, content_type="image/png"))
    gallery.open()
    expect(gallery.page.locator("figure").first).to_be_visible()
    gallery.page.evaluate(
        """() => {
            window.most = 0;
            window.shift = 0;
            const count = () => (window.most = Math.max(window.most, document.querySelectorAll("figure").length));
            new MutationObserver(count).observe(document.body, { childList: true, subtree: true });
            window.shifts = [];
            new PerformanceObserver((list) => list.getEntries().forEach((one) => {
                window.shift += one.value;
                window.shifts.push(one.sources.map((source) => [source.node?.outerHTML?.slice(0, 120), source.previousRect, source.currentRect]));
            }))
                .observe({ type: "layout-shift", buffered: true });
        }"""
    )
    seen = set()
    last = gallery.page.locator(f'li[aria-posinset="{COUNT}"]')
    for _ in range(3000):
        keys = gallery.page.evaluate(
            """async () => {
                const keys = Array.from(document.querySelectorAll("figure"), (figure) => figure.dataset.key);
                scrollBy({ top: 2 * innerHeight, behavior: "instant" });
                await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
                return keys;
            }"""
        )
        seen.update(keys)
        if len(seen) == COUNT and last.count():
            break
    assert len(seen) == COUNT
    assert gallery.page.evaluate("window.most") <= MAX_FIGURES
    assert gallery.page.evaluate("window.shift") < 0.01, gallery.page.evaluate("window.shifts")
    expect(last).to_have_attribute("aria-setsize", str(COUNT))
    # Back at the top, the first image is there at once.
    gallery.page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    expect(gallery.page.locator('li[aria-posinset="1"] figure')).to_be_visible()
