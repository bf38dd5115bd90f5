"""`hhctl local up`."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import click

from automation.commands import Command
from automation.show import Column, Record, show, tell
from localcloud import toolchain
from localcloud.environment import note_fingerprints, write_files
from localcloud.faults import read_faults
from localcloud.here import cloud_here
from localcloud.postgres import unpack
from localcloud.process import kill, running
from localcloud.settings import TIME_SCALE, TRAFFIC_RATE
from localcloud.toolchain import progress_on_stderr
from localcloud.up import Settled, bring_up

if TYPE_CHECKING:
    from automation.options import Options
    from localcloud.cloud import Cloud
    from localcloud.part import Part
    from localcloud.settings import Setting


class _Lines:
    """One line on stderr for each part that was started or left."""

    def __init__(self) -> None:
        self._one_line_at_a_time = threading.Lock()

    def ready(self, part: Part, *, seconds: float, started: bool) -> None:
        if started:
            with self._one_line_at_a_time:
                tell(f"  {part.name:<36} ready in {seconds:4.1f} s on 127.0.0.1:{part.port}")

    def left(self, part: Part, *, needs: str) -> None:
        tell(f"  {part.name:<36} left as it is: a fault keeps {needs} stopped")


def raise_cloud(cloud: Cloud) -> Settled:
    """Build what is missing, start what does not run, and write the files that `hhctl local env` names."""
    toolchain.ensure(progress_on_stderr())
    _let_others_pass()
    cloud.folder.make_parent()
    with cloud.folder.held():
        cloud.folder.make()
        unpack(cloud.folder)
        write_files(cloud)
        settled = bring_up(cloud.folder, cloud.parts(), read_faults(cloud.folder), _Lines())
        note_fingerprints(cloud)
        return settled


def change(cloud: Cloud, setting: Setting, value: float) -> None:
    """Remember a setting, and end the parts that go by another value: they start anew with the rest."""
    _let_others_pass()
    cloud.folder.make_parent()
    with cloud.folder.held():
        cloud.folder.make()
        if value != setting.read(cloud.folder):
            setting.write(cloud.folder, value)
            kill(process for process in running(cloud.folder).values() if process.part in setting.parts)


def _let_others_pass() -> None:
    """Make files by the usual umask: a server that refuses root has to reach its own, and what is private is made so by its mode."""
    os.umask(0o022)


@click.command(cls=Command)
@click.option(
    "--traffic",
    "rate",
    type=click.FloatRange(min=0, min_open=True, max=1000),
    metavar="RATE",
    help="Requests a second that the traffic makes, remembered (default: 200).",
)
@click.option(
    "--time-scale",
    "scale",
    type=click.FloatRange(min=1, max=100),
    metavar="N",
    help="How much faster than the zones say health is checked and DNS answers run out, remembered (default: 1).",
)
@click.pass_obj
def up(options: Options, *, rate: float | None, scale: float | None) -> None:
    """Start what does not run, and mend what has crashed.

    The first time it builds the programs it needs (10 to 15 minutes on two cores); afterwards it takes seconds, and does nothing when all
    is well. Parts that `hhctl local fault` has stopped stay stopped, and those that need them are left as they are.

    \b
    Examples:
      hhctl local up
      hhctl local up --traffic 20
      hhctl local up --time-scale 10
    """
    begun = time.monotonic()
    cloud = cloud_here()
    for setting, value in ((TRAFFIC_RATE, rate), (TIME_SCALE, scale)):
        if value is not None:
            change(cloud, setting, value)
    settled = raise_cloud(cloud)
    answer = Record(
        "LocalUp",
        (
            (Column("folder", "Folder"), str(cloud.folder.root)),
            (Column("started", "Started"), len(settled.started)),
            (Column("running", "Ran already"), len(settled.running)),
            (Column("stopped", "Stopped by a fault"), len(settled.stopped)),
            (Column("seconds", "Seconds"), round(time.monotonic() - begun, 1)),
        ),
    )
    show(answer, options)
    tell('Next: hhctl local status, or eval "$(hhctl local env)" for your own tools.')
