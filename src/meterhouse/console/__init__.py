"""web pages and REST API"""

__all__: list[str] = []
