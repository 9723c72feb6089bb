"""the blind relay: who may reach whom, how often, and what it cost"""

__all__: list[str] = []
