"""Facts: what a planner is told of the world, gathered once; that something cannot be reached is a fact too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.core.plan import Task
from automation.core.resume import TaskLeft, UpdateLeft, is_ours
from automation.core.updates import standing
from automation.errors import HhctlError, Refusal
from stacks.house import HOME, STANDBY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from automation.core.plan import Step
    from automation.core.resume import StepLeft, Unfinished
    from automation.core.updates import Entry, Standing
    from stacks.dials import Dials


@dataclass(frozen=True, slots=True)
class StackFacts:
    """One stack: its newest entries, back to the newest succeeded update, and the dials that its file says it has until there is one.

    `doubt` is why it must not be acted on as it was found, such as a cluster that is not known to be the one that the spec pins; None where
    nothing speaks against that, or nobody asked.
    """

    stack: str
    entries: tuple[Entry, ...]
    first: Dials | None
    doubt: HhctlError | None = None

    @property
    def standing(self) -> Standing:
        """Where the stack stands."""
        return standing(self.entries)

    @property
    def dials(self) -> Dials | None:
        """The dials that hold: those of the newest succeeded update, None where no update ever succeeded."""
        succeeded = self.standing.succeeded
        return succeeded.dials if succeeded else None

    @property
    def wanted(self) -> Dials:
        """The dials that the next update goes by: those that hold, else the first."""
        dials = self.dials or self.first
        assert dials  # noqa: S101 - whoever gathers facts reads the first dials where none hold
        return dials

    @property
    def present(self) -> bool:
        """Whether the stack has come up and was not destroyed since."""
        return self.dials is not None and self.dials.present


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A stack of which nothing could be learned, and the error that says why; `doubt` is as of one that is reached."""

    stack: str
    error: HhctlError
    doubt: HhctlError | None = None


class ServingUnknown(HhctlError):
    """Which stack serves cannot be told, since dr could not be reached: who knows it has to say so."""

    def __init__(self, error: HhctlError) -> None:
        super().__init__(f"which stack serves cannot be told: {error.message}", hint=f"--stack {HOME} if that does, or hhctl status")
        self.code = error.code


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found of the stacks that an operation asks about, and what an interrupted run of it has left."""

    stacks: Mapping[str, StackFacts | Unreachable]
    unfinished: Unfinished | None = None

    def of(self, stack: str) -> StackFacts:
        """Return what was found of `stack`.

        Raises:
            HhctlError: it could not be reached; the error that said so.
        """
        found = self.stacks[stack]
        if isinstance(found, Unreachable):
            raise found.error
        return found

    def proven(self, stack: str) -> StackFacts:
        """Return what was found of `stack`, whose cluster must be the one that the spec pins.

        Raises:
            Refusal: it is another one.
            HhctlError: the stack or its cluster could not be reached.
        """
        found = self.of(stack)
        if found.doubt:
            raise found.doubt
        return found

    def must_reach(self, step: Step | StepLeft) -> None:
        """Ask for what a step needs: the cluster that the spec pins and, for all but tasks, the state of the stack.

        Raises:
            HhctlError: it is another one, or either could not be reached.
        """
        if not isinstance(step, Task | TaskLeft):
            self.proven(step.stack)
        elif doubt := self.stacks[step.stack].doubt:
            raise doubt

    def reaches(self, step: Step | StepLeft) -> bool:
        """Tell whether what a step needs can be had."""
        try:
            self.must_reach(step)
        except HhctlError:
            return False
        return True

    def present(self, stack: str) -> Dials:
        """Return the dials of `stack`, which must be there.

        Raises:
            HhctlError: it could not be reached.
            Refusal: it has never come up, or was destroyed.
        """
        facts = self.of(stack)
        if facts.dials is None or not facts.dials.present:
            was = "was destroyed" if facts.dials else "has not come up yet"
            raise Refusal(f"{stack} {was}", hint=f"hhctl up {stack}")
        return facts.dials

    def serving(self) -> str:
        """Name the stack that the traffic goes to: dr once its switch is set, else prod.

        Raises:
            HhctlError: that cannot be told, since dr could not be reached.
        """
        standby = self.of(STANDBY).dials
        return STANDBY if standby and standby.present and standby.active else HOME

    def chosen(self, stack: str | None) -> str:
        """Return the `stack` that `--stack` has named, else the one that serves.

        Raises:
            ServingUnknown: none was named, and that cannot be told; it ends as what dr could not be reached for.
        """
        try:
            return stack or self.serving()
        except HhctlError as error:
            raise ServingUnknown(error) from error

    def left(self, stack: str, wanted: Dials) -> UpdateLeft | None:
        """Return the update to `wanted` that an interrupted run of this operation left on `stack`, if nobody has changed it since."""
        if self.unfinished is None:
            return None
        entries = self.of(stack).entries
        # Of several that led to the same dials, the last is the one that the run was in.
        for left in reversed(self.unfinished.left):
            if (
                isinstance(left, UpdateLeft)
                and (left.stack, left.after) == (stack, wanted)
                and is_ours(left, self.unfinished.operation, entries)
            ):
                return left
        return None

    def begun(self, task: str, stack: str) -> bool:
        """Tell whether an interrupted run of this operation has begun the task of that name on `stack`."""
        left = self.unfinished.left if self.unfinished else ()
        return any(isinstance(each, TaskLeft) and (each.name, each.stack) == (task, stack) for each in left)
