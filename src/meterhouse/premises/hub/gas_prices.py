"""A flat price out of the ZigBee Price cluster's words: one Publish Tariff Information and one Publish Price Matrix.

Anything richer (tiers, blocks, several commands to one matrix, a later start) is refused whole: it comes by the tariff
matrix object until somebody needs it sealed.
"""

from __future__ import annotations

from typing import Final

from meterhouse.companion.sealed import Component, SealedError
from meterhouse.protocols.wire import Reader

__all__ = ["flat_price"]

_TARIFF, _MATRIX = 0x04, 0x05
_FIVE_DIGITS: Final = 0x50
_NOW: Final = frozenset({0, 0xFFFF_FFFE, 0xFFFF_FFFF})
"""Start times that mean: at once."""


class _PriceReader(Reader):
    """Raises `SealedError`."""

    __slots__ = ()
    error = SealedError


def flat_price(components: tuple[Component, ...]) -> tuple[int, int]:
    """(price per kWh, standing charge per day), 10⁻⁵ of the currency unit.

    Raises:
        SealedError: cut off, with anything behind its end, or more than one price.
    """
    payloads = {component.frame.command: component.frame.payload for component in components}
    if len(components) != 2 or set(payloads) != {_TARIFF, _MATRIX}:
        raise SealedError("a flat price is one tariff information and one price matrix")
    tariff, standing = _tariff(_PriceReader(payloads[_TARIFF]))
    matrix, price = _matrix(_PriceReader(payloads[_MATRIX]))
    if tariff != matrix:
        raise SealedError(f"the price matrix is of tariff {matrix}, the information of tariff {tariff}")
    return price, standing


def _tariff(reader: _PriceReader) -> tuple[int, int]:
    reader.take(8, "provider and event")
    tariff, start = reader.little(4, "tariff"), reader.little(4, "start")
    reader.u8("tariff type")
    reader.take(reader.u8("length of the label"), "label")
    tiers, thresholds = reader.u8("tiers"), reader.u8("block thresholds")
    reader.take(3, "unit and currency")
    digits, standing = reader.u8("trailing digits"), reader.little(4, "standing charge")
    reader.take(7, "tier block mode, multiplier and divisor")
    reader.finish("tariff information")
    if tiers > 1 or thresholds or digits != _FIVE_DIGITS or start not in _NOW:
        raise SealedError("the tariff has tiers, blocks, other than five decimals, or a later start")
    return tariff, standing


def _matrix(reader: _PriceReader) -> tuple[int, int]:
    reader.take(8, "provider and event")
    start, tariff = reader.little(4, "start"), reader.little(4, "tariff")
    index, total = reader.u8("command index"), reader.u8("number of commands")
    reader.u8("sub-payload control")
    reader.u8("tier")
    price = reader.little(4, "price")
    reader.finish("price matrix")
    if (index, total) != (0, 1) or start not in _NOW:
        raise SealedError("the price matrix comes in several commands, or later")
    return tariff, price
