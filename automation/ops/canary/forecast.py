"""`hhctl canary forecast`: how long each rung must hold to see a harm, at the rate of requests that there is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, get_args

import click

from automation.app import open_app
from automation.commands import Command
from automation.core.facts import Facts
from automation.core.judge import forecast as forecast_rungs
from automation.core.soak import shown
from automation.errors import ExitCode, HhctlError
from automation.ops.canary.asking import limits_of, stack_option
from automation.options import QuantityType
from automation.ports.gauge import WorldGauge
from automation.ports.images import Registry
from automation.ports.place import place_of
from automation.session import Session
from automation.show import Column, Table, Text, Tone, Toned, show
from stacks.dials import Tag
from stacks.house import HOME, STANDBY
from stacks.objectives import HARM, RUNG_SOAK, RUNGS, Arm, Unit, objectives
from stacks.quantities import Fraction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from automation.core.judge import RungForecast
    from automation.options import Options
    from automation.show import Block, Json

_WINDOW = timedelta(minutes=10)
_COLUMNS = (
    Column("weight", "weight"),
    Column("requests", "requests of the canary"),
    Column("seconds", "takes"),
    Column("enough", "is seen within the soak"),
    Column("hour", "least harm seen in an hour"),
)


class NobodyKnows(HhctlError):
    """There is nothing to forecast by."""

    code = ExitCode.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class ForecastView:
    """What a canary on a stack would see, at `rate` requests a second of which the share `baseline` fails."""

    stack: str
    version: str
    rate: float
    baseline: float
    harm: float
    rungs: Sequence[RungForecast]
    kind: str = "CanaryForecast"

    def document(self) -> Mapping[str, Json]:
        """Return the rate, the baseline, the harm, and `{"items": [{weight, requests, seconds, enough, hour}, …]}`; null is never."""
        return {
            "stack": self.stack,
            "version": self.version,
            "rate": self.rate,
            "baseline": self.baseline,
            "harm": self.harm,
            "soak": RUNG_SOAK.total_seconds(),
            "items": [
                {
                    "weight": rung.weight,
                    "requests": rung.requests if math.isfinite(rung.seconds) else None,
                    "seconds": rung.seconds if math.isfinite(rung.seconds) else None,
                    "enough": _is_enough(rung),
                    "hour": rung.hour,
                }
                for rung in self.rungs
            ],
        }

    def blocks(self) -> Sequence[Block]:
        """Return what it rests on, a row a rung, and what that comes to."""
        seen = f"{self.rate:,.1f} requests a second on {self.stack}, of which {shown(self.baseline, Unit.FRACTION)} fail"
        total = sum(max(rung.seconds, RUNG_SOAK.total_seconds()) for rung in self.rungs)
        says = f"{seen}; to see {shown(self.harm, Unit.FRACTION)} more failures of {self.version}:"
        whole = f"with the soak of {_time(RUNG_SOAK.total_seconds())} a rung, the whole ladder takes {_time(total)} at least"
        return (Text(says), Table(self.kind, _COLUMNS, tuple(map(_row, self.rungs))), Text(whole))


@click.command(cls=Command, epilog="\b\nExamples:\n  hhctl canary forecast v1.3.0\n  hhctl canary forecast v1.3.0 --harm 0.1% -o json")
@click.argument("version", type=QuantityType("tag", get_args(Tag)[1]))
@stack_option
@click.option("--harm", metavar="PERCENT", type=QuantityType("share", get_args(Fraction)[1]), help="The rise in failures to be seen.")
@click.pass_obj
def forecast(options: Options, version: str, *, stack: str | None, harm: float | None) -> ExitCode:
    """Show how long each rung must hold to see a harm of VERSION, and what an hour of it can see.

    It goes by the requests of the last ten minutes and by how many of them failed. Exits with 11 where nobody can tell.
    """
    app = open_app()
    app.named([stack] if stack else [])
    session = Session(app, options)
    wanted = stack or Facts(session.gather(HOME, STANDBY)).serving()
    image = Registry(app.spec.registry).resolve(version)
    limits = limits_of(app, harm=HARM if harm is None else harm)
    [errors] = [each for each in objectives(app.spec.objectives) if each.name == "error-rate"]
    arm = Arm(place_of(app.spec, wanted).namespace)
    measured = WorldGauge(app.spec, session.redactor).ask(wanted, errors, arm, window=_WINDOW, at=None)
    if measured.value is None or not measured.is_there or not measured.n:
        why = measured.trouble or "no requests in ten minutes"
        raise NobodyKnows(f"nobody can tell what {wanted} is asked: {why}", hint="hhctl health")
    rate = measured.n / _WINDOW.total_seconds()
    rungs = forecast_rungs(limits, baseline=measured.value, rate=rate, ladder=RUNGS)
    show(ForecastView(wanted, image.tag, rate, measured.value, limits.harm, rungs), options)
    return ExitCode.DONE


def _row(rung: RungForecast) -> tuple[str | int | Toned | None, ...]:
    ever = math.isfinite(rung.seconds)
    enough = Toned("yes", Tone.GOOD) if _is_enough(rung) else Toned("no", Tone.DOUBTFUL)
    hour = shown(rung.hour, Unit.FRACTION) if rung.hour < 1 else "none"
    return (f"{rung.weight} %", f"{rung.requests:,}" if ever else None, _time(rung.seconds) if ever else "never", enough, hour)


def _is_enough(rung: RungForecast) -> bool:
    return rung.seconds <= RUNG_SOAK.total_seconds()


def _time(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "for ever"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
