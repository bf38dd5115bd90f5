"""The toolchain: the programs of the local cloud, built from pinned sources once per user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.toolchain.cache import State, entry_of
from localcloud.toolchain.faults import ToolchainFault
from localcloud.toolchain.pins import GATEWAY_API_CRDS, all_pins
from localcloud.toolchain.pins import kwok_files as kwok_files_pin
from localcloud.toolchain.pins import program as program_pin
from localcloud.toolchain.progress import Progress, progress_on_stderr

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "Program",
    "Progress",
    "State",
    "ToolchainFault",
    "ensure",
    "gateway_api_crds",
    "inventory",
    "kwok_files",
    "path",
    "progress_on_stderr",
]


@dataclass(frozen=True, slots=True)
class Program:
    """A pinned program, or set of files, as it stands in the cache; `size` in bytes, 0 when it is missing."""

    name: str
    version: str
    path: Path
    size: int
    state: State


def ensure(progress: Progress) -> None:
    """Have everything that is pinned in the cache: at once when it is there, else by building what is missing or damaged.

    Raises:
        ToolchainFault: a part could not be made; what was finished stays, and the next call goes on from there.
        Refusal: there is clearly not enough room on the disk; nothing was begun.
    """
    if all(entry_of(pin).state() is State.PRESENT for pin in all_pins()):
        return
    from localcloud.toolchain.provision import provision  # noqa: PLC0415 - only a build needs asyncio, and most starts build nothing

    provision(all_pins(), progress)


def path(program: str) -> Path:
    """Where a program is once `ensure` has returned. Raises `KeyError` for a name that is not pinned."""
    return entry_of(program_pin(program)).content


def gateway_api_crds() -> Path:
    """The folder of the standard Gateway API CRDs, YAML files and nothing else."""
    return entry_of(GATEWAY_API_CRDS).content


def kwok_files() -> Path:
    """The `kustomize` folder of kwok's release: `crd/bases`, `stage`, `metrics`."""
    return entry_of(kwok_files_pin()).content


def inventory() -> tuple[Program, ...]:
    """Everything that is pinned and how it stands, every byte of it read."""
    entries = tuple(map(entry_of, all_pins()))
    return tuple(
        Program(entry.pin.name, entry.pin.version, entry.content, size=entry.size, state=entry.proven_state()) for entry in entries
    )
