"""Calls into a library that may never come back: one after the other on a thread of its own, each waited for so long.

A hardware module's library can hang where nobody can interrupt it. Whoever asked is told in time; the thread stays with
the call, and until that comes back everybody else is told at once, instead of a thread each being lost to it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

__all__ = ["PatientThread"]

T = TypeVar("T")

_Call = tuple[Callable[[], Any], "Future[Any]"]


class PatientThread:
    """Thread-safe. Its thread starts at the first call, and again after a fork.

    Args:
        name: of the thread.
        patience: how long a caller waits, s; the time behind other callers counts.
    """

    __slots__ = ("_calls", "_late", "_lock", "_name", "_patience", "_thread")

    def __init__(self, name: str, patience: float) -> None:
        self._name = name
        self._patience = patience
        self._lock = Lock()
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._late: Future[Any] | None = None

    def call(self, work: Callable[[], T]) -> T:
        """What `work` gives or raises.

        Raises:
            TimeoutError: it has not come back in time, or one before it still has not. It may yet be done.
        """
        future: Future[T] = Future()
        with self._lock:
            if self._late is not None and not self._late.done():
                raise TimeoutError
            self._late = None
            if self._thread is None or not self._thread.is_alive():
                self._calls = SimpleQueue()
                self._thread = Thread(target=_serve, args=(self._calls,), name=self._name, daemon=True)
                self._thread.start()
            self._calls.put((work, future))
        try:
            return future.result(self._patience)
        except (TimeoutError, CancelledError):
            if future.done() and not future.cancelled():
                raise  # it is the work's own
            with self._lock:
                if not future.cancel():
                    self._late = future
            raise TimeoutError from None

    def close(self) -> None:
        """Let the thread end once it has done what is queued. A later call starts another."""
        with self._lock:
            self._calls.put(None)
            self._thread = None


def _serve(calls: SimpleQueue[_Call | None]) -> None:
    while (call := calls.get()) is not None:
        work, future = call
        if not future.set_running_or_notify_cancel():
            continue
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits
            future.set_exception(error)
        else:
            future.set_result(result)
        del call, work, future
