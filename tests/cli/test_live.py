"""What is shown of an update while it runs."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console

from automation.core.updates import Operation, ResourceChange
from automation.live import LiveTable, watched
from automation.options import Options
from automation.show import tell

if TYPE_CHECKING:
    import pytest

FIRST = ResourceChange("urn:pulumi:prod::p::aws:s3/bucket:Bucket::vault", "aws:s3/bucket:Bucket", "vault", Operation.CREATE)
SECOND = ResourceChange("urn:pulumi:prod::p::t::\x1b[31mred", "t", "\x1b[31mred", Operation.DELETE)


def test_without_a_terminal_each_event_is_a_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with watched(Options()) as progress:
        progress.resource(FIRST, done=False)
        progress.resource(FIRST, done=True)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == ["prod: creating aws:s3/bucket:Bucket vault", "prod: created aws:s3/bucket:Bucket vault"]


def test_without_a_terminal_reading_the_world_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with watched(Options()) as progress:
        for done in (False, True):
            for each in (FIRST, SECOND):
                progress.resource(replace(each, operation=Operation.REFRESH), done=done)
    assert capsys.readouterr().err == "prod: reading the world anew\n"


def test_a_terminal_shows_a_row_a_resource_with_the_seconds_it_has_taken() -> None:
    now = [0.0]
    table = LiveTable(lambda: now[0])
    table.resource(FIRST, done=False)
    now[0] = 1.5
    table.resource(SECOND, done=False)
    now[0] = 2.0
    table.resource(SECOND, done=True)
    now[0] = 4.0
    rows = [line.split() for line in _drawn(table).splitlines()]
    assert rows[0] == ["creating", "aws:s3/bucket:Bucket", "vault", "4.0", "s"]
    assert rows[1][0] == "deleted"
    assert rows[1][-2:] == ["0.5", "s"]


def test_talk_stands_on_lines_of_its_own_above_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = io.BytesIO()
    terminal = _Terminal(sent, encoding="ascii", write_through=True)  # an encoding that click would wrap in one of its own
    monkeypatch.setattr("sys.stderr", terminal)
    with watched(Options(colour=False)) as progress:
        progress.resource(FIRST, done=False)
        tell("ended: done")
    # The last that a terminal is sent is the table as it was in the end.
    above, _, below = re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", sent.getvalue().decode()).rpartition("ended: done\n")
    assert above.endswith(("\r", "\n")) or not above
    assert below.startswith("creating")


class _Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def test_escape_sequences_in_a_name_do_not_act() -> None:
    table = LiveTable(lambda: 0.0)
    table.resource(SECOND, done=False)
    assert "\x1b" not in _drawn(table)


def test_what_is_told_does_not_act_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    tell("judged: the pod's last words: \x1b]0;owned\x07\x1b[2J")
    assert capsys.readouterr().err == "judged: the pod's last words: �]0;owned��[2J\n"


def _drawn(table: LiveTable) -> str:
    console = Console(width=100, force_terminal=True, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return capture.get()
