"""Alerts as Prometheus takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert: `expression` is PromQL that gives a series while something is wrong, and `hold` is for how long it must."""

    name: str
    expression: str
    hold: timedelta
    severity: str
    summary: str
    """One line for people; `{{ $value }}` and `{{ $labels }}` are Prometheus' own."""
    action: str
    """What to type next."""


def rules_file(group: str, alerts: Sequence[Alert]) -> str:
    """Write a Prometheus rules file of one group, in YAML."""
    return yaml.safe_dump({"groups": [{"name": group, "rules": [_rule(alert) for alert in alerts]}]}, sort_keys=False, width=1000)


def _rule(alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": f"{int(alert.hold.total_seconds())}s",
        "labels": {"severity": alert.severity},
        "annotations": {"summary": alert.summary, "action": alert.action},
    }
