"""the memory: SQL (ledger, registry, commands) and interval data (Parquet); implements the supplier's ports"""

__all__: list[str] = []
