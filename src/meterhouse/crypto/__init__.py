"""pure primitives over `cryptography`; keys and nonces are arguments"""

__all__: list[str] = []
