"""one party at a time turned hostile, by the catalogue of attacks: how often tried, how often it worked"""

from typing import Final

from meterhouse.simulation.attacks import (
    armed_switch,
    change_of_supplier,
    clocks,
    consumers_side,
    dear_gas,
    inside,
    lying_hub,
    on_the_way,
    races,
    recovery,
    stolen_keys,
    suppliers_key,
    switch_search,
    trial_message,
)
from meterhouse.simulation.attacks.case import ATTACKS, Attack, Outcome, Tally, Terms, run_attack

__all__ = ["ATTACKS", "Attack", "Outcome", "Tally", "Terms", "run_attack"]

_ENTERED: Final = (
    armed_switch,
    clocks,
    consumers_side,
    dear_gas,
    inside,
    lying_hub,
    on_the_way,
    change_of_supplier,
    races,
    trial_message,
    recovery,
    stolen_keys,
    suppliers_key,
    switch_search,
)
"""Importing a module enters its attacks."""
