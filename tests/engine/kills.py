"""What befalls an operator in the middle of an update."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.world import Operator


def the_cli(operator: Operator) -> None:
    operator.cli().kill()


def the_process_that_runs_the_program(operator: Operator) -> None:
    parent = operator.cli().parent()
    assert parent
    parent.kill()


def the_worker(operator: Operator) -> None:
    [worker] = operator.this.children()
    worker.kill()


def the_operator(operator: Operator) -> None:
    operator.this.kill()


def everything_at_once(operator: Operator) -> None:
    """As a power cut does."""
    all_of_it = operator.everything()
    for blow in (psutil.Process.suspend, psutil.Process.kill):
        for each in all_of_it:
            with suppress(psutil.NoSuchProcess):  # some are about to end of themselves
                blow(each)


KILLS = (the_cli, the_process_that_runs_the_program, the_worker, the_operator, everything_at_once)


def kill_and_wait(operator: Operator, kill: Callable[[Operator], None]) -> None:
    """Kill, and wait until the CLI has ended too, by itself if it was not hit."""
    cli = operator.cli()
    kill(operator)
    _, alive = psutil.wait_procs([cli], timeout=60)
    assert alive == []
