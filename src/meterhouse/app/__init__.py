"""the one place that wires real parts together; settings"""

__all__: list[str] = []
