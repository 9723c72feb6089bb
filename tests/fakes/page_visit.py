"""Visits console pages with Chromium as a person would, and notices what a person should never meet.

Knows nothing of the desk: give it the base URL of any running console.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

__all__ = ["LAPTOP", "PHONE", "PageVisit", "chromium", "chromium_path", "tour", "visit"]

LAPTOP = (1280, 800)
PHONE = (360, 740)


def chromium_path() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class PageVisit:
    """An open page; `complaints` collects console errors, page errors, failed and foreign requests."""

    page: Page
    base_url: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.base_url + path)
        self.page.wait_for_selector(".mh-page")
        self.page.wait_for_function("window.socket && window.socket.connected")

    def sees(self, *texts: str) -> None:
        for text in texts:
            self.page.get_by_text(text).first.wait_for(state="visible", timeout=15_000)

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def spilt(self) -> list[str]:
        """Facts that are wider than their column, and so run into the next."""
        script = "[...document.querySelectorAll('.mh-fact dd')].filter(e => e.scrollWidth > e.clientWidth)"
        return list(self.page.evaluate(f"{script}.map(e => e.innerText)"))

    def shoot(self, folder: Path, name: str) -> Path:
        """A picture of the whole page."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.png"
        self.page.evaluate("window.scrollTo(0, 0)")
        self.page.mouse.move(0, 0)
        self.page.wait_for_timeout(500)
        self.page.screenshot(path=path, full_page=True)
        return path


@contextmanager
def visit(
    browser: Browser, base_url: str, size: tuple[int, int], scheme: str = "light", timezone: str = "Europe/London"
) -> Iterator[PageVisit]:
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        timezone_id=timezone,
    )
    page = context.new_page()
    seen = PageVisit(page, base_url.rstrip("/"))
    page.on("console", lambda message: message.type == "error" and seen.complaints.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: seen.complaints.append(f"page: {error}"))
    page.on("request", lambda request: _note_foreign(request.url, seen.complaints))
    page.on("response", lambda answer: answer.status >= 400 and seen.complaints.append(f"{answer.status} {answer.url}"))
    try:
        yield seen
    finally:
        context.close()


def tour(browser: Browser, base_url: str, folder: Path, home: str) -> list[Path]:
    """Pictures of the three pages on a laptop and a phone, of any running console.

    Fails on a console error, a failed or foreign request, a page wider than its window, or a badge without a word.
    """
    pictures: list[Path] = []
    for size in (LAPTOP, PHONE):
        with visit(browser, base_url, size) as seen:
            for name, path in (("street", "/"), (f"home-{home}", f"/home/{home}"), ("counter", "/counter")):
                seen.open(path)
                seen.sees("Street", "Counter")
                pictures.append(seen.shoot(folder, f"{name}-{size[0]}x{size[1]}"))
                assert seen.overflow() == 0, f"{path} is wider than {size[0]} pixels"
                assert all(badge.inner_text().strip() for badge in seen.page.locator(".mh-badge").all())
            assert seen.complaints == []
    return pictures


def _note_foreign(url: str, complaints: list[str]) -> None:
    if re.match(r"(https?|wss?):", url) and urlsplit(url).hostname != "127.0.0.1":
        complaints.append(f"foreign request: {url}")
