"""`hhctl local fault`."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import click

from automation.commands import Command
from automation.errors import UsageFault
from automation.options import QuantityType
from automation.show import Column, Table, show
from localcloud.catalogue.entry import read_catalogue
from localcloud.commands.up import raise_cloud
from localcloud.faults import NO_FAULTS, Faults, Misbehaving, Reach, faults_file, read_faults, write_faults
from localcloud.here import existing_cloud
from localcloud.process import end, kill, resume, running, suspend
from localcloud.regions import POSTGRES_SERVERS, REGIONS
from localcloud.workload.behaviour import HEALTHY, Behaviour
from stacks.quantities import Duration, Fraction

if TYPE_CHECKING:
    from datetime import timedelta

    from automation.options import Options
    from localcloud.cloud import Cloud

_API = "house-helper/api"


_SHARE = QuantityType("share", get_args(Fraction)[1])
_TIME = QuantityType("time", get_args(Duration)[1])


@click.command(cls=Command)
@click.option("--region", type=click.Choice(REGIONS), help="The region to break.")
@click.option("--down", is_flag=True, help="End every process of the region at once, as a lost machine would.")
@click.option("--black-hole", is_flag=True, help="Let connections to the region hang, open ones too.")
@click.option("--part", help="The part to stop, such as prometheus or us-east-1/prometheus.")
@click.option("--stop", is_flag=True, help="End the part and keep it stopped.")
@click.option("--version", help="The version of the API to spoil, such as v1.2.4; one that runs knows it within a second.")
@click.option("--stack", type=click.Choice([server.stack for server in POSTGRES_SERVERS]), help="Spoil the version in this stack only.")
@click.option("--error-rate", type=_SHARE, metavar="SHARE", default="0%", help="Let this share of its requests fail, such as 5%.")
@click.option("--latency", type=_TIME, metavar="TIME", help="Let each of its requests take longer by this, such as 1500ms.")
@click.option("--leak-memory", is_flag=True, help="Let it take 16 MiB more every second.")
@click.option("--leak-connections", is_flag=True, help="Let it take one database connection more every second.")
@click.option("--crash", is_flag=True, help="Let it end with exit code 1.")
@click.option("--clear", is_flag=True, help="Mend all that was broken on purpose.")
@click.pass_obj
def fault(
    options: Options,
    *,
    region: str | None,
    down: bool,
    black_hole: bool,
    part: str | None,
    stop: bool,
    version: str | None,
    stack: str | None,
    error_rate: float,
    latency: timedelta | None,
    leak_memory: bool,
    leak_connections: bool,
    crash: bool,
    clear: bool,
) -> None:
    """Break a region, a part or a version of the API on purpose, and mend it.

    A fault stands until it is cleared: `hhctl local up` mends crashes, not faults. What is said of a version takes the place of what was
    said of it before, in that stack or in all. Without options it lists the faults that stand.

    \b
    Examples:
      hhctl local fault --region us-east-1 --down
      hhctl local fault --region us-east-1 --black-hole
      hhctl local fault --part prometheus --stop
      hhctl local fault --version v1.2.4 --stack prod --error-rate 20%
      hhctl local fault --version v1.2.4 --latency 1500ms --leak-memory
      hhctl local fault --clear
    """
    cloud = existing_cloud()
    seconds = latency.total_seconds() if latency else 0.0
    behaviour = Behaviour(error_rate=error_rate, latency=seconds, leak_memory=leak_memory, leak_connections=leak_connections, crash=crash)
    match (down, black_hole, stop, clear, behaviour != HEALTHY):
        case (False, False, False, False, False) if not (region or part or version or stack):
            pass
        case (True, False, False, False, False) if region and not (part or version or stack):
            _end_region(cloud, region)
        case (False, True, False, False, False) if region and not (part or version or stack):
            _black_hole(cloud, region)
        case (False, False, True, False, False) if part and not (version or stack):
            _stop_parts(cloud, _parts_named(cloud, part, region))
        case (False, False, False, False, True) if version and not (region or part):
            _spoil(cloud, Misbehaving(_known(cloud, version), stack or ""), behaviour)
        case (False, False, False, True, False) if not (region or part or version or stack):
            _clear(cloud)
        case _:
            raise UsageFault(
                "a fault is one of: --region REGION --down, --region REGION --black-hole, --part PART --stop,"
                " --version VERSION with what it does wrong, --clear",
                hint="hhctl local fault --help",
            )
    show(fault_table(read_faults(cloud.folder)), options)


def fault_table(faults: Faults) -> Table:
    """The faults that stand, for people and programs."""
    return Table("LocalFaults", (Column("where", "Where"), Column("fault", "Fault")), faults.listed())


def _end_region(cloud: Cloud, region: str) -> None:
    with cloud.folder.held():
        write_faults(cloud.folder, read_faults(cloud.folder).with_region(region, Reach.DOWN))
        end(cloud.folder, below=f"{region}/")


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


def _known(cloud: Cloud, version: str) -> str:
    """The version, if the catalogue has an image of it; a fault of another would never show."""
    known = [entry.tag for entry in read_catalogue(faults=faults_file(cloud.folder)).of(_API)]
    if version not in known:
        raise UsageFault(f"there is no image {_API}:{version}", hint=f"one of: {', '.join(known)}")
    return version


def _spoil(cloud: Cloud, version: Misbehaving, behaviour: Behaviour) -> None:
    with cloud.folder.held():
        write_faults(cloud.folder, read_faults(cloud.folder).with_version(version, behaviour))


def _clear(cloud: Cloud) -> None:
    """Let suspended doors go on and forget the faults; what is then stopped without a fault, `up` starts.

    In this order, so that after an interruption nothing is broken without a fault on record.
    """
    with cloud.folder.held():
        for process in running(cloud.folder).values():
            resume(process)
        write_faults(cloud.folder, NO_FAULTS)
    raise_cloud(cloud)
