"""What every command about a canary begins with: the stack that it is about, and what was found there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from automation.app import open_app
from automation.consent import TerminalConsent, must_be_able_to_agree
from automation.core.canary import Candidate
from automation.core.facts import Facts
from automation.core.gates import ReadyPods
from automation.core.ladder import following
from automation.core.look import Limits
from automation.core.releases import canary_undos, undos
from automation.errors import UsageFault
from automation.operating import look_back, operate
from automation.ops.deploy import looked_at
from automation.ports.gauge import WorldGauge
from automation.ports.images import Registry
from automation.session import Session
from automation.show import tell
from stacks.house import HOME, STANDBY
from stacks.objectives import RUNGS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from automation.app import App
    from automation.core.facts import StackFacts, Unreachable
    from automation.core.plan import Plan
    from automation.options import Options
    from automation.run import Report

stack_option: Callable[[Any], Any] = click.option(
    "-s", "--stack", metavar="STACK", help="The stack that the canary is on (default: the one that serves)."
)
force_option: Callable[[Any], Any] = click.option(
    "--force", is_flag=True, help="Do it though a rule stands against it; the reason is kept."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One command about the canary of `stack`, and what was `found` of that stack and of those that decide which it is."""

    app: App
    options: Options
    session: Session
    stack: str
    found: Mapping[str, StackFacts | Unreachable]

    @property
    def facts(self) -> Facts:
        """What was found, without what an interrupted run has left."""
        return Facts(self.found)

    def ready(self) -> int | None:
        """Return how many stable pods of the stack are Ready; None where nobody can tell."""
        seen = WorldGauge(self.app.spec, self.session.redactor).measure(ReadyPods(self.stack, minimum=1, within=0)).value
        return None if seen is None else round(seen)

    def candidate(self, version: str, *, forced: bool) -> Candidate:
        """Look up an image, and at all that may stand against its being tried."""
        image = Registry(self.app.spec.registry).resolve(version)
        entries = self.app.engine.history(self.stack)
        met = looked_at(self.session, self.facts, version=version, entries=entries, stacks=(self.stack,))
        for each in met:
            tell(f"{each.name}: {each.state.value} ({each.says})")
        undone = undos(entries, image) + canary_undos(entries, image)
        return Candidate(image, self.stack, self.ready(), met, undone=undone, forced=forced, history=entries)

    def carry_out(self, plan: Callable[[Facts], Plan], *, command: str, stacks: tuple[str, ...]) -> Report | None:
        """Carry out what is planned for `stacks`, from where an interrupted run of the same command has left it."""
        records = self.session.journals(self.stack)
        facts = look_back(command, {stack: self.found[stack] for stack in stacks}, records)
        consent = TerminalConsent(self.options, self.app.engine)
        return operate(plan, facts, self.session.author, doors=self.session.doors, records=records, consent=consent)


def ask(options: Options, stack: str | None, *, also: tuple[str, ...] = (), forced: bool = False) -> Asked:
    """Find which stack is meant, and how it and those of `also` stand, to change it.

    Raises:
        UsageFault: nobody could agree to it, or to force it no reason is given.
        HhctlError: which stack serves cannot be told.
    """
    app = open_app()
    app.named([stack] if stack else [])
    must_be_able_to_agree(options, stacks=(stack or HOME,))
    if forced and not (options.reason or options.incident):
        raise UsageFault("to force a canary, say why", hint="--reason TEXT, or --incident ID")
    if not options.plan:
        app.engine.warm()
    session = Session(app, options)
    found = session.gather_to_act(*dict.fromkeys((*((stack,) if stack else (HOME, STANDBY)), *also)))
    return Asked(app, options, session, Facts(found).chosen(stack), found)


def limits_of(app: App, *, harm: float) -> Limits:
    """Return what a canary is judged by, as the spec promises it, at each rung of the ladder.

    Raises:
        UsageFault: so small a harm is tolerated.
    """
    promised = app.spec.objectives
    try:
        return Limits(
            error_rate=promised.error_rate,
            p95=promised.p95.total_seconds(),
            degradation=promised.degradation,
            harm=harm,
            rungs=len(RUNGS),
        )
    except ValueError as wrong:
        raise UsageFault(f"so small a harm cannot be looked for: {wrong}", hint="--harm 0.5%") from wrong


def delivered(stack: str) -> tuple[str, ...]:
    """Name the stacks that a canary's promotion on `stack` reaches."""
    return (HOME, STANDBY) if stack == HOME else (stack,)


def left_out(facts: Facts, stack: str, *, version: str) -> str:
    """Say why dr does not follow a promotion of `version` on a stack, and what is left to do then; empty where it does, or need not."""
    _, trouble = following(facts, stack)
    return f"{STANDBY} stays as it is: {trouble}; to do: hhctl deploy {version} --only {STANDBY}, as soon as it can" if trouble else ""
