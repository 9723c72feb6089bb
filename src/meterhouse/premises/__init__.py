"""what stands in a home, told the time: electricity meter · gas meter · hub · display · keypad"""

__all__: list[str] = []
