"""The page of orders: one person raises a cut, another approves it, its meter asks back; met on a laptop and a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from fakes.page_visit import LAPTOP, PHONE, chromium, chromium_path, visit
from fakes.sealed_street import STREET, trust_folder
from fakes.street_process import StreetProcess, running

PICTURES = Path(__file__).parents[2] / "build" / "screenshots" / "orders"
LEAKS = re.compile(r"\b(None|nan|NaN|undefined|null|Traceback|\w+_money5|isolat\w+)\b")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(180),
    pytest.mark.skipif(chromium_path() is None, reason="SKIPPED: no Chromium on this machine (apt install chromium)"),
]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreetProcess]:
    folder = tmp_path_factory.mktemp("street")
    (folder / "street.toml").write_text(STREET)
    trust = trust_folder(folder / "trust")
    with running(folder, str(folder / "street.toml"), "--speed", "300", "--trust", str(trust)) as street:
        yield street
        assert street.stop() == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running_browser:
        yield running_browser


def sign(page: Page, mark: str, person: str) -> None:
    """Type a name and a passphrase."""
    form = page.locator("section", has=page.get_by_label("Your name")).filter(visible=True)
    fields = form.first if mark == "raise" else page.locator("section.mh-card", has_text="unpaid for ninety days").first
    fields.get_by_label("Your name").fill(person)
    fields.get_by_label("Your passphrase").fill(f"{person}'s words")


def test_a_cut_is_raised_approved_by_another_and_followed_to_its_end(browser: Browser, street: StreetProcess) -> None:
    with visit(browser, street.told["console"], LAPTOP) as seen:
        page = seen.page
        seen.open("/orders")
        seen.sees("New order", "Brakes", "Nobody has raised an order yet.", "B1 · Order desk", "B2 · Signing daemon")
        page.get_by_label("Home", exact=True).click()
        page.get_by_role("option", name="Home 01").click()
        page.get_by_label("Reason, in words for the customer").fill("unpaid for ninety days")
        page.get_by_label("Where the proof is").fill("case 4711 of 2026")
        page.get_by_role("button", name="Raise the order").click()
        seen.sees("Nobody has signed.")
        sign(page, "raise", "Operator")
        page.get_by_role("button", name="Raise the order").click()
        seen.sees("Order W000001 is raised.", "needs an approval", "Cut the electricity · home 01")

        sign(page, "act", "Operator")
        page.get_by_role("button", name="Approve").click()
        seen.sees("'Operator' may not approve orders")
        sign(page, "act", "Approver")
        page.get_by_role("button", name="Approve").click()
        seen.sees("cooling off", "1 of 3 homes in an hour")
        seen.shoot(PICTURES, "cooling-off-1280x800")
        expect(page.get_by_text("done, by", exact=False).first).to_be_visible(timeout=60_000)
        seen.sees("Looked at by another way: it is as ordered.")
        assert LEAKS.findall(page.locator("body").inner_text()) == []
        seen.shoot(PICTURES, "done-1280x800")
        assert seen.overflow() == 0
        assert seen.complaints == []
        assert "Operator's words" not in page.content()
    with visit(browser, street.told["console"], PHONE) as seen:
        seen.open("/orders")
        seen.page.locator("button.mh-receipt").first.click()
        seen.sees("unpaid for ninety days (case 4711 of 2026)")
        seen.shoot(PICTURES, "done-360x740")
        assert seen.overflow() == 0
        assert seen.complaints == []
