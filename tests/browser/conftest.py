"""The gallery page in a real browser, against stacks that run on this machine.

`cargo test -p system-tests --test browser` starts the stacks, one for each mode of ApiAuthorization, describes them in
GALLERY_STACKS, and runs pytest in this folder.
"""

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect, sync_playwright

PHOTOS = Path(__file__).parents[2] / "photos"
STACKS = json.loads(os.environ["GALLERY_STACKS"])
# Chromium as root, and without the requests that it makes on its own.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# The machine may be busy with other tests.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["GALLERY_BROWSER"], args=FLAGS)
        yield browser
        browser.close()


class Gallery:
    """A page in a separate browser profile, with its requests and its error messages."""

    def __init__(self, browser, stack, **options):
        self.stack = STACKS[stack]
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "accept_downloads": True} | options)
        self.context.set_default_timeout(PATIENCE)
        self.hosts = set()
        self.responses = []
        self.complaints = []
        self.context.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        self.context.on("response", lambda response: self.responses.append(response))
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.context.on("console", self._listen)
        self.page = self.context.new_page()
        self.session = None

    def _listen(self, message):
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def open(self, address="", page=None):
        page = page or self.page
        page.goto(self.stack["api"] + address)
        return page

    def upload(self, *files):
        self.page.locator("input[type=file]").set_input_files(list(files))

    def figure(self, key, status=None):
        status = f'[data-status="{status}"]' if status else ""
        return self.page.locator(f'figure[data-key="{css(key)}"]{status}')

    def answered(self, method, path):
        """Responses to requests of that method whose path has `path` in it."""
        return [one for one in self.responses if one.request.method == method and path in one.url]

    def throttle_uploads(self, bytes_a_second, offline=False):
        """Slows uploads down, or cuts the connection: requests under way fail."""
        self.session = self.session or self.context.new_cdp_session(self.page)
        conditions = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_a_second}
        self.session.send("Network.emulateNetworkConditions", conditions)

    def close(self):
        self.context.close()
        own = {urlsplit(self.stack["api"]).netloc, ""}
        assert self.hosts <= own, f"requests to {self.hosts - own}"
        assert not self.complaints, self.complaints


def css(text):
    return text.replace("\\", "\\\\").replace('"', '\\"')


@pytest.fixture
def open_gallery(browser):
    """Makes galleries: open_gallery(stack, **options of the browser's context)."""
    made = []

    def make(stack="open", **options):
        made.append(Gallery(browser, stack, **options))
        return made[-1]

    yield make
    for gallery in made:
        gallery.close()


@pytest.fixture
def gallery(open_gallery):
    gallery = open_gallery()
    gallery.open()
    return gallery
