"""Faults set by a person, remembered until they are cleared: what is broken on purpose is not mended by `up`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from automation.errors import HhctlError
from localcloud.workload.behaviour import Behaviour

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from localcloud.folder import CloudFolder
    from localcloud.part import Part


class Reach(StrEnum):
    """How a region is cut off: its processes ended, or its doors open and silent."""

    DOWN = "down"
    BLACK_HOLE = "black-hole"


@dataclass(frozen=True, slots=True)
class Misbehaving:
    """A version of the workload; `stack` is empty for every stack."""

    version: str
    stack: str

    def __str__(self) -> str:
        """Name it as `status` does, such as `v1.2.4 in prod`."""
        return f"{self.version} in {self.stack or 'every stack'}"


@dataclass(frozen=True, slots=True)
class Faults:
    """`regions` maps a region to how it is cut off; `parts` are stopped one by one; `versions` maps what misbehaves to how."""

    regions: Mapping[str, Reach]
    parts: frozenset[str]
    versions: Mapping[Misbehaving, Behaviour]

    def with_region(self, region: str, reach: Reach) -> Faults:
        """These faults and one more."""
        return replace(self, regions={**self.regions, region: reach})

    def with_parts(self, parts: frozenset[str]) -> Faults:
        """These faults and stopped parts more."""
        return replace(self, parts=self.parts | parts)

    def with_version(self, version: Misbehaving, behaviour: Behaviour) -> Faults:
        """These faults and one more; it takes the place of what was said of the same version and stack."""
        return replace(self, versions={**self.versions, version: behaviour})

    def keep_stopped(self, part: Part) -> bool:
        """Whether `part` is not to run while these faults stand."""
        return part.name in self.parts or self.regions.get(part.region) == Reach.DOWN

    def in_the_way(self, parts: Iterable[Part]) -> Mapping[str, str]:
        """Those of the parts that cannot run while these faults stand, each with the stopped part that it is or, be it by others, needs."""
        known = {part.name: part for part in parts}

        def stopped(part: Part) -> str:
            if self.keep_stopped(part):
                return part.name
            return next((found for need in part.needs if need in known and (found := stopped(known[need]))), "")

        return {part.name: found for part in known.values() if (found := stopped(part))}

    def of(self, part: Part) -> str:
        """The fault that a part shows, in a word for `status`; empty when there is none."""
        if part.name in self.parts:
            return "stopped"
        return str(self.regions.get(part.region, ""))

    def listed(self) -> tuple[tuple[str, str], ...]:
        """Every fault: where it is, and what."""
        regions = ((region, str(reach)) for region, reach in sorted(self.regions.items()))
        parts = ((part, "stopped") for part in sorted(self.parts))
        versions = sorted((str(version), str(behaviour)) for version, behaviour in self.versions.items())
        return (*regions, *parts, *versions)


NO_FAULTS = Faults(regions={}, parts=frozenset(), versions={})


def faults_file(folder: CloudFolder) -> Path:
    """Where the faults stand; containers of the workload look into it too (localcloud.workload.trouble)."""
    return folder.root / "faults.json"


def read_faults(folder: CloudFolder) -> Faults:
    """The faults that stand. Raises `HhctlError` where the file that says so is damaged."""
    path = faults_file(folder)
    if not path.exists():
        return NO_FAULTS
    try:
        return _faults_in(json.loads(path.read_text()))
    except (ValueError, TypeError, LookupError, AttributeError):
        raise HhctlError(f"{path} does not say which faults stand: it is damaged", hint="hhctl local fault --clear") from None


def _faults_in(written: dict[str, Any]) -> Faults:
    return Faults(
        regions={region: Reach(reach) for region, reach in written["regions"].items()},
        parts=frozenset(written["parts"]),
        versions={Misbehaving(each["version"], each["stack"]): Behaviour(**each["behaviour"]) for each in written.get("versions", [])},
    )


def write_faults(folder: CloudFolder, faults: Faults) -> None:
    """Remember `faults`. Written before they are acted on, so that `--clear` knows of them even after a crash between."""
    versions = [{**asdict(version), "behaviour": asdict(behaviour)} for version, behaviour in faults.versions.items()]
    document = {"regions": dict(faults.regions), "parts": sorted(faults.parts), "versions": versions}
    folder.write_private(faults_file(folder), json.dumps(document))
