"""Nobody can ask supplier or carrier to pair a consumer's device: there is no such call (S0-61)."""

from __future__ import annotations

import re

import pytest
import typer

from fakes.street_desk import StreetDesk
from meterhouse.app.use_cases import own_catalogue
from meterhouse.cli import app
from meterhouse.companion.certificate import DOMAIN_OF, CertifiedRole, Domain
from meterhouse.companion.relay import Kind, Role
from meterhouse.console import build_api

PAIRING = re.compile(
    r"\b(pair(ing)?|join(ing)?|bind(ing)?|enrol(l)?|commission(ing)?|permit|cad|ihd|consumer.?device)\b", re.IGNORECASE
)


def words_of(name: str) -> str:
    return re.sub(r"[_/{}.-]", " ", name)


def verbs(command, prefix: str = "") -> list[str]:
    found = [prefix]
    for name, below in getattr(command, "commands", {}).items():
        found += verbs(below, f"{prefix} {name}")
    return found


@pytest.mark.requirement("S0-61")
def test_neither_api_nor_carrier_nor_orders_nor_command_line_know_of_pairing():
    paths = build_api(StreetDesk()).openapi()["paths"]
    calls = [f"{path} {more.get('summary', '')}" for path, methods in paths.items() for more in methods.values()]
    surfaces = {
        "API": calls,
        "carrier": [each.name for each in (*Kind, *Role)],
        "orders": [use_case.name for use_case in own_catalogue().values()],
        "command line": verbs(typer.main.get_command(app)),
    }
    assert all(len(names) > 2 for names in surfaces.values())
    found = {place: [name for name in names if PAIRING.search(words_of(name))] for place, names in surfaces.items()}
    assert found == {place: [] for place in surfaces}


@pytest.mark.requirement("S0-61")
def test_no_certificate_of_the_consumers_domain_has_a_role_that_carrier_or_supplier_speak_with():
    spoken = {role.value for role in CertifiedRole if DOMAIN_OF[role] in {Domain.CONSUMER, Domain.THIRD_PARTY}}
    assert spoken
    roles = {role for use_case in own_catalogue().values() for role in use_case.roles}
    assert not spoken & {role.value for role in roles}
    assert not spoken & {role.name.lower().replace("_", "-") for role in Role}
