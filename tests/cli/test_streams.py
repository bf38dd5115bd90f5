"""Talk that nobody hears: the run that tells it goes on, and ends as it would have."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import pytest
from desk import FIRST, Desk
from fakes import seeded

from automation.core.plan import Ending
from automation.live import Lines, watched
from automation.options import Options
from automation.session import Told
from automation.show import tell
from automation.streams import talk

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["a reader that has gone", "a full disk"])
def unheard(request: pytest.FixtureRequest) -> Iterator[TextIO]:
    """A stream that cannot be written."""
    if request.param == "a full disk":
        descriptor = os.open("/dev/full", os.O_WRONLY)
    else:
        reading, descriptor = os.pipe()
        os.close(reading)
    stream = os.fdopen(descriptor, "w")
    yield stream
    stream.close()


@pytest.mark.parametrize("presses", [0, 1])
def test_a_run_whose_talk_nobody_hears_ends_as_any_other(
    presses: int, unheard: TextIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path)
    seeded(desk.engine, "prod", FIRST)
    desk.interrupts.presses = presses
    monkeypatch.setattr("sys.stderr", talk(unheard))
    doors = replace(desk.doors, watcher=Told(Lines()))
    monkeypatch.setattr(Desk, "doors", doors)
    report = desk.scale(5)
    assert report
    assert report.ending is (Ending.CANCELLED if presses else Ending.DONE)
    assert [record.event.value for record in desk.newest()][-1] == "ended"


def test_a_table_that_nobody_sees_disturbs_nobody(unheard: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    heard = talk(unheard)
    monkeypatch.setattr("sys.stderr", Terminal(heard.buffer, write_through=True))
    with watched(Options(colour=False)):
        tell("ended: done")


def test_what_cannot_be_told_once_is_not_tried_again(unheard: TextIO) -> None:
    stream = talk(unheard)
    for line in ("first", "second"):
        print(line, file=stream, flush=True)
    assert Path(f"/proc/self/fd/{unheard.fileno()}").resolve() == Path(os.devnull)
