"""how the protocols are used together: sealed messages, OBIS ports, object lists, gas telegrams, PICS (data files)"""

__all__: list[str] = []
