"""Asking within a bound that nothing can hang beyond: not the resolution of a name, and not one address after the other that it has."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

from automation.errors import TimedOut

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def begin(ask: Callable[[], T]) -> Future[T]:
    """Begin to ask in a thread that keeps no process from its end, however long it hangs."""
    future: Future[T] = Future()

    def answer() -> None:
        try:
            future.set_result(ask())
        except BaseException as error:  # noqa: BLE001 - it is raised again where the answer is waited for
            future.set_exception(error)

    threading.Thread(target=answer, daemon=True).start()
    return future


def within(seconds: float | None, ask: Callable[[], T], *, told: str) -> T:
    """Return what `ask` returns, or raise what it raises; `told` names who is asked. With None it may take as long as it does.

    Raises:
        TimedOut: it has done neither in so many seconds, and is left behind.
    """
    if seconds is None:
        return ask()
    try:
        return begin(ask).result(timeout=max(0.0, seconds))
    except TimeoutError as late:
        raise TimedOut(f"{told} does not answer within {seconds:g} s", hint="hhctl status") from late
