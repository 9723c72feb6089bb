"""bills from stored readings"""

from meterhouse.supplier.office.gas_bill import GasBill, GasDay, gas_bill

__all__ = ["GasBill", "GasDay", "gas_bill"]
