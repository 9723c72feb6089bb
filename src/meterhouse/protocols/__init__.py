"""sans-IO codecs and state machines, each usable alone: wire · dlms · wmbus · zigbee · sts"""

__all__: list[str] = []
