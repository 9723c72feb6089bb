"""Once a day each prepaid home is asked which debt it shows; an alarm says where it is not what is owed (S3-89)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from meterhouse.app.books import Books
from meterhouse.app.driver import Driver
from meterhouse.model import DAY, HOUR, Eui64, Event, Fuel, Instant, day_start
from meterhouse.supplier.headend import AccountAddress, CheckDebt, HeadEnd

__all__ = ["DebtWatch"]

_AT: Final = 3 * HOUR
"""After midnight UTC: the night's collections are over."""
_TRIED_FOR: Final = 20 * HOUR


class DebtWatch:
    """Begins at once.

    Args:
        accounts: of prepaid homes: the hub, and where behind it the account is.
        name_of: what events of a hub are filed under.
    """

    __slots__ = ("_accounts", "_books", "_driver", "_head_end", "_name_of")

    def __init__(
        self,
        driver: Driver,
        head_end: HeadEnd,
        books: Books,
        accounts: Sequence[tuple[Eui64, AccountAddress]],
        name_of: Callable[[Eui64], str],
    ) -> None:
        self._driver = driver
        self._head_end = head_end
        self._books = books
        self._accounts = accounts
        self._name_of = name_of
        if accounts:
            driver.at(_next(driver.now), self._look)

    def debt_shown(self, hub: Eui64, fuel: Fuel, shown: int, now: Instant) -> None:
        """A home shows this debt."""
        wrong = self._books.compare_debt(hub, fuel, shown, now)
        if wrong is None:
            return
        told: dict[str, object] = {"account": wrong.account, "shown": str(wrong.shown), "owed": str(wrong.owed)}
        self._books.note_events([Event(now, self._name_of(hub), "debt.mismatch", told)])

    def _look(self, now: Instant) -> None:
        for hub, account in self._accounts:
            job = CheckDebt(self, Instant(now + _TRIED_FOR), account=account)
            self._driver.call(self._head_end, partial(self._head_end.submit, hub, job))
        self._driver.at(_next(now), self._look)


def _next(now: Instant) -> Instant:
    today = Instant(day_start(now) + _AT)
    return today if today > now else Instant(today + DAY)
