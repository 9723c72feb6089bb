"""The three pages of the street that really runs, met by a person with a laptop and a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from fakes.page_visit import LAPTOP, PHONE, chromium, chromium_path, tour, visit
from fakes.street_process import StreetProcess, running

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "build" / "screenshots" / "street"
MORNING = datetime.fromisoformat("2026-01-06T07:20:00+00:00")
"""Of the street's second day: a day is collected, credit has run out in home 02, and the heating is on."""
LEAKS = re.compile(r"\b(None|nan|NaN|undefined|null|Traceback|\w+_money5|\w+=\w+)\b")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.skipif(chromium_path() is None, reason="SKIPPED: no Chromium on this machine (apt install chromium)"),
]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreetProcess]:
    """The twelve homes that come with the program, after a day at full speed, resumed at the usual speed."""
    folder = tmp_path_factory.mktemp("street")
    with running(folder, "--speed", "3600") as fast:
        fast.wait("morning", lambda: datetime.fromisoformat(fast.now()) >= MORNING, seconds=180)
        assert fast.stop() == 0
    with running(folder) as street:
        street.wait("hubs", lambda: all(home["hub_online"] for home in street.get("/homes")))
        street.wait("contact", lambda: all(m["last_contact"] for home in street.get("/homes") for m in home["meters"]))
        yield street
        assert street.stop() == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running_browser:
        yield running_browser


def leaks(page: Page) -> list[str]:
    """Words that belong to programs and not to people."""
    return LEAKS.findall(page.locator("body").inner_text())


def test_the_running_street_reads_well_on_a_laptop_and_a_phone(browser: Browser, street: StreetProcess) -> None:
    url = street.told["console"]
    with visit(browser, url, LAPTOP) as seen:
        seen.open("/")
        seen.sees("Street", "homes on supply", "weak gas link", "no gas: all electric", "300 × real time")
        expect(seen.page.locator("a.mh-row")).to_have_count(12)
        assert leaks(seen.page) == []

        seen.open("/counter")
        seen.page.get_by_label("Account").click()
        seen.page.get_by_role("option", name="home 02").click()
        seen.page.get_by_role("button", name="20.00", exact=True).click()
        seen.page.get_by_role("button", name="Take payment").click()
        seen.sees("£20.00", "To debt", "£4.00", "£16.00", "£31.00 debt left")
        expect(seen.page.locator(".mh-step.mh-good")).to_have_count(4, timeout=20_000)
        assert leaks(seen.page) == []
        seen.shoot(PICTURES, "sold-1280x800")

        seen.open("/home/02")
        seen.sees(
            "Home 02",
            "Gas left",
            "Press to restore gas",
            "Keypad",
            "Payments",
            "A token from the network added £16.00.",
        )
        expect(seen.page.locator(".mh-chart canvas")).to_have_count(2)
        assert leaks(seen.page) == []
        assert seen.complaints == []

    pictures = tour(browser, url, PICTURES, "02")
    assert len({picture.read_bytes() for picture in pictures}) == 6

    for size in (LAPTOP, PHONE):
        with visit(browser, url, size) as seen:
            seen.open("/home/01")
            seen.sees("Home 01", "kWh in 48 half hours", "Account")
            assert leaks(seen.page) == []
            seen.shoot(PICTURES, f"home-01-{size[0]}x{size[1]}")
            assert seen.overflow() == 0
            assert seen.complaints == []

    with visit(browser, url, PHONE) as seen:
        seen.open("/home/02")
        seen.page.get_by_role("button", name="Press to restore gas").click()
        seen.sees("The meter is calling its hub; the gas comes on within seconds.")
        expect(seen.page.get_by_text("Press to restore gas")).to_have_count(0, timeout=20_000)
        seen.sees("The gas valve opened at")
        assert seen.complaints == []


def test_a_home_that_prepays_its_electricity_reads_well(browser: Browser, street: StreetProcess) -> None:
    """Home 10 had 1.50 for a day and a half: it is off, its account in the hub; home 06 pays at its meter."""
    url = street.told["console"]
    with visit(browser, url, LAPTOP) as seen:
        for home in ("10", "06"):
            seen.open(f"/home/{home}")
            seen.sees(f"Home {home}", "Electricity", "Balance")
            assert leaks(seen.page) == []
            assert seen.spilt() == []
            seen.shoot(PICTURES, f"electricity-{home}-1280x800")
        assert seen.complaints == []
    with visit(browser, url, PHONE) as seen:
        seen.open("/home/10")
        seen.shoot(PICTURES, "electricity-10-phone")
        assert leaks(seen.page) == []
