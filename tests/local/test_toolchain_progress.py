"""What a person sees of a build."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from localcloud.toolchain.bars import BarProgress
from localcloud.toolchain.progress import LineProgress, Progress, Tally, duration


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def tally(clock: Clock, **expected: float) -> Tally:
    counted = Tally(clock)
    counted.begin(tuple(expected))
    for part, work in expected.items():
        counted.expect(part, work)
    return counted


def test_the_time_left_is_that_of_the_reference_machine_at_first() -> None:
    assert tally(Clock(), etcd=40.0, helm=60.0).seconds_left() == 100.0


def test_the_time_left_follows_the_speed_so_far() -> None:
    clock = Clock()
    counted = tally(clock, etcd=40.0, helm=60.0)
    counted.start("etcd")
    counted.advance("etcd", 10.0)
    clock.now += 30
    assert counted.seconds_left() == 270.0


def test_more_work_than_expected_fills_a_part_and_no_other() -> None:
    counted = tally(Clock(), etcd=40.0, helm=60.0)
    counted.advance("etcd", 500.0)
    assert (counted.share("etcd"), counted.share("helm"), counted.share_of_all()) == (1.0, 0.0, 0.4)


def test_nothing_is_said_of_all_until_every_part_is_known() -> None:
    counted = Tally(Clock())
    counted.begin(("etcd", "helm"))
    counted.expect("etcd", 1.0)
    assert not counted.is_known
    assert counted.share_of_all() == 0.0
    counted.finish("helm")
    assert counted.is_known


def test_a_part_counts_its_time_from_its_first_start() -> None:
    clock = Clock()
    counted = tally(clock, etcd=40.0)
    clock.now += 5
    counted.start("etcd")
    clock.now += 7
    assert not counted.start("etcd")
    assert counted.finish("etcd") == 7.0


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (605.0, "10 min 05 s"), (-3.0, "0 s")])
def test_a_duration_reads_as_people_write_it(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def build_of_two(progress: Progress, clock: Clock) -> None:
    progress.begin(("etcd", "helm"))
    progress.expect("etcd", 10.0)
    progress.expect("helm", 30.0)
    progress.start("etcd")
    progress.start("etcd")
    progress.advance("etcd", 5.0)
    clock.now += 65
    progress.tick()
    progress.finish("etcd")
    progress.start("helm")
    progress.fail("helm", ("x.go:1: [oops]",))
    progress.end()


def test_without_a_terminal_each_event_is_one_line() -> None:
    clock, stream = Clock(), StringIO()
    build_of_two(LineProgress(stream, clock=clock), clock)
    assert stream.getvalue().splitlines() == [
        "toolchain: etcd started",
        "toolchain: etcd done in 1 min 05 s (1 of 2)",
        "toolchain: helm started",
        "toolchain: helm failed",
        "  x.go:1: [oops]",
    ]


def test_a_terminal_has_a_bar_a_part_and_one_for_all() -> None:
    clock = Clock()
    console = Console(file=StringIO(), force_terminal=True, width=100, color_system=None)
    with console.capture() as capture:
        build_of_two(BarProgress(console, clock=clock), clock)
    shown = capture.get()
    assert "x.go:1: [oops]" in shown
    last = {line.split()[0]: line.rstrip() for line in shown.splitlines() if line.split()}
    assert last["etcd"].endswith("1 min 05 s")
    assert last["helm"].endswith("failed")
    assert "about 3 min 15 s left" in last["all"]
