"""`hhctl local logs --follow`, without a part."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from localcloud.commands.logs import followed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Asleep(Exception):
    """Nothing was left to happen."""


def in_turn(*steps: Callable[[], object]) -> Callable[[float], None]:
    """Sleep, during which the next of these steps is made."""
    left = list(steps)

    def sleep(_: float) -> None:
        if not left:
            raise Asleep
        left.pop(0)()

    return sleep


def heard(path: Path, *steps: Callable[[], object]) -> list[str]:
    texts: list[str] = []
    with suppress(Asleep):
        for text in followed(path, sleep=in_turn(*steps)):
            texts.append(text)  # noqa: PERF402 - what came before the exception counts
    return texts


def append(path: Path, text: str) -> Callable[[], object]:
    def write() -> None:
        with path.open("a") as log:
            log.write(text)

    return write


def test_what_was_there_before_is_not_told_again(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_text("before\n")
    assert heard(log, append(log, "after\n")) == ["after\n"]


def test_a_part_that_has_never_started_is_heard_from_its_first_word(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    assert heard(log, lambda: None, append(log, "first\n"), append(log, "second\n")) == ["first\n", "second\n"]


def test_a_part_that_starts_anew_is_followed_into_its_new_log(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_text("before\n")

    def restart() -> None:
        append(log, "last words\n")()
        log.replace(log.with_suffix(".previous"))
        log.write_text("first words\n")

    assert heard(log, restart, append(log, "more\n")) == ["last words\n", "first words\n", "more\n"]
