"""The lease of an operation of several updates: it keeps operators out of each other's way. What guards the stacks is compare and set."""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from automation.core.plan import takes_over
from automation.errors import Busy, HhctlError, Unrenewed

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from datetime import datetime

    from automation.core.record import Author
    from automation.ports.objects import Objects, Stored

LASTS = timedelta(seconds=30)
RENEWED_EVERY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Claim:
    """Who holds a stack for which run, `since` when by that host's clock; `renewals` makes each writing of it another version."""

    run: str
    operation: str
    operator: str
    reason: str
    host: str
    pid: int
    since: str
    renewals: int = 0
    released: bool = False

    def is_by_the_holder_of(self, other: Claim) -> bool:
        """Tell whether one process has written both: of a run whose undo another takes up, two have claims."""
        return replace(self, renewals=0, released=False) == replace(other, renewals=0, released=False)


class Held:
    """A lease on one stack: renewed until it is released, or lost where somebody else has taken it."""

    def __init__(self, objects: Objects, stack: str, claim: Claim, *, now: Callable[[], datetime]) -> None:
        self._objects = objects
        self._stack = stack
        self._claim = claim
        self._now = now
        self._written_at = now()
        self._version = ""
        self._lost = ""
        self._one_at_a_time = threading.Lock()

    def take(self, *, is_dead: Callable[[Claim], bool]) -> None:
        """Take the lease if nobody has it, if its holder let it run out or gives way, or if the holder's process is known to be dead.

        Raises:
            Busy: somebody has it; names who, why and since when.
            HhctlError: the place of leases cannot be used.
        """
        self._written_at = self._now()
        key, content = _key(self._stack), _written(self._claim)
        stored = self._objects.read(key)
        if stored is None:
            version = self._objects.create(key, content)
        elif _is_free(stored, is_dead) or _gives_way(stored, self._claim):
            version = self._objects.replace(key, content, version=stored.version)
        else:
            raise _busy(self._stack, stored)
        if version is None:
            raise _busy(self._stack, self._objects.read(key))
        self._version = version

    def renew(self) -> None:
        """Begin the lease's time anew; where that fails, `confirm` tells."""
        self._write(replace(self._claim, renewals=self._claim.renewals + 1))

    def confirm(self) -> None:
        """Go on only while the lease is ours, by renewing it: whoever was asleep for long learns here what has become of it meanwhile.

        Raises:
            Unrenewed: it could not be renewed for as long as it lasts.
            Busy: somebody else has taken it.
        """
        self.renew()
        # Nobody's own time goes on while their machine sleeps; the time of day does.
        if not self._lost and self._now() - self._written_at >= LASTS:
            raise Unrenewed(f"the lease on {self._stack} may have run out: it could not be renewed", hint="run the same command again")
        if self._lost:
            raise Busy(f"the lease on {self._stack} was lost: {self._lost}", hint="run the same command again")

    def release(self) -> None:
        """Let others take the lease at once; one that is lost or out of reach just runs out."""
        self._write(replace(self._claim, released=True))

    def _write(self, claim: Claim) -> None:
        with self._one_at_a_time:
            if self._lost:
                return
            at = self._now()
            try:
                version = self._objects.replace(_key(self._stack), _written(claim), version=self._version)
                now = None if version else self._objects.read(_key(self._stack))
            except HhctlError:
                # It may be reached again before the lease has run out; if somebody takes it first, the next writing finds out.
                return
            other = _read(now) if now else None
            if version:
                self._claim, self._version, self._written_at = claim, version, at
            elif now and other and other.is_by_the_holder_of(claim):
                # An earlier writing took effect although its answer never came.
                self._claim, self._version, self._written_at = other, now.version, at - now.age
            else:
                self._lost = f"{other.operator} has taken it for '{other.operation}'" if other else "it is gone"


class NoLeases:
    """The null: nobody is kept out of anybody's way."""

    def look(self, stacks: Sequence[str]) -> None:
        """Go on."""

    @contextmanager
    def held(self, stacks: Sequence[str], *, run: str, operation: str, author: Author) -> Generator[Callable[[], None]]:
        """Hold nothing."""
        del stacks, run, operation, author
        yield lambda: None


@dataclass(frozen=True, slots=True)
class Leases:
    """Where the leases of stacks stand, and what tells whether a holder's process is known to be dead."""

    objects: Callable[[str], Objects]
    is_dead: Callable[[Claim], bool]
    now: Callable[[], datetime]

    def look(self, stacks: Sequence[str]) -> None:
        """Go on only while nobody holds a lease on `stacks`.

        Raises:
            Busy: somebody does.
            HhctlError: a place of leases cannot be used.
        """
        for stack in stacks:
            stored = self.objects(stack).read(_key(stack))
            if stored and not _is_free(stored, self.is_dead):
                raise _busy(stack, stored)

    @contextmanager
    def held(self, stacks: Sequence[str], *, run: str, operation: str, author: Author) -> Generator[Callable[[], None]]:
        """Hold the leases of `stacks`, in that order, while the block runs.

        What is yielded raises `Busy` once one of them is lost, `Unrenewed` only where none is known to be.

        Raises:
            Busy: somebody else has one.
            HhctlError: a place of leases cannot be used.
        """
        claim = Claim(run, operation, author.operator, author.reason, author.host, author.pid, self.now().isoformat())
        with ExitStack() as leases:
            all_held: list[Held] = []
            for stack in stacks:
                held = Held(self.objects(stack), stack, claim, now=self.now)
                held.take(is_dead=self.is_dead)
                leases.callback(held.release)
                all_held.append(held)
            leases.enter_context(_renewed(all_held))

            def confirm() -> None:
                unrenewed: Unrenewed | None = None
                for held in all_held:
                    try:
                        held.confirm()
                    except Unrenewed as late:
                        # That another one is lost to somebody weighs more.
                        unrenewed = late
                if unrenewed:
                    raise unrenewed

            yield confirm


@contextmanager
def _renewed(leases: Sequence[Held]) -> Generator[None]:
    over = threading.Event()

    def renew() -> None:
        while not over.wait(RENEWED_EVERY.total_seconds()):
            for held in leases:
                held.renew()

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _key(stack: str) -> str:
    return f"lease/{stack}.json"


def _written(claim: Claim) -> bytes:
    return json.dumps(asdict(claim), sort_keys=True).encode()


def _read(stored: Stored) -> Claim | None:
    """Read a claim; None for what is none: somebody has it who does not say who it is."""
    try:
        held: Any = json.loads(stored.content)
        return Claim(**held)
    except (ValueError, TypeError):
        return None


def _is_free(stored: Stored, is_dead: Callable[[Claim], bool]) -> bool:
    claim = _read(stored)
    return stored.age >= LASTS or (claim is not None and (claim.released or is_dead(claim)))


def _gives_way(stored: Stored, claim: Claim) -> bool:
    held = _read(stored)
    return held is not None and takes_over(claim.operation, held.operation)


def _busy(stack: str, stored: Stored | None) -> Busy:
    hint = "run the same command again when it is over"
    claim = _read(stored) if stored else None
    if claim is None or stored is None:
        return Busy(f"somebody else has just taken {stack}", hint=hint)
    age = stored.age.total_seconds()
    return Busy(
        f"{stack} is held by {claim.operator} on {claim.host} (pid {claim.pid}) for '{claim.operation}'"
        f"{f': {claim.reason}' if claim.reason else ''}; last heard of {age:.0f} s ago, free {LASTS.total_seconds():.0f} s after",
        hint=hint,
    )
