"""Damage to the cache: seen at a look, or by reading every byte; named and mended."""

from __future__ import annotations

import os
import shutil
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from fake_go import make_fake_go, path_with, pins_of

from localcloud.toolchain.cache import Entry, State, entry_of, superseded, toolchain_folder
from localcloud.toolchain.progress import LineProgress
from localcloud.toolchain.provision import provision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from localcloud.toolchain.pins import ProgramPin


@pytest.fixture
def pins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ProgramPin, ...]:
    """Two pinned programs, both in the cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", path_with(make_fake_go(tmp_path / "go").folder))
    pins = pins_of(tmp_path / "tools")
    provision(pins, LineProgress(StringIO()))
    return pins


def flip(entry: Entry) -> None:
    content = bytearray(entry.content.read_bytes())
    content[-1] ^= 1
    entry.content.write_bytes(content)


def flip_and_keep_the_time(entry: Entry) -> None:
    before = entry.content.stat()
    flip(entry)
    os.utime(entry.content, ns=(before.st_atime_ns, before.st_mtime_ns))


def write(name: str, text: str) -> Callable[[Entry], None]:
    return lambda entry: (entry.folder / name).write_text(text) and None


DAMAGE: dict[str, Callable[[Entry], None]] = {
    "cut": lambda entry: os.truncate(entry.content, 5),
    "emptied": lambda entry: os.truncate(entry.content, 0),
    "flipped": flip,
    "gone": lambda entry: entry.content.unlink(),
    "not executable": lambda entry: entry.content.chmod(0o644),
    "no manifest": lambda entry: (entry.folder / "manifest.json").unlink(),
    "cut manifest": write("manifest.json", '{"first": {"size"'),
    "foreign manifest": write("manifest.json", '{"first": {"bytes": 3}}'),
    "empty manifest": write("manifest.json", "{}"),
    "listing for manifest": write("manifest.json", "[]"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_program_is_named_and_made_again(pins: tuple[ProgramPin, ...], damage: Callable[[Entry], None]) -> None:
    entry = entry_of(pins[0])
    damage(entry)
    assert entry.state() is State.CORRUPT
    heard = StringIO()
    provision(pins, LineProgress(heard))
    assert heard.getvalue().startswith(f"first in {entry.folder} is damaged; it is made again.\n")
    assert "second done" not in heard.getvalue()
    assert entry.proven_state() is State.PRESENT


def test_a_flip_that_keeps_size_and_time_is_seen_by_reading_every_byte(pins: tuple[ProgramPin, ...]) -> None:
    entry = entry_of(pins[0])
    flip_and_keep_the_time(entry)
    assert (entry.state(), entry.proven_state()) == (State.PRESENT, State.CORRUPT)


def test_a_copied_cache_with_other_times_is_sound(pins: tuple[ProgramPin, ...]) -> None:
    entry = entry_of(pins[0])
    os.utime(entry.content)
    assert entry.state() is State.PRESENT


def test_a_size_counts_every_file_of_an_entry_and_nothing_of_a_missing_one(pins: tuple[ProgramPin, ...]) -> None:
    entry = entry_of(pins[0])
    assert entry.size == entry.content.stat().st_size + (entry.folder / "manifest.json").stat().st_size
    shutil.rmtree(entry.folder)
    assert (entry.size, entry.state(), entry.proven_state()) == (0, State.MISSING, State.MISSING)


def test_entries_of_other_pins_are_superseded_and_broken_builds_are_not_entries(pins: tuple[ProgramPin, ...]) -> None:
    (toolchain_folder() / "first" / "not-whole").mkdir()
    assert superseded() == tuple(sorted(entry_of(pin).folder for pin in pins))
