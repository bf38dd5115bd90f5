"""`hhctl up`: bring a stack to what its program and its dials say."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from automation.adoption import Unadopted, must_be_readable
from automation.app import open_app
from automation.commands import OperationCommand
from automation.consent import TerminalConsent, must_be_able_to_agree
from automation.core.drift import AS_MADE, RESTORE, SETTLED
from automation.core.facts import Facts
from automation.core.gates import rolled_out
from automation.core.plan import Plan, Task, Update
from automation.core.updates import Forecast
from automation.errors import ExitCode, Refusal, UsageFault
from automation.forecasts import interruptible
from automation.foreseen import DriftConsent, PreviewedConsent
from automation.live import Silence
from automation.looking import look
from automation.operating import look_back, operate
from automation.ops.preview import previewed
from automation.reports import reported
from automation.session import Session
from automation.show import tell
from stacks.dials import DatabaseRole
from stacks.house import STAGING, STANDBY, earlier

if TYPE_CHECKING:
    from automation.core.facts import StackFacts
    from automation.core.updates import Engine
    from automation.looking import Drift
    from automation.operating import Consent
    from automation.options import Options
    from components.switch_object import SwitchState


def plan_up(facts: Facts, stack: str) -> Plan:
    """Plan to bring `stack` up: with its first dials if it never was, as it was set if it was destroyed, else with the dials that hold.

    Whether that changes anything is for the engine's preview to say. Nothing is undone: a stack that came up in part is mended by `up`.

    Raises:
        Refusal: it would come up before a stack that must be there first.
        HhctlError: a stack that matters cannot be reached.
    """
    found = facts.of(stack)
    if not found.present:
        for needed in earlier(stack):
            if not facts.of(needed).present:
                raise Refusal(f"{stack} comes up after {needed}, which is not there", hint=f"hhctl up {needed}")
    after = replace(found.wanted, present=True)
    return Plan(f"up {stack}", stack, {stack: found.standing.base}, (Update(stack, found.dials, after, rolled_out(stack, after)),))


def plan_gates_left(facts: Facts, stack: str) -> Plan:
    """Plan to watch the gates that an earlier `up` has not passed: all that is to be done where nothing would change.

    Nothing is planned where it has passed them, or where anything else has changed the stack since.

    Raises:
        HhctlError: the stack cannot be reached.
    """
    found = facts.of(stack)
    base, succeeded = found.standing.base, found.standing.succeeded
    plan = Plan(f"up {stack}", stack, {stack: base}, ())
    if succeeded is None or succeeded.revision != base or not found.present:
        return plan
    left, gates = facts.left(stack, found.wanted), rolled_out(stack, found.wanted)
    if left is None or left.passed or not gates:
        return plan
    return replace(plan, steps=(Update(stack, found.dials, found.wanted, gates, revision=base),))


def plan_adoption(facts: Facts, stack: str, state: SwitchState) -> Plan:
    """Plan to make the dials of `stack` what its switch says, which was turned past the engine; nothing else is changed.

    Raises:
        HhctlError: the stack cannot be reached.
    """
    found, before = facts.of(stack), facts.present(stack)
    role = DatabaseRole.PRIMARY if state.active else before.database_role
    after = replace(before, active=state.active, term=state.term, database_role=role)
    return Plan(f"up {stack}", stack, {stack: found.standing.base}, (Update(stack, before, after, rolled_out(stack, after)),))


def plan_refresh(facts: Facts, stack: str, drift: Drift, foreseen: Forecast) -> Plan:
    """Plan to bring `stack` up with what was changed behind its back set right; `foreseen` is what `up` would change without.

    The engine mends what it has found; of a Helm release it sees helm's records only, so its objects are a task of their own. Until that is
    done the pods may be none that anybody wants to wait for.

    Raises:
        HhctlError: the stack cannot be reached.
    """
    found, command = facts.of(stack), f"up {stack} --refresh"
    changed = drift.resources.changes or foreseen.has_work
    if not changed and not drift.objects:
        return replace(plan_gates_left(facts, stack), operation=command)
    gates = () if drift.objects else rolled_out(stack, found.wanted)
    update = Update(stack, found.dials, found.wanted, gates, refresh=True)
    restore = Task("restore what its Helm releases made", stack, precondition=SETTLED, action=RESTORE, postcondition=AS_MADE)
    steps = (*([update] if changed else ()), *([restore] if drift.objects else ()))
    return Plan(command, stack, {stack: found.standing.base}, steps)


def consent_to_up(options: Options, engine: Engine, *, written: bool) -> Consent:
    """Return who asks the operator; an update that is `written` even where the preview is empty is what tells the stack of its switch."""
    return TerminalConsent(options, engine) if written else PreviewedConsent(options, engine)


_EPILOG = """\b
Examples:
  hhctl up staging --yes
  hhctl up prod --reason "new alert rules"
  hhctl up dr --plan
  hhctl up staging --refresh"""


@click.command(cls=OperationCommand, epilog=_EPILOG)
@click.argument("stack")
@click.option("--skip-preview", is_flag=True, help="Update at once, without asking the engine first what would change.")
@click.option("--refresh", is_flag=True, help="Read the world anew first, and set right what was changed behind its back.")
@click.pass_obj
def up(options: Options, stack: str, *, skip_preview: bool, refresh: bool) -> ExitCode:
    """Bring STACK to what its program, its files and its dials say.

    The first time it comes up with the dials of stacks/Pulumi.STACK.yaml, and only after the stacks that must be there before it: staging,
    dr, prod, global. Where the preview is empty nothing is written, and its pods are waited for only if an earlier `up` has not seen them
    Ready. It goes by the state: what was changed behind Pulumi's back is found by `hhctl drift`, and set right with --refresh.
    """
    if skip_preview and refresh:
        raise UsageFault("--refresh has to look first, and --skip-preview is not to", hint="leave one of them out")
    app = open_app()
    app.named([stack])
    must_be_able_to_agree(options, stacks=(stack,))
    app.engine.warm()
    session = Session(app, options)
    facts = _gathered(session, stack)
    if not facts.of(stack).present:
        facts = Facts({**session.gather(*earlier(stack)), stack: facts.of(stack)})
    plan = partial(plan_up, stack=stack)
    if isinstance(doubt := facts.of(stack).doubt, Unadopted):
        tell(f"{doubt.message}: it is adopted")
        plan = partial(plan_adoption, stack=stack, state=doubt.state)
        facts = Facts({**facts.stacks, stack: replace(facts.of(stack), doubt=None)})
    else:
        must_be_readable(app.spec, stack, standby=facts.stacks.get(STANDBY))
    records = session.journals(stack)
    written = skip_preview or isinstance(doubt, Unadopted)
    consent = consent_to_up(options, app.engine, written=written)
    if not written:
        facts = look_back(f"up {stack}", facts.stacks, records)
    if refresh and facts.of(stack).present and not written:
        drift, foreseen = _looked_at(facts.proven(stack), session)
        plan = partial(plan_refresh, stack=stack, drift=drift, foreseen=foreseen)
        consent = DriftConsent(options, app.engine, drift)
    elif plan_gates_left(facts, stack).steps and _foreseen(facts.proven(stack), session) == Forecast(()):
        plan, consent = partial(plan_gates_left, stack=stack), TerminalConsent(options, app.engine)
    report = operate(plan, facts, session.author, doors=session.doors, records=records, consent=consent)
    return reported(report, options)


def _gathered(session: Session, stack: str) -> Facts:
    """Gather how a stack stands; raises what keeps AWS from making any of it: an update would be left half done.

    A stack that is to adopt what its switch says has been brought up before AWS was in trouble, and is waited for.
    """
    with ThreadPoolExecutor(max_workers=1) as asker:
        reached = asker.submit(session.must_reach_aws, stack) if stack != STAGING else None
        facts = Facts(session.gather_to_act(stack))
        if reached and not isinstance(facts.of(stack).doubt, Unadopted):
            reached.result()
    return facts


def _looked_at(facts: StackFacts, session: Session) -> tuple[Drift, Forecast]:
    """Read the world, and what `up` would change; where the engine mends something in any case, that is not asked."""
    drift = interruptible(partial(look, facts, session.app.engine, session.releases))
    return drift, Forecast(()) if drift.resources.changes else _foreseen(facts, session)


def _foreseen(facts: StackFacts, session: Session) -> Forecast:
    return interruptible(partial(session.app.engine.preview, previewed(facts), Silence()))
