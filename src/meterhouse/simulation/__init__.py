"""worlds (virtual time, lossy air, faults, invariants) and populations (millions of homes)"""

from meterhouse.simulation.invariants import Invariant, InvariantBrokenError, Violation
from meterhouse.simulation.trace import Level, Trace
from meterhouse.simulation.world import World

__all__ = ["Invariant", "InvariantBrokenError", "Level", "Trace", "Violation", "World"]
