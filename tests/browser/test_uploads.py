"""Uploads."""

import re
from urllib.parse import urlsplit

from conftest import PHOTOS
from images import bmp, file, png
from playwright.sync_api import expect


def test_thirty_files_at_once(open_gallery):
    gallery = open_gallery(viewport={"width": 1280, "height": 2400})
    gallery.open()
    gallery.throttle_uploads(400_000)
    photo = (PHOTOS / "china.jpg").read_bytes()
    names = [f"thirty-{number}.png" for number in range(29)]
    files = [file(name, png(240 + 8 * number, 180, (8 * number, 90, 200))) for number, name in enumerate(names)]
    gallery.upload(*files, file("thirty-china.jpg", photo, "image/jpeg"))
    uploading = gallery.page.locator('figure[data-status="uploading"]')
    expect(uploading.first).to_be_visible()
    # The progress of all of them, and of the one that takes longest.
    expect(gallery.page.locator("#tray-summary")).to_contain_text(re.compile(r"Uploading \d+ of 30"))
    own = 'figure[data-key="thirty-china.jpg"][data-status="uploading"] progress'
    gallery.page.wait_for_function(
        "(own) => { const bar = document.querySelector(own); return bar?.value > 0 && bar.value < 1; }",
        arg=own,
        polling=20,
    )
    for name in [*names, "thirty-china.jpg"]:
        expect(gallery.figure(name, "done")).to_have_count(1)
    expect(gallery.page.locator("#tray-summary")).to_have_text("30 uploaded")
    assert len(gallery.answered("PUT", "/images/thirty-")) == 30


def test_large_file_survives_a_lost_connection_and_a_reload(gallery):
    image = bmp(3200, 3200)
    assert 30_000_000 < len(image) < 50_000_000
    path = "/uploads/large.bmp"
    passed = []

    def let_pass(route):
        """Two parts only, between the lost connection and the reload, however fast the machine is."""
        if route.request.method == "PUT":
            if len(passed) == 2:
                return route.abort("internetdisconnected")
            passed.append(route.request)
        return route.continue_()

    def stored():
        return [one for one in gallery.answered("PUT", path) if one.status == 200]

    # A part takes 17 seconds, and the connection is lost when some of it is sent.
    gallery.throttle_uploads(300_000)
    gallery.upload(file("large.bmp", image, "image/bmp"))
    bar = gallery.page.locator("#tray-list progress")
    gallery.page.wait_for_function("(bar) => bar.value > 0", arg=bar.element_handle(), polling=20)
    gallery.throttle_uploads(300_000, offline=True)
    expect(gallery.page.locator("#tray-list .state")).to_have_text("No connection: continues automatically")

    gallery.page.route(f"**{path}?*", let_pass)
    gallery.throttle_uploads(-1)
    # Responses to requests from before the cut may still arrive in addition to those of the two.
    wait_until(gallery, lambda: len(passed) == 2 and {one.request for one in stored()} >= set(passed))

    gallery.page.unroute(f"**{path}?*")
    gallery.page.reload()
    expect(gallery.figure("large.bmp", "done")).to_have_count(1)
    parts = [re.search(r"part=(\d+)", one.url)[1] for one in stored()]
    # What S3 had was not sent again.
    assert sorted(parts) == ["1", "2", "3", "4", "5", "6"], parts
    assert len(gallery.answered("POST", path)) == 1
    assert [one.status for one in gallery.answered("PATCH", path)] == [200]
    assert not gallery.answered("PUT", "/images/large.bmp")


def wait_until(gallery, condition, seconds=60):
    for _ in range(seconds * 20):
        if condition():
            return
        gallery.page.wait_for_timeout(50)
    rows = gallery.page.locator("#tray-list li").all_inner_texts()
    answers = [(one.request.method, one.status, urlsplit(one.url).query[-12:]) for one in gallery.responses if "/uploads/" in one.url]
    raise AssertionError(f"it did not come to that: {rows}, {answers}")


def test_refused_files_say_why_beside_their_names(gallery, tmp_path):
    huge = tmp_path / "huge.png"
    huge.write_bytes(b"x" * 50_000_001)
    gallery.upload(huge)
    gallery.upload(
        file("notes.txt", b"no image", "text/plain"),
        file("empty.png", b""),
        file("torn.png", png(300, 200, (10, 200, 10))[:200]),
    )
    rows = gallery.page.locator("#tray-list li")
    for name, reason in [
        ("notes.txt", "Not an image that can be read: JPEG, PNG, GIF, WebP, BMP, TIFF or HEIC."),
        ("empty.png", "The file is empty."),
        ("huge.png", "50 MB is more than 50 MB."),
    ]:
        row = rows.filter(has_text=name)
        expect(row.locator(".state")).to_have_text(reason)
        expect(gallery.figure(name)).to_have_count(0)
    torn = gallery.figure("torn.png", "failed")
    expect(torn).to_have_count(1)
    expect(torn.locator("figcaption")).not_to_be_empty()
    record = gallery.context.request.get(f"{gallery.stack['api']}/images/torn.png").json()
    expect(torn.locator("figcaption")).to_contain_text(record["thumbnails"]["reason"]["message"])


def test_files_are_dropped_and_pasted(gallery):
    give = """([kind, target, bytes, name]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
        const options = { bubbles: true, cancelable: true };
        const event = kind === "paste" ? new ClipboardEvent(kind, { clipboardData: data, ...options })
            : new DragEvent(kind, { dataTransfer: data, ...options });
        document.querySelector(target).dispatchEvent(event);
    }"""
    image = list(png(160, 120, (200, 40, 90)))
    gallery.page.evaluate(give, ["dragover", "main", image, "dropped.png"])
    expect(gallery.page.locator("#drop")).to_be_visible()
    gallery.page.evaluate(give, ["drop", "main", image, "dropped.png"])
    expect(gallery.page.locator("#drop")).to_be_hidden()
    gallery.page.evaluate(give, ["paste", "body", image, "image.png"])
    expect(gallery.figure("dropped.png", "done")).to_have_count(1)
    pasted = gallery.page.locator('figure[data-key^="Pasted "][data-status="done"]')
    expect(pasted).to_have_count(1)


def test_no_image_is_replaced_by_one_of_the_same_name(gallery):
    for color in [(200, 0, 0), (0, 0, 200)]:
        gallery.upload(file("same+name.png", png(120, 100, color)))
        expect(gallery.page.locator("#tray-summary")).to_contain_text("uploaded")
    expect(gallery.figure("same-name.png", "done")).to_have_count(1)
    expect(gallery.figure("same-name (2).png", "done")).to_have_count(1)


def test_nothing_moves_while_an_upload_settles(gallery):
    gallery.page.evaluate(
        """() => {
            window.shifts = [];
            const rectangle = ({ x, y, width, height }) => [x, y, width, height].map(Math.round);
            new PerformanceObserver((list) => {
                for (const shift of list.getEntries()) {
                    window.shifts.push([shift.startTime, shift.sources.map(({ node, previousRect, currentRect }) =>
                        [node?.outerHTML?.slice(0, 120), rectangle(previousRect), rectangle(currentRect)])]);
                }
            }).observe({ type: "layout-shift" });
        }"""
    )
    gallery.upload(file("still.jpg", (PHOTOS / "flower.jpg").read_bytes(), "image/jpeg"))
    figure = gallery.figure("still.jpg")
    expect(figure).to_be_visible()
    # The images that made room for the new one have moved, which its upload caused.
    frames = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"
    settled = gallery.page.evaluate(frames)
    place = figure.bounding_box()
    expect(gallery.figure("still.jpg", "done")).to_be_visible()
    expect(figure.locator("img.loaded")).to_be_visible()
    gallery.page.evaluate(frames)
    assert figure.bounding_box() == place
    assert gallery.page.evaluate("(settled) => window.shifts.filter(([time]) => time > settled)", settled) == []
