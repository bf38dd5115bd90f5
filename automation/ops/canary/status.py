"""`hhctl canary status`: the canary beside the stable version, as both are now, and how the judge sees them."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from automation.app import open_app
from automation.commands import Command
from automation.core.arm_figures import figures, split
from automation.core.facts import Facts
from automation.core.gates import CANARY, STABLE, ReadyPods
from automation.core.judgement_document import judgement_document
from automation.core.standing_canary import canary_standing
from automation.errors import ExitCode
from automation.ops.canary.asking import stack_option
from automation.ops.canary.looking import judged_by, rung_of, sight_of
from automation.options import Output
from automation.ports.gauge import WorldGauge
from automation.rung_panel import RungPanel
from automation.session import Session
from automation.show import Text, moment, show
from stacks.house import HOME, STANDBY
from stacks.objectives import ALL_REQUESTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from automation.app import App
    from automation.core.arm_figures import ArmFigures
    from automation.core.gates import Judgement
    from automation.core.rung import Rung, Seen
    from automation.core.standing_canary import CanaryStanding
    from automation.options import Options
    from automation.ports.sight import Sight
    from automation.show import Block, Json

_LOOKS_A_READING = 3


@dataclass(frozen=True, slots=True)
class CanaryView:
    """The canary of a stack as an answer; None where there is none. `holder` is who holds the stack, empty for nobody."""

    stack: str
    standing: CanaryStanding | None
    panel: RungPanel | None
    holder: str = ""
    kind: str = "Canary"

    def document(self) -> Mapping[str, Json]:
        """Return who is tried beside whom, the split, both arms and every verdict with its numbers; `canary` is null without one."""
        if self.standing is None or self.panel is None:
            return {"stack": self.stack, "canary": None}
        standing, panel = self.standing, self.panel
        watched = max(0.0, panel.elapsed - panel.seen.missing)
        return {
            "stack": self.stack,
            "canary": {
                "tag": standing.canary.image.tag,
                "digest": standing.canary.image.digest,
                "weight": standing.canary.weight,
                "minimum": standing.canary.minimum,
            },
            "stable": {"tag": standing.stable.tag, "digest": standing.stable.digest, "minimum": standing.canary.stable},
            "operation": standing.note.operation,
            "operator": standing.note.operator,
            "reason": standing.note.reason,
            "holder": self.holder or None,
            "began": moment(standing.began),
            "since": moment(standing.since),
            "soak": standing.seconds or None,
            "left": max(0.0, standing.seconds - watched) if standing.seconds else None,
            "split": {"asked": standing.canary.weight / ALL_REQUESTS, "seen": split(panel.seen)},
            "arms": [_arm_document(arm, panel.pods.get(arm.track)) for arm in figures(panel.rung, panel.seen)],
            "trouble": panel.seen.trouble or None,
            "verdicts": [_verdict_document(each) for each in panel.judgements],
        }

    def blocks(self) -> Sequence[Block]:
        """Return a line where there is no canary; one that is there is drawn."""
        return (Text(f"no canary is on {self.stack}"),)


@click.command(cls=Command, epilog="\b\nExamples:\n  hhctl canary status\n  hhctl canary status --once\n  hhctl canary status -o json")
@stack_option
@click.option("--once", is_flag=True, help="Show it once, and not over and over.")
@click.pass_obj
def status(options: Options, *, stack: str | None, once: bool) -> ExitCode:
    """Show the canary beside the stable version: weight and split, pods, rates, errors, latencies, verdicts, and the time left.

    On a terminal it is drawn anew at each scrape until Ctrl-C, or until the canary has gone.
    """
    app = open_app()
    app.named([stack] if stack else [])
    session = Session(app, options)
    wanted = stack or Facts(session.gather(HOME, STANDBY)).serving()
    views = _views(app, session, wanted)
    if options.output is not Output.TABLE:
        show(next(views), options)
        return ExitCode.DONE
    _draw(views, options, again=sys.stdout.isatty() and not once)
    return ExitCode.DONE


def _draw(views: Iterator[CanaryView], options: Options, *, again: bool) -> None:
    from rich.console import Console  # noqa: PLC0415 - rich costs a tenth of a second that documents need not pay
    from rich.live import Live  # noqa: PLC0415 - likewise

    view = next(views)
    if view.panel is None:
        show(view, options)
        return
    console = Console(no_color=not options.colour, width=None if sys.stdout.isatty() else 160)
    if not again:
        console.print(view.panel)
        return
    try:
        with Live(view.panel, console=console, auto_refresh=False) as live:
            for each in views:
                if each.panel is None:
                    return
                live.update(each.panel, refresh=True)
                time.sleep(1.0)
    except KeyboardInterrupt:
        return


def _views(app: App, session: Session, stack: str) -> Iterator[CanaryView]:
    """Look again and again; the same sight goes on as long as the rung is the same."""
    gauge = WorldGauge(app.spec, session.redactor)
    before: CanaryStanding | None = None
    sight: Sight | None = None
    while standing := canary_standing(stack, app.engine.history(stack), session.journals(stack).newest()):
        holder, rung = session.lease_holder(stack), rung_of(app, stack, standing)
        if sight is None or before is None or (standing.since, standing.canary) != (before.since, before.canary):
            sight, before = sight_of(gauge, rung, standing), standing
        # Who holds it and what it is set to changes more seldom than what is seen, and takes longer to read.
        for _ in range(_LOOKS_A_READING):
            yield CanaryView(stack, standing, _panel(gauge, rung, standing, sight.look(), session), holder)
    yield CanaryView(stack, None, None)


def _panel(gauge: WorldGauge, rung: Rung, standing: CanaryStanding, seen: Seen, session: Session) -> RungPanel:
    pods = {track: gauge.measure(ReadyPods(rung.stack, minimum=1, within=0, track=track)).value for track in (CANARY, STABLE)}
    ready = {track: round(value) for track, value in pods.items() if value is not None}
    elapsed = (session.now() - standing.since).total_seconds()
    return RungPanel(rung, elapsed, seen, judged_by(rung, seen) if rung.weight else (), ready)


def _arm_document(arm: ArmFigures, pods: int | None) -> Json:
    return {
        "track": arm.track,
        "version": arm.version,
        "pods": pods,
        "requests": arm.requests,
        "rate": arm.rate,
        "failures": arm.failures,
        "p50": arm.p50,
        "p95": arm.p95,
        "p99": arm.p99,
    }


def _verdict_document(judgement: Judgement) -> Json:
    return {"says": judgement.shown or judgement.trouble, **judgement_document(judgement)}
