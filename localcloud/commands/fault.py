"""`hhctl local fault`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from automation.commands import Command
from automation.errors import UsageFault
from automation.show import Column, Table, show
from localcloud.commands.up import raise_cloud
from localcloud.faults import Faults, Reach, read_faults, write_faults
from localcloud.here import existing_cloud
from localcloud.process import kill, resume, running, suspend
from localcloud.regions import REGIONS

if TYPE_CHECKING:
    from automation.options import Options
    from localcloud.cloud import Cloud


@click.command(cls=Command)
@click.option("--region", type=click.Choice(REGIONS), help="The region to break.")
@click.option("--down", is_flag=True, help="End every process of the region at once, as a lost machine would.")
@click.option("--black-hole", is_flag=True, help="Let connections to the region hang, open ones too.")
@click.option("--part", help="The part to stop, such as prometheus or us-east-1/prometheus.")
@click.option("--stop", is_flag=True, help="End the part and keep it stopped.")
@click.option("--clear", is_flag=True, help="Mend all that was broken on purpose.")
@click.pass_obj
def fault(options: Options, *, region: str | None, down: bool, black_hole: bool, part: str | None, stop: bool, clear: bool) -> None:
    """Break a region or a part on purpose, and mend it.

    A fault stands until it is cleared: `hhctl local up` mends crashes, not faults. Without options it lists the faults that stand.

    \b
    Examples:
      hhctl local fault --region us-east-1 --down
      hhctl local fault --region us-east-1 --black-hole
      hhctl local fault --part prometheus --stop
      hhctl local fault --clear
    """
    cloud = existing_cloud()
    match (down, black_hole, stop, clear):
        case (False, False, False, False) if not (region or part):
            pass
        case (True, False, False, False) if region and not part:
            _end_region(cloud, region)
        case (False, True, False, False) if region and not part:
            _black_hole(cloud, region)
        case (False, False, True, False) if part:
            _stop_parts(cloud, _parts_named(cloud, part, region))
        case (False, False, False, True) if not (region or part):
            _clear(cloud)
        case _:
            raise UsageFault(
                "a fault is one of: --region REGION --down, --region REGION --black-hole, --part PART --stop, --clear",
                hint="hhctl local fault --help",
            )
    show(_listing(read_faults(cloud.folder)), options)


def _listing(faults: Faults) -> Table:
    columns = (Column("where", "Where"), Column("fault", "Fault"))
    regions = tuple((region, str(reach)) for region, reach in sorted(faults.regions.items()))
    return Table("LocalFaults", columns, (*regions, *((part, "stopped") for part in sorted(faults.parts))))


def _end_region(cloud: Cloud, region: str) -> None:
    with cloud.folder.held():
        write_faults(cloud.folder, read_faults(cloud.folder).with_region(region, Reach.DOWN))
        kill(process for process in running(cloud.folder).values() if process.part.startswith(f"{region}/"))


def _black_hole(cloud: Cloud, region: str) -> None:
    if read_faults(cloud.folder).regions.get(region) is Reach.DOWN:
        raise UsageFault(f"{region} is down; it has no doors left to black-hole", hint="hhctl local fault --clear")
    with cloud.folder.held():
        write_faults(cloud.folder, read_faults(cloud.folder).with_region(region, Reach.BLACK_HOLE))
        if doors := running(cloud.folder).get(f"{region}/doors"):
            suspend(doors)


def _parts_named(cloud: Cloud, name: str, region: str | None) -> frozenset[str]:
    """The parts called `name`, in full or without the region; `region` keeps those of one region."""
    known = [part for part in cloud.parts() if region in {None, part.region}]
    found = frozenset(part.name for part in known if name in {part.name, part.name.rpartition("/")[2]})
    if not found:
        raise UsageFault(f"there is no part {name!r}", hint=f"one of: {', '.join(part.name for part in known)}")
    return found


def _stop_parts(cloud: Cloud, parts: frozenset[str]) -> None:
    with cloud.folder.held():
        write_faults(cloud.folder, read_faults(cloud.folder).with_parts(parts))
        kill(process for process in running(cloud.folder).values() if process.part in parts)


def _clear(cloud: Cloud) -> None:
    """Forget the faults and let suspended doors go on; what is then stopped without a fault, `up` starts."""
    with cloud.folder.held():
        write_faults(cloud.folder, Faults(regions={}))
        for process in running(cloud.folder).values():
            resume(process)
    raise_cloud(cloud)
