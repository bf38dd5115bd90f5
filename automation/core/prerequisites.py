"""What has to be so before a version is deployed: each looked at, and said whether it is, is not, or was not looked at. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from stacks.spec import Freeze


_LINK = re.compile(r"https?://\S+")


class State(Enum):
    """MET; MISSING, which keeps a deployment back; UNCHECKED, where nobody is there to ask."""

    MET = "met"
    MISSING = "missing"
    UNCHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """One thing that has to be so; `says` is what was found."""

    name: str
    state: State
    says: str


@dataclass(frozen=True, slots=True)
class Known:
    """What was learned of a version before it is deployed; None where nobody could be asked.

    `changelog` is the text of the changelog, `migrations` the newest migration that this checkout has, `schema` what the databases have.
    `rollback_to` names the release to go back to, empty for none, and `rollback_doubt` why that could not run.
    """

    version: str
    now: datetime
    changelog: str | None
    reviewed: bool | None
    built: bool | None
    rollback_to: str
    rollback_doubt: str
    migrations: int
    schema: int


def prerequisites(known: Known, freezes: Iterable[Freeze], stacks: Iterable[str]) -> tuple[Prerequisite, ...]:
    """Say of each prerequisite of the runbook whether it is met."""
    return (
        _asked("tests have passed", known.built),
        _asked("review is approved", known.reviewed),
        _changelog(known),
        _migrations(known),
        _rollback(known),
        *_frozen(freezes, tuple(stacks), known.now),
    )


def _asked(name: str, answer: bool | None) -> Prerequisite:  # noqa: FBT001 - it is an answer, not a switch
    if answer is None:
        return Prerequisite(name, State.UNCHECKED, "no forge is configured")
    return Prerequisite(name, State.MET if answer else State.MISSING, "yes" if answer else "no")


def _changelog(known: Known) -> Prerequisite:
    if known.changelog is None:
        return Prerequisite("changelog", State.UNCHECKED, "the spec names none")
    # Neither within another version, nor in what a heading links to.
    named = re.search(rf"(?<![\w.-])v?{re.escape(known.version.removeprefix('v'))}(?![\w-]|\.\w)", _LINK.sub("", known.changelog))
    return Prerequisite("changelog", State.MET if named else State.MISSING, f"it {'names' if named else 'does not name'} {known.version}")


def _migrations(known: Known) -> Prerequisite:
    if known.migrations > known.schema:
        return Prerequisite("migrations", State.MISSING, f"{known.migrations - known.schema} pending after {known.schema}")
    return Prerequisite("migrations", State.MET, f"none pending, the schema is at {known.schema}")


def _rollback(known: Known) -> Prerequisite:
    """A first release has nothing to go back to, which keeps nobody from it."""
    if known.rollback_doubt:
        return Prerequisite("rollback target", State.MISSING, known.rollback_doubt)
    if known.rollback_to:
        return Prerequisite("rollback target", State.MET, known.rollback_to)
    return Prerequisite("rollback target", State.UNCHECKED, "none: nothing ran before")


def _frozen(freezes: Iterable[Freeze], stacks: tuple[str, ...], now: datetime) -> Iterator[Prerequisite]:
    for freeze in freezes:
        if freeze.begins <= now < freeze.ends and (held := [stack for stack in stacks if stack in freeze.stacks]):
            yield Prerequisite("freeze", State.MISSING, f"{', '.join(held)} until {freeze.ends:%Y-%m-%d %H:%M %Z}: {freeze.reason}")
