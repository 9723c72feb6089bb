"""What became of work orders, as it stands in the books: looked up by one, by page, and by how far they have come."""

from __future__ import annotations

from dataclasses import dataclass

from meterhouse.model import Eui64, Fuel, NotFoundError, plain
from meterhouse.store import Database, SqlHomeBook, SqlWorkOrders, Transaction
from meterhouse.supplier.trust import Step, WorkOrder, WorkState

__all__ = ["OrderFiles", "OrderView"]


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order with its history, oldest line first."""

    order: WorkOrder
    history: tuple[Step, ...]


class OrderFiles:
    """Reads; changes nothing.

    Args:
        database: of the house.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def show(self, number: str) -> OrderView:
        """An order and its history.

        Raises:
            NotFoundError: there is none of that number.
        """

        def look(transaction: Transaction) -> OrderView:
            orders = SqlWorkOrders(transaction)
            order = orders.get(number)
            if order is None:
                raise NotFoundError(f"there is no order {plain(number, 40)}")
            return OrderView(order, tuple(orders.history(number)))

        return self._database.read(look)

    def list(self, *, live: bool = False) -> tuple[WorkOrder, ...]:
        """Every order, or those that have not ended; oldest first."""

        def look(transaction: Transaction) -> tuple[WorkOrder, ...]:
            orders = SqlWorkOrders(transaction)
            return tuple(orders.live() if live else orders.all())

        return self._database.read(look)

    def page(self, count: int, before: str = "", *, live: bool = False) -> tuple[WorkOrder, ...]:
        """At most so many orders, newest first; those raised before one of this number, where one is given.

        Raises:
            NotFoundError: there is none of that number.
        """
        return self._database.read(lambda tx: tuple(SqlWorkOrders(tx).page(count, before, live=live)))

    def unread(self) -> tuple[WorkOrder, ...]:
        """Orders that are done and were never looked back at, but for those that a newer one has undone."""
        return self._database.read(lambda tx: tuple(SqlWorkOrders(tx).unread()))

    def fuel_of(self, device: Eui64) -> Fuel:
        """What a registered meter measures.

        Raises:
            NotFoundError: it is not in the registry.
        """
        fuel = self._database.read(lambda tx: SqlHomeBook(tx).fuel(device))
        if fuel is None:
            raise NotFoundError(f"meter {device} is not in the registry")
        return fuel

    def cancelling(self) -> tuple[WorkOrder, ...]:
        """Every order that is being cancelled, and whose device has not said so yet."""
        return tuple(order for order in self.list(live=True) if order.state is WorkState.CANCELLING)
