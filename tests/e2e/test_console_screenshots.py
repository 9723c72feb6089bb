"""The three pages in Chromium, on a laptop and on a phone, as a person meets them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from fakes.page_visit import LAPTOP, PHONE, PageVisit, chromium, chromium_path, tour, visit

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "build" / "screenshots"
SIZES = {"laptop": LAPTOP, "phone": PHONE}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium_path() is None, reason="SKIPPED: no Chromium on this machine (apt install chromium)"),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where a console over the street in memory answers."""
    command = [sys.executable, "-m", "fakes.serve_street"]
    with subprocess.Popen(command, cwd=ROOT / "tests", stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), "the console did not start"
        yield url
        server.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(params=SIZES)
def visitor(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[PageVisit]:
    with visit(browser, address, SIZES[request.param]) as seen:
        yield seen
        assert seen.complaints == []


def _name(visitor: PageVisit, page: str) -> str:
    size = visitor.page.viewport_size
    assert size is not None
    return f"{page}-{size['width']}x{size['height']}"


def test_street_shows_every_home_with_words_beside_colours(visitor: PageVisit) -> None:
    visitor.open("/")
    visitor.sees("Street", "homes on supply", "credit at the premises", "Armed", "Off", "gas-free", "weak gas link")
    expect(visitor.page.locator("a.mh-row")).to_have_count(12)
    for badge in visitor.page.locator(".mh-badge").all():
        assert badge.inner_text().strip()
    visitor.shoot(PICTURES, _name(visitor, "street"))
    assert visitor.overflow() == 0


def test_street_is_live(visitor: PageVisit) -> None:
    visitor.open("/")
    clock = visitor.page.locator(".mh-clock .mh-number")
    first = clock.inner_text()
    expect(clock).not_to_have_text(first, timeout=5_000)


def test_home_shows_both_fuels_and_the_restore_button_only_where_it_may_help(visitor: PageVisit) -> None:
    visitor.open("/home/09")
    visitor.sees("Home 09", "Electricity", "Gas", "Press to restore gas", "Keypad", "Allowed without link", "missing")
    expect(visitor.page.locator(".mh-chart canvas")).to_have_count(2)
    visitor.shoot(PICTURES, _name(visitor, "home-09"))
    assert visitor.overflow() == 0
    visitor.open("/home/07")
    visitor.sees("Balance", "Gas left")
    expect(visitor.page.get_by_text("Press to restore")).to_have_count(0)
    visitor.shoot(PICTURES, _name(visitor, "home-07"))


def test_a_wrong_token_is_refused_with_reason_and_next_step(visitor: PageVisit) -> None:
    visitor.open("/home/03")
    visitor.page.get_by_label("Token from the receipt").fill("12345678901234567890")
    visitor.page.get_by_role("button", name="Key in", exact=True).click()
    visitor.sees("Refused.", "Compare it with the receipt")
    assert visitor.overflow() == 0


def test_counter_sells_and_follows_the_token_home(visitor: PageVisit) -> None:
    visitor.open("/counter")
    visitor.shoot(PICTURES, _name(visitor, "counter-empty"))
    visitor.page.get_by_label("Account").click()
    visitor.page.get_by_role("option", name="1007").click()
    visitor.page.get_by_role("button", name="20.00", exact=True).click()
    visitor.page.get_by_role("button", name="Take payment").click()
    visitor.sees("£20.00", "To debt", "£4.00", "£16.00", "Token made")
    digits = visitor.page.locator(".mh-token-digits").inner_text()
    assert [len(group) for group in digits.split()] == [4, 4, 4, 4, 4]
    expect(visitor.page.locator(".mh-step.mh-good")).to_have_count(4, timeout=20_000)
    visitor.shoot(PICTURES, _name(visitor, "counter"))
    assert visitor.overflow() == 0


def test_counter_says_why_a_payment_is_refused(visitor: PageVisit) -> None:
    visitor.open("/counter")
    visitor.page.get_by_role("button", name="Take payment").click()
    visitor.sees("No account is chosen.", "Choose it above.")


def test_pages_read_well_in_the_dark(browser: Browser, address: str) -> None:
    with visit(browser, address, LAPTOP, scheme="dark") as seen:
        for name, path in (("street", "/"), ("home-05", "/home/05"), ("counter", "/counter")):
            seen.open(path)
            seen.sees("Meterhouse")
            background = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert background == "rgb(17, 22, 28)"
            seen.shoot(PICTURES, f"{name}-dark")
        assert seen.complaints == []


def test_page_keeps_what_was_typed_while_the_connection_is_away_for_five_seconds(visitor: PageVisit) -> None:
    visitor.open("/counter")
    amount = visitor.page.get_by_label("Amount in GBP")
    amount.fill("12.34")
    visitor.page.evaluate(
        "window.mark = 1; window.socket.disconnect(); setTimeout(() => window.socket.connect(), 5000)"
    )
    visitor.page.wait_for_function("!window.socket.connected")
    visitor.page.wait_for_function("window.socket.connected", timeout=10_000)
    clock = visitor.page.locator(".mh-clock .mh-number")
    expect(clock).not_to_have_text(clock.inner_text(), timeout=5_000)
    assert visitor.page.evaluate("window.mark") == 1, "the page was loaded anew"
    assert amount.input_value() == "12.34"


def test_tour_of_the_three_pages_meets_nothing_amiss(browser: Browser, address: str) -> None:
    pictures = tour(browser, address, PICTURES / "tour", "03")
    assert len({picture.read_bytes() for picture in pictures}) == 6


@pytest.mark.requirement("S0-50")
def test_a_visit_begins_its_work_only_behind_a_stated_isolation(visitor: PageVisit) -> None:
    page, phone = visitor.page, visitor.page.viewport_size["width"] < 600  # type: ignore[index]
    visitor.open(f"/home/{'08' if phone else '03'}")
    visitor.sees("Work on the installation", "is no isolation")
    card = page.locator(".mh-card", has_text="Work on the installation")
    card.get_by_label("What is to be done").fill("change the meter")
    card.get_by_label("Your name").fill("Ann")
    card.get_by_role("button", name="Plan a visit").click()
    card.get_by_text("Planned", exact=True).wait_for()
    card.get_by_label("Your name").fill("Ben")
    card.get_by_role("button", name="I am there").click()
    card.get_by_text("State the physical isolation").wait_for()
    assert card.get_by_role("button", name="Begin the work").count() == 0
    card.get_by_label("Your name").fill("Ben")
    card.get_by_role("button", name="State the physical isolation").click()
    card.get_by_text("No physical means is chosen").wait_for()
    card.get_by_label("Physical means").click()
    page.get_by_role("option", name="Cut-out fuse withdrawn").click()
    for label, words in (("Where", "hall"), ("Secured how", "fuse in my bag"), ("Number of the tester", "tester 0417")):
        card.get_by_label(label).fill(words)
    card.get_by_text("The tester was tried").click()
    visitor.shoot(PICTURES, _name(visitor, "visit-stated"))
    card.get_by_role("button", name="State the physical isolation").click()
    card.get_by_text("was not proved dead").wait_for()
    card.get_by_text("It showed no supply").click()
    card.get_by_role("button", name="State the physical isolation").click()
    card.get_by_text("proved dead with tester 0417").wait_for()
    card.get_by_label("Your name").fill("Ben")
    card.get_by_role("button", name="Begin the work").click()
    card.get_by_text("Work goes on", exact=True).wait_for()
    visitor.shoot(PICTURES, _name(visitor, "visit-working"))
    assert visitor.overflow() == 0
