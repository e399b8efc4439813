"""Headless Chromium for page tests."""

from __future__ import annotations

import os
import shutil
import time
from typing import Any

from tests.web.serving import Running

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE, PHONE = {"width": 1400, "height": 900}, {"width": 390, "height": 844}


def chromium() -> str | None:
    """Path of the machine's Chromium, None where there is none."""
    candidates = [os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"]
    return next((path for name in candidates if name and (path := shutil.which(name))), None)


class Visit:
    """A page under test: what it asked for, what it complained about."""

    def __init__(self, page: Any, server: Running) -> None:
        self.page = page
        self.server = server
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def open(self, path: str = "/") -> Any:
        self.page.goto(self.server.url + path)
        return self.page

    def upload(self, data: bytes, name: str = "photo.png", kind: str = "image/png") -> None:
        self.page.set_input_files("#file", {"name": name, "mimeType": kind, "buffer": data})

    def results(self) -> list[str]:
        """Titles of the products shown, once they are."""
        self.page.wait_for_selector("#grid[aria-busy=false] .card:not(.skeleton)")
        return self.page.locator("#grid .card-title").all_inner_texts()

    def settled(self, check: str) -> None:
        """Wait for a condition in the page's own words. (Playwright's own wait evaluates strings inside the page.)"""
        deadline = time.monotonic() + 20
        while not self.page.evaluate(check):
            if time.monotonic() > deadline:
                raise AssertionError(f"never came true: {check}")
            self.page.wait_for_timeout(50)

    def weight(self, block: str, share: int) -> None:
        """Move the slider of a block to a share in per cent."""
        more = self.page.locator(".more-weights")
        if not more.evaluate("(e) => e.open"):
            more.locator("summary").click()
        self.page.locator(f"#weight-{block}").fill(str(share))

    def went_out(self) -> list[str]:
        """Requests that left the server."""
        return [url for url in self.requests if not url.startswith((self.server.url, "blob:", "data:"))]
