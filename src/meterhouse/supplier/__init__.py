"""headend/ · vending/ · ledger/ · trust/ · office/ (billing, statements, roll-out)"""

__all__: list[str] = []
