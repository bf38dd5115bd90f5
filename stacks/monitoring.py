"""What is promised, as alerts and as a dashboard."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from components.alerts import Alert
from components.dashboard import Dashboard, Panel
from stacks.objectives import REQUESTS, Arm, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stacks.objectives import Objective

_WINDOW = timedelta(minutes=5)
_BASELINE = timedelta(hours=1)
_GRAFANA_UNITS = {Unit.FRACTION: "percentunit", Unit.SECONDS: "s", Unit.THINGS: "short"}


def alerts(promises: Iterable[Objective], *, stack: str, namespace: str) -> tuple[Alert, ...]:
    """One alert for each promise, on all pods of the namespace."""
    arm = Arm(namespace)
    return tuple(
        Alert(
            name=_camel(promise.name),
            expression=promise.broken(arm, window=_WINDOW, baseline=_BASELINE),
            hold=promise.hold,
            severity=promise.severity.value,
            summary=f"{stack}: {promise.title.lower()}: {{{{ $value }}}} ({_limit(promise)})",
            action=f"hhctl health {stack}",
        )
        for promise in promises
    )


def dashboard(promises: Iterable[Objective], *, stack: str, namespace: str) -> Dashboard:
    """A panel of requests by track, and one for each promise by track, each with its limit drawn in."""
    arms = {track: Arm(namespace, track=track) for track in ("stable", "canary")}
    requests = Panel(
        title="Requests a second",
        description="By track.",
        expressions={track: f"sum(rate({REQUESTS}{{{arm.matchers}}}[1m]))" for track, arm in arms.items()},
        unit="reqps",
    )
    panels = [
        Panel(
            title=promise.title,
            description=_limit(promise).capitalize(),
            expressions={track: promise.value(arm, window=_WINDOW) for track, arm in arms.items()},
            unit=_GRAFANA_UNITS[promise.unit],
            limit=promise.limit,
        )
        for promise in promises
        if not promise.relative
    ]
    return Dashboard(uid=f"house-helper-{stack}", title=f"House Helper: {stack}", panels=(requests, *panels))


def _limit(promise: Objective) -> str:
    against = f" more than {int(_BASELINE.total_seconds() // 60)} minutes before" if promise.relative else ""
    amount = f"{promise.limit:.0%}" if promise.relative or promise.unit is Unit.FRACTION else f"{promise.limit:g} {promise.unit.value}"
    return f"at most {amount}{against}"


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))
