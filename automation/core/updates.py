"""What an update is, apart from the engine that carries it out: from which revision, to which dials, and what became of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from automation.errors import ExitCode, Refusal
from stacks.house import STANDBY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from stacks.dials import Dials


STACK_TYPE = "pulumi:pulumi:Stack"
"""The type of the resource that stands for a stack itself."""


@dataclass(frozen=True, slots=True)
class Note:
    """Who changes a stack, by which operation and why; stands in the engine's history with the update."""

    operation: str
    operator: str
    reason: str

    def briefly(self, stack: str) -> str:
        """Name the operation to somebody who knows that it was done to `stack`."""
        return self.operation.replace(f" --stack {stack}", "")


@dataclass(frozen=True, slots=True)
class Change:
    """An update that is wanted: `base` is the revision of the newest entry that it was planned from, 0 for none.

    `within`: the engine is ended once it has taken so many seconds; None lets it take as long as its providers do.
    """

    stack: str
    base: int
    dials: Dials
    note: Note
    within: float | None = None


class Outcome(Enum):
    """What became of an update. FAILED changed part of the world; REFUSED, STALE and BUSY changed nothing."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    STALE = "stale"
    BUSY = "busy"
    REFUSED = "refused"


class Operation(Enum):
    """What the engine does to one resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    REFRESH = "refresh"
    IMPORT = "import"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One property of a resource as it was and as it is wanted, in words, secrets masked; None where it is not there."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """One resource of an update or preview; `fields` are the changed property paths, `details` their values as far as they are known."""

    urn: str
    type: str
    name: str
    operation: Operation
    fields: tuple[str, ...] = ()
    details: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class ResourceFault:
    """One resource that the provider refused or could not bring to be as asked, in the provider's own words.

    `policy` is the mandatory policy that it violates instead, empty where it is none.
    """

    urn: str
    message: str
    policy: str = ""

    def __str__(self) -> str:
        """Tell it as people name resources, by type and name; what is the stack's own is told without."""
        match self.urn.split("::", 3):
            case [_, _, types, name] if types != STACK_TYPE:
                return f"{types.rpartition('$')[2]} {name}: {self.message}"
            case _:
                return self.message


def code_of(faults: Iterable[ResourceFault]) -> ExitCode:
    """Return the exit code of a failure with `faults`, of which there is at least one."""
    return ExitCode.POLICY if any(fault.policy for fault in faults) else ExitCode.RESOURCE_FAILED


@dataclass(frozen=True, slots=True)
class Forecast:
    """What an update would change, and how many operations it would settle that an interrupted one has left under way."""

    changes: tuple[ResourceChange, ...]
    faults: tuple[ResourceFault, ...] = ()
    pending: int = 0

    @property
    def has_work(self) -> bool:
        """Whether there is anything to do for an update."""
        return bool(self.changes or self.pending)


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update did. `holder` names who holds the stack (BUSY), which `way_out` ends, or has moved the dials meanwhile (STALE).

    `touched` is false where it is known that an update that failed or was cancelled had not begun with any resource.
    """

    outcome: Outcome
    revision: int
    changes: tuple[ResourceChange, ...]
    faults: tuple[ResourceFault, ...] = ()
    outputs: Mapping[str, object] | None = None
    holder: str = ""
    way_out: str = ""
    touched: bool = True

    @property
    def trouble(self) -> str:
        """Say what became of an update that did not succeed."""
        if self.outcome is Outcome.CANCELLED:
            return "cancelled by Ctrl-C"
        why = self.holder or "; ".join(map(str, self.faults))
        return f"{self.outcome.value}: {why}" if why else self.outcome.value


class Kind(Enum):
    """What wrote an entry: an update of hhctl's, or somebody's bare Pulumi command, which sets no dials."""

    UPDATE = "update"
    REFRESH = "refresh"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a stack's history, failed and refused ones too; newest first wherever several stand.

    One that is no UPDATE has the revision, the dials and the chart of the update before it. `chart` is the version of the chart that the
    stack's workload was made by: empty where there is no workload, or where whoever wrote the entry did not record it.
    """

    revision: int
    dials: Dials
    outcome: Outcome
    note: Note
    started: datetime
    ended: datetime
    kind: Kind = Kind.UPDATE
    chart: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a stack stands: `base` for the next `Change`, the next revision, and the update whose dials hold, None for none."""

    base: int
    next_revision: int
    succeeded: Entry | None


def standing(entries: Sequence[Entry]) -> Standing:
    """Judge entries, newest first, that reach back to the newest succeeded update at least."""
    updates = [entry for entry in entries if entry.kind is Kind.UPDATE]
    carried_out = (entry for entry in updates if entry.outcome is not Outcome.REFUSED)
    return Standing(
        base=next((entry.revision for entry in carried_out), 0),
        next_revision=1 + max((entry.revision for entry in updates), default=0),
        succeeded=next((entry for entry in updates if entry.outcome is Outcome.SUCCEEDED), None),
    )


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose process holds a stack: `id` names the lock, `since` is by that host's clock."""

    id: str
    user: str
    host: str
    pid: int
    since: datetime

    def __str__(self) -> str:
        """Name the holder as an operator would look for it."""
        return f"{self.user}@{self.host} (pid {self.pid}) since {self.since:%Y-%m-%d %H:%M:%S %Z}"

    def way_out(self, stack: str) -> str:
        """Say what takes `stack` from it."""
        return f"let it end, or, once that process is known to be dead: hhctl unlock {stack} --id {self.id}"


SKEW_SECONDS = 2.0
"""By how much the newest entry of a stack may be later than our clock to be waited for: clocks that are kept in step differ by less."""


class FromTheFuture(Refusal):
    """The newest entry of a stack is later, by so many seconds, than our clock: whatever we wrote now would be taken for older than it."""

    def __init__(self, stack: str, seconds: float) -> None:
        says = f"the newest update of {stack} is from {math.ceil(seconds)} s in the future"
        hint = "timedatectl, and where this clock is right wait for so long, then run the same command again"
        super().__init__(says, hint=f"{hint}, or hhctl failover REGION --direct" if stack == STANDBY else hint)


class StoppedNow(KeyboardInterrupt):
    """A second Ctrl-C ended an update; `left` is what was under way and may or may not have come to be."""

    def __init__(self, left: tuple[ResourceChange, ...]) -> None:
        super().__init__()
        self.left = left


class Progress(Protocol):
    """Hears of resources while an update or preview runs."""

    def resource(self, change: ResourceChange, *, done: bool) -> None:
        """A resource has begun (`done` false) or ended."""
        ...


class Engine(Protocol):
    """Carries out updates. Raises `HhctlError` for what no retry mends (credentials, no such backend); everything else is an outcome."""

    def history(self, stack: str) -> tuple[Entry, ...]:
        """Every entry, newest first; empty for a stack that was never updated."""
        ...

    def recent(self, stack: str) -> tuple[Entry, ...]:
        """The newest entries, back to the newest succeeded update: enough for `standing`, and cheap however long the history is."""
        ...

    def preview(self, change: Change, progress: Progress) -> Forecast:
        """What `change` would do, without doing it; takes no lock."""
        ...

    def drift(self, change: Change, progress: Progress) -> Forecast:
        """What the world differs in from the state, read anew; changes nothing."""
        ...

    def update(self, change: Change, progress: Progress) -> Updated:
        """Carry out `change` if `base` is still the newest revision when the engine holds the stack (compare and set).

        Ctrl-C once: the calls in flight finish and the outcome is CANCELLED; one that has not begun with any raises `KeyboardInterrupt`.
        Twice: it stops at once and raises `StoppedNow`. One that is ended since it took longer than it may raises `TimedOut`: what of it
        has taken effect nobody can tell.
        """
        ...

    def repair(self, change: Change, progress: Progress) -> Updated:
        """Carry out `change` as `update` does, after reading the world anew."""
        ...

    def outputs(self, stack: str) -> Mapping[str, object]:
        """The stack's outputs, secrets masked."""
        ...

    def holders(self, stack: str) -> tuple[Holder, ...]:
        """Who holds the stack now."""
        ...

    def unlock(self, stack: str, holder: Holder) -> None:
        """Take the stack from `holder`, whose process the caller knows to be dead."""
        ...
