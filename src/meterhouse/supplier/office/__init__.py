"""bills from stored readings, and visits to homes"""

from meterhouse.supplier.office.gas_bill import GasBill, GasDay, gas_bill
from meterhouse.supplier.office.visit import NO_ISOLATION, Isolation, Means, Visit, VisitState, VisitStep, parse_means

__all__ = [
    "NO_ISOLATION",
    "GasBill",
    "GasDay",
    "Isolation",
    "Means",
    "Visit",
    "VisitState",
    "VisitStep",
    "gas_bill",
    "parse_means",
]
