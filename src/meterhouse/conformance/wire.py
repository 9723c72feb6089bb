"""Bytes to a device and back, one connection at a time, waiting no longer than told: TCP or a serial port."""

from __future__ import annotations

import os
import select
import socket
import sys
from typing import Protocol

from meterhouse.model import ConfigurationError, LinkError

if sys.platform != "win32":
    import termios
    import tty

__all__ = ["SerialWire", "TcpWire", "Wire"]

_PIECE = 65536


class Wire(Protocol):
    """One connection; may be opened again after it was closed."""

    def open(self) -> None:
        """Connect.

        Raises:
            LinkError: nobody is there.
        """

    def write(self, data: bytes) -> None:
        """Send; what a closed connection does not take is lost."""

    def read(self, patience: float) -> bytes | None:
        """What came, empty where the device closed the connection, None where `patience` seconds passed in silence."""

    def close(self) -> None:
        """Disconnect; nothing where there is no connection."""


class TcpWire:
    """A device's TCP port.

    Args:
        host: name or address.
        port: of it.
        patience: seconds for a connection.
    """

    def __init__(self, host: str, port: int, patience: float = 5.0) -> None:
        self._place = (host, port)
        self._patience = patience
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Connect anew."""
        self.close()
        try:
            self._socket = socket.create_connection(self._place, self._patience)
        except OSError as error:
            raise LinkError(
                f"the device at {self._place[0]} port {self._place[1]} cannot be reached: {error}",
                remedy="Check the address, and that nobody else is connected.",
            ) from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def write(self, data: bytes) -> None:
        """Send."""
        if self._socket is not None:
            try:
                self._socket.sendall(data)
            except OSError:
                self.close()

    def read(self, patience: float) -> bytes | None:
        """See `Wire`."""
        if self._socket is None:
            return b""
        self._socket.settimeout(max(patience, 0.001))
        try:
            return self._socket.recv(_PIECE)
        except TimeoutError:
            return None
        except OSError:
            return b""

    def close(self) -> None:
        """Disconnect."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class SerialWire:
    """A serial port, 8 data bits without parity.

    Args:
        path: of the device file.
        baud: of the line.
    """

    def __init__(self, path: str, baud: int = 9600) -> None:
        if sys.platform == "win32" or not hasattr(termios, f"B{baud}"):
            raise ConfigurationError(f"{baud} baud is not a rate of this system's serial ports")
        self._path = path
        self._speed = int(getattr(termios, f"B{baud}"))
        self._descriptor: int | None = None

    def open(self) -> None:
        """Open the port, and forget what has come before."""
        self.close()
        descriptor = -1
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_NOCTTY)
            tty.setraw(descriptor)
            attributes = termios.tcgetattr(descriptor)
            attributes[4] = attributes[5] = self._speed
            termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
            termios.tcflush(descriptor, termios.TCIOFLUSH)
        except (OSError, termios.error) as error:
            if descriptor >= 0:
                os.close(descriptor)
            raise LinkError(f"serial port {self._path} cannot be opened: {error}") from error
        self._descriptor = descriptor

    def write(self, data: bytes) -> None:
        """Send."""
        while data and self._descriptor is not None:
            data = data[os.write(self._descriptor, data) :]

    def read(self, patience: float) -> bytes | None:
        """See `Wire`."""
        if self._descriptor is None:
            return b""
        ready, _, _ = select.select([self._descriptor], [], [], max(patience, 0))
        if not ready:
            return None
        try:
            return os.read(self._descriptor, _PIECE)
        except OSError:
            return b""

    def close(self) -> None:
        """Close the port."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
