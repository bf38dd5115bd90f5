"""An operation from its command to its report: facts, plan, consent, run; or first the undo that an interrupted run of it was in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from automation.core.facts import Facts, StackFacts
from automation.core.resume import carried_out, is_by, unfinished
from automation.run import carry_out, take_up_undo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from automation.core.facts import Unreachable
    from automation.core.plan import Plan
    from automation.core.record import Author, Record
    from automation.core.resume import Unfinished
    from automation.course import Doors
    from automation.journal import Journal
    from automation.run import Report


class Records(Protocol):
    """The journals of an operation's home."""

    def newest(self) -> Sequence[Record]:
        """Return the newest records, oldest first.

        Raises:
            HhctlError: they cannot be read.
        """
        ...

    def journal(self, run: str | None = None) -> Journal:
        """Return the journal of a new run, or of one that is taken up."""
        ...


class Consent(Protocol):
    """The operator, who is shown what is going to happen and may say no."""

    def to_plan(self, plan: Plan) -> bool:
        """Show the plan, and ask; false where the operator wanted to see it only.

        Raises:
            HhctlError: it is not to be carried out.
        """
        ...

    def to_undo(self, run: Unfinished) -> bool:
        """Show what an interrupted run has yet to undo, and ask; likewise."""
        ...


def look_back(command: str, stacks: Mapping[str, StackFacts | Unreachable], records: Records) -> Facts:
    """Return the facts for `command` with what an interrupted run of it has left, which only its own records tell.

    They are read only where the history of a stack says that this command was the last to change it. What moves the traffic begins with
    what stands in no history, and is `recalled` whatever that says.

    Raises:
        HhctlError: the records are needed and cannot be read.
    """
    if any(isinstance(found, StackFacts) and was_last(command, found) for found in stacks.values()):
        return recalled(command, stacks, records.newest())
    return Facts(stacks)


def recalled(command: str, stacks: Mapping[str, StackFacts | Unreachable], newest: Sequence[Record]) -> Facts:
    """Return the facts for `command` with what an interrupted run of it has left, by the `newest` records of its home, oldest first."""
    return Facts(stacks, unfinished(newest, command))


def was_last(command: str, facts: StackFacts) -> bool:
    """Tell whether `command`, or its undo, was the last to change a stack."""
    newest = next(carried_out(facts.entries), None)
    return newest is not None and is_by(command, newest)


def operate(
    plan: Callable[[Facts], Plan],
    facts: Facts,
    author: Author,
    *,
    doors: Callable[[], AbstractContextManager[Doors]],
    records: Records,
    consent: Consent,
) -> Report | None:
    """Carry out what is planned from `facts`, or finish the undo in which a run was interrupted; None if nothing was to be done.

    `plan` is called for the former only: what it asks the world for may be gone by the time that something is to be undone.
    The doors are opened once the operator has agreed.

    Raises:
        HhctlError: it was refused while planning, or by the operator; nothing was done.
    """
    left = facts.unfinished
    if left and left.undoing:
        if not consent.to_undo(left):
            return None
        for step in left.to_undo:
            facts.must_reach(step)
        with doors() as opened:
            return take_up_undo(left, author, opened, records.journal(left.run), stands=lambda: _stands(left, records))
    wanted = plan(facts)
    for step in wanted.steps:
        facts.must_reach(step)
    if not consent.to_plan(wanted) or not wanted.steps:
        return None
    with doors() as opened:
        return carry_out(wanted, author, opened, records.journal())


def _stands(left: Unfinished, records: Records) -> bool:
    """Tell whether what a run has left is left still."""
    now = unfinished(records.newest(), left.operation)
    return now is not None and now.run == left.run
