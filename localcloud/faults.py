"""Faults set by a person, remembered until they are cleared: what is broken on purpose is not mended by `up`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.folder import CloudFolder
    from localcloud.part import Part


class Reach(StrEnum):
    """How a region is cut off: its processes ended, or its doors open and silent."""

    DOWN = "down"
    BLACK_HOLE = "black-hole"


@dataclass(frozen=True, slots=True)
class Faults:
    """`regions` maps a region to how it is cut off; `parts` are stopped one by one."""

    regions: dict[str, Reach]
    parts: frozenset[str] = frozenset()

    def with_region(self, region: str, reach: Reach) -> Faults:
        """These faults and one more."""
        return replace(self, regions={**self.regions, region: reach})

    def with_parts(self, parts: frozenset[str]) -> Faults:
        """These faults and stopped parts more."""
        return replace(self, parts=self.parts | parts)

    def keep_stopped(self, part: Part) -> bool:
        """Whether `part` is not to run while these faults stand."""
        return part.name in self.parts or self.regions.get(part.region) == Reach.DOWN

    def of(self, part: Part) -> str:
        """The fault that a part shows, in a word for `status`; empty when there is none."""
        if part.name in self.parts:
            return "stopped"
        return str(self.regions.get(part.region, ""))


def read_faults(folder: CloudFolder) -> Faults:
    """The faults that stand."""
    path = folder.root / "faults.json"
    if not path.exists():
        return Faults(regions={})
    written = json.loads(path.read_text())
    regions = {region: Reach(reach) for region, reach in written["regions"].items()}
    return Faults(regions=regions, parts=frozenset(written["parts"]))


def write_faults(folder: CloudFolder, faults: Faults) -> None:
    """Remember `faults`. Written before they are acted on, so that `--clear` knows of them even after a crash between."""
    folder.write_private(folder.root / "faults.json", json.dumps({**asdict(faults), "parts": sorted(faults.parts)}))
