"""one party at a time turned hostile, by the catalogue of attacks: how often tried, how often it worked"""

from meterhouse.simulation.attacks import inside, on_the_way, races, stolen_keys, suppliers_key, switch_search  # noqa: F401 -- importing a module enters its attacks
from meterhouse.simulation.attacks.case import ATTACKS, Attack, Outcome, Tally, Terms, run_attack

__all__ = ["ATTACKS", "Attack", "Outcome", "Tally", "Terms", "run_attack"]
