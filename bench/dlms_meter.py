"""A meter on a TCP port, in a process of its own: clock, register, 48 x 2 profile. Prints its port."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence

from meterhouse.model import HALF_HOUR, HALF_HOURS_A_DAY, Instant, parse_instant
from meterhouse.protocols.dlms import (
    CLOCK,
    CaptureObject,
    ClientAccess,
    Column,
    Counter,
    Keys,
    LogicalDevice,
    Mechanism,
    Obis,
    Policy,
    Server,
    Tag,
    clock,
    double_long_unsigned,
    profile_generic,
    register,
    rights_to_all,
    wrapper,
)

__all__ = ["KEYS", "PROFILE", "REGISTER", "ROWS", "main"]

KEYS = Keys(bytes(range(16)), bytes(range(0xD0, 0xE0)))
REGISTER = Obis.parse("1-0:1.8.0.255")
PROFILE = Obis.parse("1-0:99.1.0.255")
START = parse_instant("2026-01-05T00:00:00Z")
ROWS = [(Instant(START + HALF_HOUR * row), 1_234_567 + 150 * row) for row in range(1, HALF_HOURS_A_DAY + 1)]


class _Rows:
    def count(self) -> int:
        return len(ROWS)

    def rows(self, start: Instant, end: Instant) -> list[Sequence[int]]:
        return [row for row in ROWS if start <= row[0] <= end]

    def entries(self, first: int, last: int) -> Sequence[Sequence[int]]:
        return ROWS[first - 1 : last]


def make_server() -> Server:
    columns = [Column(CLOCK, Tag.OCTET_STRING), Column(CaptureObject(3, REGISTER, 2), Tag.DOUBLE_LONG_UNSIGNED)]
    objects = [
        clock(lambda now: now),
        register(REGISTER, lambda: double_long_unsigned(ROWS[-1][1]), scaler=0, unit=30),
        profile_generic(PROFILE, columns, _Rows(), period=1800, capacity=HALF_HOURS_A_DAY),
    ]
    rights = rights_to_all(objects)
    proved = ClientAccess(1, mechanism=Mechanism.GMAC, rights=rights, keys=KEYS, policy=Policy.BOTH, counter=Counter())
    clients = {16: ClientAccess(16, rights=rights), 1: proved}
    return Server(b"MTH00001", {1: LogicalDevice("MTH0000000000001", objects)}, clients, os.urandom)


def main() -> None:
    server = make_server()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            link, _ = listener.accept()
            with link:
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                decoder, connection = wrapper.Decoder(), server.connection()
                while data := link.recv(65536):
                    for frame in decoder.feed(data):
                        answer = connection.receive(frame.source, frame.destination, frame.apdu, ROWS[-1][0])
                        if answer is not None:
                            link.sendall(wrapper.encode(frame.destination, frame.source, answer))


if __name__ == "__main__":
    main()
