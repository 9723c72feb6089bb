"""The main job as a stranger sees it: `meterhouse up` as a process, its REST API, a Ctrl-C, a power cut."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

import pytest

from fakes.street_process import StreetProcess, running

SPEED = 3_600
STREET = """
[street]
name = "Proof Row"
start = 2026-01-05T00:00:00Z

[gas]
price = "0.0737"
standing_charge = "0.2911"
cv = 39_500

[[home]]
id = "dry"
gas = { mode = "prepay", opening_balance = "0.30" }
debt = "35.00"
share_percent = 20

[[home]]
id = "typist"
gas = { mode = "prepay", opening_balance = "6.00" }
debt = "1.50"
share_percent = 50

[[home]]
id = "other"
gas = { mode = "prepay", opening_balance = "7.00" }

[[home]]
id = "bill"
gas = { mode = "credit" }
"""
OPENING = {"dry": Fraction("0.30"), "typist": Fraction("6.00"), "other": Fraction("7.00")}
UNIT = Fraction(1, 100_000)
PENCE_A_LITRE = Fraction("1.02264") * Fraction("39.5") / Fraction("3.6") / 1_000 * Fraction("0.0737")
A_DAY = Fraction("0.2911")
START = datetime.fromisoformat("2026-01-05T00:00:00+00:00")
WRONG_DIGIT = "This token is not for this meter, or a digit is wrong. Check the 20 digits and type it again."
USED = "This token was already used: its value was credited before."


def money(document: dict[str, str]) -> Fraction:
    assert document["currency"] == "GBP"
    return Fraction(document["amount"])


def owed(gas: dict[str, Any], home: str, tokens: Fraction) -> Fraction:
    """The balance, reckoned apart from the program from what the API shows, to 0.00001."""
    used = floor(gas["register_total"] * PENCE_A_LITRE / UNIT) * UNIT
    days = (datetime.fromisoformat(gas["last_contact"]) - START).days
    return OPENING[home] + tokens - used - days * A_DAY


def carried(amount: Fraction) -> Fraction:
    """What a token of `amount` carries: a currency token has 14 bits and a power of ten (IEC 62055-41), rounded up."""
    wanted, base, step = amount / UNIT, 0, 1
    while wanted > base + step * (2**14 - 1):
        base, step = base + 2**14 * step, step * 10
    return (base + step * -(-(wanted - base) // step)) * UNIT


def credited(street: StreetProcess, home: str) -> Fraction:
    """What the tokens accepted at a home are worth together."""
    payments = [one for one in street.get("/payments", limit="500") if one["home"] == home]
    accepted = (one for one in payments if any(stage["name"] == "accepted" for stage in one["stages"]))
    return sum((carried(money(one["in_token"])) for one in accepted), Fraction(0))


def stages(street: StreetProcess, request: str) -> list[str]:
    return [stage["name"] for stage in street.get(f"/payments/{request}")["stages"]]


def account(street: StreetProcess, home: str) -> str:
    return str(street.get(f"/homes/{home}")["account"])


def order(street: StreetProcess, home: str, amount: str) -> dict[str, str]:
    return {"account": account(street, home), "amount": amount, "currency": "GBP", "network": "corner-shop"}


def sell(street: StreetProcess, home: str, amount: str, key: str) -> dict[str, Any]:
    answer = street.post("/payments", order(street, home, amount), key)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


@pytest.fixture
def street(tmp_path: Path) -> Iterator[StreetProcess]:
    with running(tmp_path, *words(tmp_path)) as process:
        yield process


def words(folder: Path) -> tuple[str, ...]:
    file = folder / "street.toml"
    file.write_text(STREET)
    return str(file), "--speed", str(SPEED)


@pytest.mark.requirement("S3-19", "S3-88", "S3-107")
def test_credit_sold_at_the_counter_arms_a_closed_valve_and_a_hand_opens_it(street: StreetProcess) -> None:
    dry = street.wait("closed valve", lambda: (gas := street.gas("dry"))["supply"] == "off" and gas)
    assert money(dry["balance"]) == owed(dry, "dry", Fraction(0)) <= 0
    assert "credit is used up" in dry["why"]

    receipt = sell(street, "dry", "20.00", "proof-1")
    assert [money(receipt[part]) for part in ("paid", "to_debt", "in_token", "debt_left")] == [20, 4, 16, 31]
    assert len(receipt["token"]) == 20

    again = street.post("/payments", order(street, "dry", "20.00"), "proof-1")
    assert again.status_code == 200
    told_once = ("request", "account", "paid", "to_debt", "in_token", "debt_left", "token", "made_at")
    assert [again.json()[name] for name in told_once] == [receipt[name] for name in told_once]
    conflict = street.post("/payments", order(street, "dry", "19.00"), "proof-1")
    assert conflict.status_code == 409
    assert "used before" in conflict.json()["detail"]
    assert len(street.get("/payments")) == 1

    street.wait("life line", lambda: "accepted" in stages(street, "proof-1"))
    line = street.get("/payments/proof-1")["stages"]
    assert [stage["name"] for stage in line] == ["made", "carried", "hub", "accepted"]
    assert [stage["at"] for stage in line] == sorted(stage["at"] for stage in line)

    armed = street.gas("dry")
    assert armed["supply"] == "armed", "credit from the network must not open the valve by itself"
    assert money(armed["balance"]) == owed(armed, "dry", carried(Fraction(16))) > 0
    assert money(armed["debt"]) == 31
    time.sleep(2)  # two hours of the street: still nobody has pressed
    assert street.gas("dry")["supply"] == "armed"

    pressed = street.post("/homes/dry/button", {"fuel": "gas"})
    assert pressed.status_code == 200, pressed.text
    street.wait("open valve", lambda: street.gas("dry")["supply"] == "on")
    before = armed["register_total"]
    flowing = street.wait("gas", lambda: (gas := street.gas("dry"))["register_total"] > before and gas)
    assert money(flowing["balance"]) == owed(flowing, "dry", carried(Fraction(16)))
    said = [event["said"] for event in street.get("/homes/dry")["events"]]
    assert any(line.startswith("The gas valve closed at") and "where the credit ended" in line for line in said)
    assert any(line.startswith("A token from the network added £16.00.") for line in said)


@pytest.mark.requirement("S0-140", "S3-19")
def test_a_token_counts_once_whichever_way_it_comes_and_a_wrong_one_never(street: StreetProcess) -> None:
    def key_in(home: str, token: str) -> dict[str, Any]:
        answer = street.post(f"/homes/{home}/keypad", {"token": token})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    capped = sell(street, "typist", "10.00", "keypad-1")
    assert [money(capped[part]) for part in ("to_debt", "in_token", "debt_left")] == [
        Fraction("1.50"),
        Fraction("8.50"),
        0,
    ]
    token = capped["token"]
    other = sell(street, "other", "10.00", "keypad-2")
    assert money(other["in_token"]) == 10

    wrong = token[:-1] + str((int(token[-1]) + 1) % 10)
    assert (key_in("typist", wrong)["accepted"], key_in("typist", wrong)["why"]) == (False, WRONG_DIGIT)
    assert key_in("typist", other["token"])["why"] == WRONG_DIGIT
    assert key_in("typist", "1234")["why"] == "A token has 20 digits. Check how many were typed."
    assert key_in("bill", token)["why"] == "This home does not pay in advance, so it takes no tokens."

    typed = key_in("typist", " ".join(token[at : at + 4] for at in range(0, 20, 4)))
    # The network may have been faster than the fingers: then its value is in already, and the keypad says so.
    assert typed["accepted"] or typed["why"] == USED
    repeated = key_in("typist", token)
    assert (repeated["accepted"], repeated["why"]) == (False, USED)
    for request in ("keypad-1", "keypad-2"):
        street.wait("life line", lambda request=request: stages(street, request)[-1] == "accepted")
    time.sleep(1)
    for home, tokens in (("typist", carried(Fraction("8.50"))), ("other", carried(Fraction(10)))):
        gas = street.gas(home)
        assert money(gas["balance"]) == owed(gas, home, tokens)
        assert credited(street, home) == tokens


def registers(street: StreetProcess) -> dict[tuple[str, str], int]:
    return {
        (home["home"], meter["fuel"]): meter["register_total"]
        for home in street.get("/homes")
        for meter in home["meters"]
    }


def test_a_street_that_was_stopped_goes_on_where_it_stood(tmp_path: Path) -> None:
    with running(tmp_path, *words(tmp_path)) as first:
        sell(first, "other", "5.00", "before")
        first.wait("life line", lambda: stages(first, "before")[-1] == "accepted")
        first.wait("gas", lambda: first.gas("other")["register_total"] > 1_000)
        seen, told, now = registers(first), first.get("/payments"), first.now()
        assert first.stop() == 0
        assert "Stopped at" in first.talk()
        assert "Traceback" not in first.talk()
    with running(tmp_path, "--speed", str(SPEED)) as second:
        assert second.told["resumed"] is True
        assert second.told["now"] >= now
        assert second.get("/payments") == told
        second.wait("gas report", lambda: second.gas("other")["last_contact"])
        street_now = registers(second)
        assert {place: street_now[place] for place, register in seen.items() if street_now[place] < register} == {}
        gas = second.gas("other")
        assert money(gas["balance"]) == owed(gas, "other", carried(Fraction(5)))
        second.wait("more gas", lambda: second.gas("other")["register_total"] > seen["other", "gas"])
        gas = second.gas("other")
        assert money(gas["balance"]) == owed(gas, "other", carried(Fraction(5)))
        assert second.stop() == 0


@pytest.mark.requirement("S3-87")
def test_a_power_cut_neither_loses_nor_doubles_money(tmp_path: Path) -> None:
    sold: list[dict[str, Any]] = []
    for cut, pause in enumerate((0.0, 0.005, 0.03, 1.5)):
        with running(tmp_path, *words(tmp_path)) as street:
            settle(street, sold)
            sold += [sell(street, home, "3.00", f"cut-{cut}-{home}") for home in ("typist", "other")]
            time.sleep(pause)
            street.kill()
    with running(tmp_path, "--speed", str(SPEED)) as street:
        assert street.told["resumed"] is True
        settle(street, sold)
        assert street.stop() == 0


def settle(street: StreetProcess, sold: list[dict[str, Any]]) -> None:
    """Every payment is there once, adds up, and its token is credited once at the home, to the last unit."""
    payments = {one["request"]: one for one in street.get("/payments", limit="500")}
    assert set(payments) == {one["request"] for one in sold}
    for receipt in sold:
        now = payments[receipt["request"]]
        assert [now[part] for part in ("token", "paid", "to_debt")] == [
            receipt[part] for part in ("token", "paid", "to_debt")
        ]
        assert money(now["paid"]) == money(now["to_debt"]) + money(now["in_token"])
        street.wait("life line", lambda request=receipt["request"]: "accepted" in stages(street, request))
    for home in ("typist", "other"):
        gas = street.wait("gas report", lambda home=home: (gas := street.gas(home))["last_contact"] and gas)
        tokens = sum((carried(money(one["in_token"])) for one in sold if one["home"] == home), Fraction(0))
        assert money(gas["balance"]) == owed(gas, home, tokens), home
        assert credited(street, home) == tokens
