"""the rule-book of a home and its bill: plain functions on integers"""

__all__: list[str] = []
