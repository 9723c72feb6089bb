"""worlds (virtual time, lossy air, faults, invariants) and populations (millions of homes)"""

__all__: list[str] = []
