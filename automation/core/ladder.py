"""A canary on its way up the ladder, and its promotion: on its own stack, then on the standby. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from automation.core.canary import forced_past, is_own, stable_pods
from automation.core.delivery import Delivery, canary_words, refuse_unfit, refuse_unserving, updates
from automation.core.deployment_log import log_task, with_log
from automation.core.gates import Verdict
from automation.core.plan import Plan
from automation.core.stages import Stage, before_promotion, climb, promotion, steps
from automation.errors import HhctlError, Refusal
from stacks.house import HOME, STANDBY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from automation.core.canary import Candidate
    from automation.core.facts import Facts
    from automation.core.gates import Judgement
    from automation.core.plan import Gate, Update
    from stacks.dials import Canary, Dials, Image

_PROMOTIONS = ("canary run ", "canary promote ")
"""Commands whose last update of a stack takes the canary away, once the stable workload that runs its image has passed its gates."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """The weights that a canary comes to, one after the other, and the gates of each, given the image that is stable meanwhile."""

    rungs: tuple[int, ...]
    gates: Callable[[Image, int], tuple[Gate, ...]]


def run_command(stack: str, *, version: str, soak: float, harm: float) -> str:
    """Write the command that makes the same plan; `soak` is in seconds, `harm` a fraction."""
    return f"canary run {version} --stack {stack} --soak {soak:g}s --harm {harm * 100:g}%"


def promote_command(stack: str) -> str:
    """Write the command that makes the same plan."""
    return f"canary promote --stack {stack}"


def plan_promote(facts: Facts, stack: str, *, rungs: tuple[int, ...], judged: Sequence[Judgement], forced: bool) -> Plan:
    """Plan to have the stable workload run what the canary runs, digest for digest, and the standby after it where it can follow.

    Raises:
        Refusal: there is no canary, or it has not come to the last of `rungs`, or has been `judged` to do harm or could not be, or the
            stack cannot take the release.
        HhctlError: the stack cannot be reached.
    """
    now, command = facts.present(stack), promote_command(stack)
    refuse_unserving(stack, now)
    if now.canary is None:
        if not is_own(facts, stack, command):
            raise Refusal(f"no canary is on {stack}", hint="hhctl canary start VERSION")
        assert now.image  # noqa: S101 - it serves
        return _plan(facts, stack, command, now.image, ())
    image = now.canary.image
    begun = now.image == image
    if now.canary.weight < rungs[-1] and not begun and not forced:
        raise Refusal(f"{canary_words(facts, stack)}: it has not come to {rungs[-1]} %", hint="hhctl canary weight N, or --force")
    if not begun and not forced:
        _refuse_unproven(canary_words(facts, stack), judged)
    overruled = () if begun else _against(now.canary, judged, last=rungs[-1])
    top = before_promotion(facts, stack, image) if begun else now
    first = (Stage(top),) if top else ()
    own = steps(facts, stack, (*first, *promotion(stack, top or now, undo=top)))
    return _plan(facts, stack, command, image, own, overruled=overruled)


def _against(canary: Canary, judged: Sequence[Judgement], *, last: int) -> tuple[str, ...]:
    """Return what stands against a promotion and its operator has forced past, a line each."""
    short = (f"the canary of {canary.image.tag} has not come to {last} %",) if canary.weight < last else ()
    return (*short, *(str(each) for each in judged if not each.verdict.goes_on))


def _refuse_unproven(canary: str, judged: Sequence[Judgement]) -> None:
    """Raise a `Refusal` where a canary is judged to do harm, or where nobody can tell."""
    if harm := [str(each) for each in judged if each.verdict is Verdict.FAIL]:
        raise Refusal(f"{canary}: {'; '.join(harm)}", hint="hhctl canary abort, or --force with the reason why not")
    if doubtful := [str(each) for each in judged if not each.verdict.goes_on]:
        more = f"; and {len(doubtful) - 1} more" if len(doubtful) > 1 else ""
        says = f"{canary}, and the judge cannot tell: {doubtful[0]}{more}"
        raise Refusal(says, hint="hhctl canary status, until it can be told, or --force with the reason why not")


def plan_run(facts: Facts, candidate: Candidate, *, ladder: Ladder, command: str) -> Plan:
    """Plan a canary from its first pod up the whole ladder to the stable workload and the standby, from wherever it stands.

    Raises:
        Refusal: a canary of another image is there, the stack runs the image and no canary's promotion has brought it, the stack cannot
            take the release, or something stands against the image.
        HhctlError: the stack cannot be reached.
    """
    stack, image = candidate.stack, candidate.image
    now = facts.present(stack)
    refuse_unserving(stack, now)
    if now.canary is None and now.image == image:
        plan = _plan(facts, stack, command, image, ())
        if plan.steps and not _is_promoted(facts, stack):
            raise Refusal(f"{stack} runs {image.tag} already", hint=f"hhctl deploy {image.tag}")
        return plan
    overruled: tuple[str, ...] = ()
    if now.canary is None or now.canary.image != image:
        refuse_unfit(facts, stack)
        overruled = forced_past(candidate, now)
    own = steps(facts, stack, _stages(facts, candidate, now, ladder=ladder), history=candidate.history)
    return _plan(facts, stack, command, image, own, overruled=overruled)


def _is_promoted(facts: Facts, stack: str) -> bool:
    """Tell whether a canary's promotion was the last that changed the stack, and so has seen what runs there pass its gates."""
    newest = facts.of(stack).standing.succeeded
    return newest is not None and newest.note.operation.startswith(_PROMOTIONS)


def _stages(facts: Facts, candidate: Candidate, now: Dials, *, ladder: Ladder) -> tuple[Stage, ...]:
    """Return the whole way; of a promotion whose beginning nobody remembers, what is left, which has no way back."""
    stack, image = candidate.stack, candidate.image
    base = now if now.image != image else before_promotion(facts, stack, image)
    if base is None:
        return promotion(stack, now, undo=None)
    assert base.image  # noqa: S101 - it serves
    climbed = climb(stack, base, image, stable=stable_pods(now, candidate), rungs=ladder.rungs, gates=partial(ladder.gates, base.image))
    top = climbed[-1].dials
    return (*climbed, *promotion(stack, top, undo=top))


def following(facts: Facts, stack: str) -> tuple[tuple[str, ...], str]:
    """Choose the stacks that follow `stack`: prod is followed by dr, so that a failover finds the same release; or say why that cannot.

    A dr that serves is no follower: what is brought to it is watched for itself.
    """
    if stack != HOME:
        return (), ""
    try:
        facts.proven(STANDBY)
        refuse_unfit(facts, STANDBY)
    except HhctlError as error:
        return (), error.message
    return ((), f"{STANDBY} serves") if facts.serving() == STANDBY else ((STANDBY,), "")


def _plan(facts: Facts, stack: str, command: str, image: Image, own: tuple[Update, ...], *, overruled: tuple[str, ...] = ()) -> Plan:
    """Have the standby follow where it can and stands by for this stack, and the deployment log tell of it."""
    followers, left_out = following(facts, stack)
    steps = (*own, *updates(facts, Delivery(image, followers, 0.0, {}, ())))
    bases = {each: facts.of(each).standing.base for each in (stack, *followers)}
    log = log_task(facts, stack)
    # Where nobody can tell what dr lacks, nobody can tell either whether prod was all that was left.
    return Plan(command, stack, bases, with_log(steps, log) if steps or log.begun or left_out else (), overruled)
