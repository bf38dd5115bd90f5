"""Updates on a disk that is full, be it the state's or the one where the engine keeps what it works with."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from contract.harness import wait_until
from engine.world import STACK, update

from automation.core.updates import Outcome, standing
from automation.engine.checkpoint import read_checkpoint
from automation.errors import HhctlError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.world import World

    from automation.engine.engine import PulumiEngine

NO_SPACE = re.compile("no space|df -h", re.IGNORECASE)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    if mounted.returncode:
        pytest.skip(f"a disk that is small enough to be filled cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_an_update_whose_state_has_no_space_says_so_and_succeeds_once_there_is(world: World, small_disk: Path) -> None:
    on_disk = replace(world, backend=f"file://{small_disk}")
    with closing(on_disk.engine()) as engine:
        assert_refused_until_there_is_space(on_disk, engine, small_disk / "filler")


def test_an_engine_that_has_no_space_to_work_in_says_so_and_succeeds_once_there_is(
    world: World, engine: PulumiEngine, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    assert_refused_until_there_is_space(world, engine, small_disk / "filler")


def test_an_update_on_whose_state_the_disk_fills_up_succeeds_when_it_is_made_again(world: World, small_disk: Path) -> None:
    on_disk = replace(world, backend=f"file://{small_disk}")
    filler = small_disk / "filler"
    with closing(on_disk.engine()) as engine:
        update(engine, 3)
        with on_disk.held("prod-first") as box, on_disk.operator() as operator:
            operator.update(4, base=1)
            wait_until("the box waits", box.begun)
            fill(filler)
            box.let_go()
            assert operator.answer()["outcome"] == "failed"
        filler.unlink()
        assert_made(on_disk, engine, 4)


def assert_refused_until_there_is_space(world: World, engine: PulumiEngine, filler: Path) -> None:
    update(engine, 3)
    fill(filler)
    with pytest.raises(HhctlError) as told:
        update(engine, 4)
    assert NO_SPACE.search(f"{told.value.message} {told.value.hint}"), told.value
    assert (world.content("prod-first"), standing(engine.recent(STACK)).base) == ("3", 1)
    filler.unlink()
    assert_made(world, engine, 4)


def assert_made(world: World, engine: PulumiEngine, maximum: int) -> None:
    """The update succeeds, and nothing is left of the one before."""
    done = update(engine, maximum)
    assert done.outcome is Outcome.SUCCEEDED, done
    assert (world.content("prod-first"), engine.holders(STACK)) == (str(maximum), ())
    checkpoint = read_checkpoint(world.store, STACK)
    assert checkpoint
    assert checkpoint.pending == 0
    newest = standing(engine.recent(STACK)).succeeded
    assert newest
    assert (newest.revision, newest.dials.maximum) == (done.revision, maximum)


def fill(file: Path) -> None:
    """Write until nothing more can be written."""
    with suppress(OSError), file.open("wb", buffering=0) as opened:
        while True:
            opened.write(bytes(4096))
