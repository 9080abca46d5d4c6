"""The three modes of ApiAuthorization."""

from conftest import PHOTOS
from images import file, png
from playwright.sync_api import expect

COUNT_BLOBS = """
window.blobs = new Set();
const [make, free] = [URL.createObjectURL, URL.revokeObjectURL];
URL.createObjectURL = (blob) => { const url = make.call(URL, blob); window.blobs.add(url); return url; };
URL.revokeObjectURL = (url) => { window.blobs.delete(url); free.call(URL, url); };
"""


def sign_in(gallery, stack=None):
    stack = stack or gallery.stack
    dialog = gallery.page.get_by_role("dialog", name="This gallery asks for credentials")
    expect(dialog).to_be_visible()
    if stack.get("apiKey"):
        dialog.get_by_label("API key", exact=True).nth(1).fill(stack["apiKey"])
    else:
        dialog.get_by_label("AWS access key").check()
        dialog.get_by_label("Access key id").fill(stack["accessKey"])
        dialog.get_by_label("Secret access key").fill(stack["secretKey"])
        if stack.get("sessionToken"):
            dialog.get_by_label("Session token, if there is one").fill(stack["sessionToken"])
    dialog.get_by_role("button", name="Continue").click()
    return dialog


def works_with_credentials(gallery):
    gallery.context.add_init_script(COUNT_BLOBS)
    gallery.open()
    expect(sign_in(gallery)).to_be_hidden()
    gallery.upload(file("a (1)!*'.png", (PHOTOS / "coffee.png").read_bytes()))
    gallery.upload(file("other.png", png(300, 200, (9, 99, 199))))
    figure = gallery.figure("a (1)!*'.png", "done")
    expect(figure.locator("img.loaded")).to_be_visible()
    assert figure.locator("img").get_attribute("src").startswith("blob:")
    assert gallery.page.evaluate("window.blobs.size") >= 1

    figure.locator("a").click()
    expect(gallery.page.locator("#viewer-image.loaded")).to_be_visible()
    with gallery.page.expect_download() as download:
        gallery.page.get_by_role("link", name="Download original").click()
    assert download.value.path().read_bytes() == (PHOTOS / "coffee.png").read_bytes()
    gallery.page.locator("#viewer").get_by_role("link", name="Cup").click()
    expect(gallery.page.get_by_role("heading", name="Cup")).to_be_visible()
    expect(gallery.figure("a (1)!*'.png", "done")).to_have_count(1)
    # The other one has left the view.
    gallery.page.wait_for_function("window.blobs.size <= document.querySelectorAll('figure img[src]').length + 1")

    # They are in no URL, and in the tab's session.
    secret = gallery.stack.get("apiKey") or gallery.stack["secretKey"]
    assert secret not in gallery.page.url
    assert secret not in gallery.page.evaluate("JSON.stringify(localStorage)")
    assert secret in gallery.page.evaluate("JSON.stringify(sessionStorage)")
    assert not [one.url for one in gallery.responses if secret in one.url]
    gallery.page.reload()
    expect(gallery.figure("a (1)!*'.png", "done")).to_have_count(1)

    gallery.page.get_by_role("button", name="Forget credentials").click()
    expect(gallery.page.get_by_role("dialog", name="This gallery asks for credentials")).to_be_visible()
    expect(gallery.page.locator("figure")).to_have_count(0)
    assert secret not in gallery.page.evaluate("JSON.stringify([sessionStorage, localStorage])")
    assert gallery.page.evaluate("Array.from(document.querySelectorAll('#access input'), (one) => one.value)").count(secret) == 0
    assert gallery.page.evaluate("window.blobs.size") == 0


def test_an_api_key(open_gallery):
    works_with_credentials(open_gallery("key"))


def test_an_access_key(open_gallery):
    works_with_credentials(open_gallery("iam"))


def test_wrong_credentials_are_asked_for_again(open_gallery):
    gallery = open_gallery("key")
    gallery.open()
    dialog = sign_in(gallery, {"apiKey": "wrong"})
    expect(dialog.get_by_role("alert")).to_contain_text("The API refused these credentials: Forbidden")
    expect(sign_in(gallery)).to_be_hidden()
    gallery = open_gallery("iam")
    gallery.open()
    dialog = sign_in(gallery, {"accessKey": gallery.stack["accessKey"], "secretKey": "wrong"})
    expect(dialog.get_by_role("alert")).to_contain_text("The API refused these credentials")
    dialog = sign_in(gallery)
    expect(dialog).to_be_hidden()


def test_an_open_api_asks_for_nothing(gallery):
    expect(gallery.page.locator("figure, #notice:not([hidden])").first).to_be_visible()
    expect(gallery.page.locator("#access")).to_be_hidden()
    expect(gallery.page.get_by_role("button", name="Forget credentials")).to_be_hidden()


def test_a_large_file_with_signatures(open_gallery):
    from images import bmp

    gallery = open_gallery("iam")
    gallery.open()
    expect(sign_in(gallery)).to_be_hidden()
    image = bmp(2000, 2000)
    gallery.upload(file("signed.bmp", image, "image/bmp"))
    expect(gallery.figure("signed.bmp", "done")).to_have_count(1)
    assert len(gallery.answered("PUT", "/uploads/signed.bmp")) == 3
    gallery.figure("signed.bmp").locator("a").click()
    with gallery.page.expect_download() as download:
        gallery.page.get_by_role("link", name="Download original").click()
    assert download.value.path().read_bytes() == image


def test_a_second_visit_is_cheap(open_gallery):
    """Thumbnails are requested with the ETag of the first visit, also with credentials."""
    for stack in ["open", "key"]:
        gallery = open_gallery(stack)
        gallery.open()
        if stack == "key":
            sign_in(gallery)
        gallery.upload(file("twice.png", png(200, 150, (1, 200, 100))))
        key = '[data-key^="twice"][data-status="done"] img.loaded'
        expect(gallery.page.locator(key).first).to_be_visible()
        session = gallery.context.new_cdp_session(gallery.page)
        session.send("Network.enable")
        statuses = []
        session.on("Network.responseReceivedExtraInfo", lambda event: statuses.append(event["statusCode"]))
        gallery.page.reload()
        expect(gallery.page.locator(key).first).to_be_visible()
        gallery.page.wait_for_timeout(200)
        assert 304 in statuses, statuses
