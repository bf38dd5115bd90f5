"""Where a journal is kept: the same promises by a file of this machine and by objects beside the state."""

from __future__ import annotations

import multiprocessing
import resource
from typing import TYPE_CHECKING

import pytest

from automation.core.chain import first_broken, read_line
from automation.ports.folder_objects import FolderObjects
from automation.ports.journal_file import JournalFile, journal_file
from automation.ports.journal_objects import JournalObjects
from automation.ports.journal_sink import Sink, SinkUnwritable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(params=["file", "objects"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Sink]:
    """Opens the same journal anew, as another process would."""
    if request.param == "file":
        return lambda: JournalFile(tmp_path / "hhctl" / "journal" / "journal.jsonl")
    return lambda: JournalObjects(FolderObjects(tmp_path))


def append(opened: Callable[[], Sink], who: int, count: int) -> None:
    sink = opened()
    for number in range(count):
        sink.append({"who": who, "number": number})


def test_lines_come_back_in_the_order_in_which_they_were_written(opened: Callable[[], Sink]) -> None:
    append(opened, 1, 3)
    append(opened, 2, 2)
    assert [read_line(line).held["number"] for line in opened().lines()] == [0, 1, 2, 0, 1]
    assert first_broken(opened().lines()) is None


def test_an_empty_journal_has_no_lines(opened: Callable[[], Sink]) -> None:
    assert opened().lines() == ()
    assert opened().newest(5) == ()


def test_the_newest_lines_stand_oldest_first(opened: Callable[[], Sink]) -> None:
    append(opened, 1, 5)
    assert [link.number for link in opened().newest(2)] == [4, 5]
    assert [link.number for link in opened().newest(9)] == [1, 2, 3, 4, 5]


def test_operators_who_write_at_once_write_one_chain(opened: Callable[[], Sink]) -> None:
    together = multiprocessing.get_context("fork")
    writers = [together.Process(target=append, args=(opened, who, 5)) for who in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    lines = opened().lines()
    assert len(lines) == 20
    assert first_broken(lines) is None
    for who in range(4):
        own = [link.held["number"] for link in map(read_line, lines) if link.held["who"] == who]
        assert own == [0, 1, 2, 3, 4]


def test_a_line_longer_than_any_buffer_is_kept(opened: Callable[[], Sink]) -> None:
    opened().append({"says": "x" * 100_000})
    opened().append({"says": "y"})
    assert [len(str(link.held["says"])) for link in opened().newest(2)] == [100_000, 1]
    assert first_broken(opened().lines()) is None


def test_a_full_disk_is_told_and_leaves_the_chain_whole(opened: Callable[[], Sink]) -> None:
    append(opened, 1, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, hard))
    try:
        with pytest.raises(SinkUnwritable, match="File too large"):
            opened().append({"says": "x" * 1000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    append(opened, 1, 1)
    assert len(opened().lines()) == 2
    assert first_broken(opened().lines()) is None


def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "hhctl").write_text("in the way")
    for sink in (JournalFile(tmp_path / "hhctl" / "journal.jsonl"), JournalObjects(FolderObjects(tmp_path))):
        with pytest.raises(SinkUnwritable, match=str(tmp_path)):
            sink.append({})


def test_a_line_torn_by_a_power_cut_was_never_kept(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    append(lambda: JournalFile(file), 1, 2)
    with file.open("ab") as torn:
        torn.write(b'{"number":3,"held":')
    assert len(JournalFile(file).lines()) == 2
    append(lambda: JournalFile(file), 1, 1)
    assert len(JournalFile(file).lines()) == 3
    assert first_broken(JournalFile(file).lines()) is None


def test_nothing_is_appended_to_a_damaged_last_line(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    file.write_text("no line of ours\n")
    with pytest.raises(SinkUnwritable, match="its last line is no JSON") as refused:
        JournalFile(file).append({})
    assert refused.value.hint == "hhctl journal verify"
    assert file.read_text() == "no line of ours\n"


def test_what_comes_after_a_damaged_line_can_still_be_read(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    append(lambda: JournalFile(file), 1, 3)
    lines = file.read_text().splitlines(keepends=True)
    file.write_text(f"{lines[0]}damage\n{lines[2]}")
    assert [link.number for link in JournalFile(file).newest(9)] == [3]


def test_only_its_user_can_read_the_file(tmp_path: Path) -> None:
    sink = JournalFile(tmp_path / "journal" / "journal.jsonl")
    sink.append({})
    assert (tmp_path / "journal" / "journal.jsonl").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "journal").stat().st_mode & 0o777 == 0o700


def test_an_object_taken_away_is_found(tmp_path: Path) -> None:
    append(lambda: JournalObjects(FolderObjects(tmp_path)), 1, 3)
    names = sorted((tmp_path / "hhctl" / "journal").iterdir())
    names[1].unlink()
    broken = first_broken(JournalObjects(FolderObjects(tmp_path)).lines())
    assert broken is not None
    assert broken.place == 2


@pytest.mark.parametrize(
    ("environment", "file"),
    [
        ({"XDG_STATE_HOME": "/x"}, "/x/hhctl/journal/journal.jsonl"),
        ({"XDG_STATE_HOME": ""}, "/home/someone/.local/state/hhctl/journal/journal.jsonl"),
        ({}, "/home/someone/.local/state/hhctl/journal/journal.jsonl"),
    ],
)
def test_the_file_stands_where_state_of_the_user_belongs(environment: dict[str, str], file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    assert str(journal_file(environment)) == file
