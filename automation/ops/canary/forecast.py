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
from stacks.objectives import HARM, RUNG_SOAK, RUNGS, Arm, Unit, error_rate
from stacks.quantities import Fraction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from automation.core.judge import RungForecast
    from automation.options import Options
    from automation.ports.gauge import Gauge
    from automation.show import Block, Json
    from stacks.objectives import Objective

_WINDOW = timedelta(minutes=10)
_LIVE = timedelta(minutes=1)
"""A rate over more than there has been traffic would be too low; of scrapes 30 s apart a minute still holds two."""
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

    It goes by the requests of the last minute, and by how many of the last ten minutes' failed. Exits with 11 where nobody can tell.
    """
    app = open_app()
    app.named([stack] if stack else [])
    session = Session(app, options)
    wanted = stack or Facts(session.gather(HOME, STANDBY)).serving()
    image = Registry(app.spec.registry).resolve(version)
    limits = limits_of(app, harm=HARM if harm is None else harm)
    arm = Arm(place_of(app.spec, wanted).namespace)
    rate, baseline = asked_for(WorldGauge(app.spec, session.redactor), wanted, error_rate(app.spec.objectives), arm)
    rungs = forecast_rungs(limits, baseline=baseline, rate=rate, ladder=RUNGS)
    show(ForecastView(wanted, image.tag, rate, baseline, limits.harm, rungs), options)
    return ExitCode.DONE


def asked_for(gauge: Gauge, stack: str, errors: Objective, arm: Arm) -> tuple[float, float]:
    """Return how many requests a second a stack is asked for now, and which share of the last ten minutes' has failed.

    Where scrapes are so far apart that a minute holds less than two, the rate is that of ten minutes.

    Raises:
        NobodyKnows: there are no requests, or Prometheus cannot be asked.
    """
    lately, live = (gauge.ask(stack, errors, arm, window=window, at=None) for window in (_WINDOW, _LIVE))
    seen, window = (lately, _WINDOW) if live.n is None else (live, _LIVE)
    if live.trouble or lately.value is None or not lately.is_there or not seen.n:
        why = lately.trouble or live.trouble or f"no requests in the last {_time(window.total_seconds())}"
        raise NobodyKnows(f"nobody can tell what {stack} is asked: {why}", hint="hhctl health")
    return seen.n / window.total_seconds(), lately.value


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
