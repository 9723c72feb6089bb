"""bytes from here to there: tcp, tls, serial, radio, memory; the pump, the only real clock"""

__all__: list[str] = []
