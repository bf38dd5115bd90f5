"""In what order a worker hears of orders and loads what they may need."""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING, Any, cast

import pytest

from automation.engine import worker

if TYPE_CHECKING:
    from collections.abc import Iterator


class Waiting:
    """A stdin on which lines come after so many looks; it notes the looks, and how long each may last."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, lines_after: int) -> None:
        self.looks: list[float | None] = []
        self.noted: list[str] = []
        self._left = lines_after
        self._reads = [b"an order\nanother", b" one\n", b""]
        monkeypatch.setattr(select, "select", self._select)
        monkeypatch.setattr(os, "read", lambda *_: self._reads.pop(0))

    def _select(self, *words: Any) -> tuple[list[int], list[int], list[int]]:
        self.looks.append(words[3])
        self._left -= 1
        return ([] if self._left >= 0 else [0]), [], []

    def loading(self) -> Iterator[None]:
        for module in ("one", "two"):
            self.noted.append(module)
            yield

    def told(self, loading: Iterator[None]) -> list[str]:
        for line in worker._lines(cast("Any", Nothing()), meanwhile=loading):
            self.noted.append(line)
        return self.noted


class Nothing:
    """Operations of which none runs."""

    def __bool__(self) -> bool:
        return False

    def reap(self) -> None:
        """Nothing to reap."""


@pytest.mark.parametrize(
    ("lines_after", "noted"),
    [
        (0, ["an order", "another one"]),
        (1, ["one", "an order", "another one"]),
        (4, ["one", "two", "an order", "another one"]),
    ],
)
def test_an_order_waits_for_one_module_at_most(monkeypatch: pytest.MonkeyPatch, lines_after: int, noted: list[str]) -> None:
    waiting = Waiting(monkeypatch, lines_after=lines_after)
    assert waiting.told(waiting.loading()) == noted


def test_once_all_is_loaded_nothing_is_done_until_there_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Waiting(monkeypatch, lines_after=4)
    waiting.told(waiting.loading())
    assert waiting.looks == [0, 0, 0, None, None, None, None]
