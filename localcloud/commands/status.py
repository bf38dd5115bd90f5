"""`hhctl local status`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from automation.commands import Command
from automation.errors import ExitCode
from automation.show import Block, Column, Json, Table, Text, Tone, Toned, show
from localcloud.commands.fault import fault_table
from localcloud.here import existing_cloud
from localcloud.status import CloudStatus, Condition, DoorState, DoorStatus, PartStatus, read_status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from automation.options import Options

_TONES = {
    Condition.READY: Tone.GOOD,
    Condition.WARMING: Tone.DOUBTFUL,
    Condition.SILENT: Tone.BAD,
    Condition.CRASHED: Tone.BAD,
    Condition.STOPPED: Tone.FAINT,
}
_MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class StatusView:
    """The parts, the doors, the faults, and the last words of what has crashed."""

    status: CloudStatus
    kind: str = "LocalStatus"

    def document(self) -> Mapping[str, Json]:
        """Return `{parts: [...], doors: [...], faults: [...], memoryBytes}`."""
        parts: list[Json] = [
            {
                "part": part.part,
                "region": part.region,
                "condition": part.condition.value,
                "pid": part.pid,
                "address": f"127.0.0.1:{part.port}",
                "memoryBytes": part.memory,
                "remark": part.remark,
                "log": part.log,
            }
            for part in self.status.parts
        ]
        doors: list[Json] = [
            {"region": door.region, "door": door.door, "address": f"127.0.0.1:{door.port}", "state": door.state.value}
            for door in self.status.doors
        ]
        faults: list[Json] = [{"where": where, "fault": fault} for where, fault in self.status.faults.listed()]
        return {"parts": parts, "doors": doors, "faults": faults, "memoryBytes": self.status.memory}

    def blocks(self) -> Sequence[Block]:
        """Return the parts, the last words of those that crashed, the doors, the faults that stand, and the memory of all."""
        columns = tuple(Column(title.lower(), title) for title in ("Part", "Condition", "Pid", "Address", "MiB", "Remark"))
        rows = tuple(_row(part) for part in self.status.parts)
        logs = [Text(f"{part.part} said last:\n" + "\n".join(f"  {line}" for line in part.log)) for part in self.status.parts if part.log]
        total = Text(f"{self.status.memory // _MEBIBYTE} MiB resident in {len(rows)} parts")
        faults = (fault_table(self.status.faults),) if self.status.faults.listed() else ()
        return (Table("LocalStatus", columns, rows), *logs, _doors(self.status.doors), *faults, total)


def _row(part: PartStatus) -> tuple[str | int | Toned | None, ...]:
    condition = Toned(part.condition.value, _TONES[part.condition])
    return (part.part, condition, part.pid, f"127.0.0.1:{part.port}", part.memory // _MEBIBYTE, part.remark)


def _doors(doors: tuple[DoorStatus, ...]) -> Table:
    columns = tuple(Column(title.lower(), title) for title in ("Region", "Door", "Address", "State"))
    rows = tuple(
        (door.region, door.door, f"127.0.0.1:{door.port}", Toned(door.state.value, Tone.GOOD if door.state is DoorState.OPEN else Tone.BAD))
        for door in doors
    )
    return Table("LocalDoors", columns, rows)


@click.command(cls=Command)
@click.pass_obj
def status(options: Options) -> ExitCode:
    """Show every part, how it is and where it listens.

    Exits 4 when a part that should run has crashed or does not answer; parts that a fault keeps stopped are no failure.

    \b
    Examples:
      hhctl local status
      hhctl local status -o json
    """
    found = read_status(existing_cloud())
    show(StatusView(found), options)
    return ExitCode.RESOURCE_FAILED if found.troubled else ExitCode.DONE
