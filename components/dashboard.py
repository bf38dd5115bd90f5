"""A dashboard as Grafana takes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SCHEMA = 39
_COLUMNS, _WIDTH, _HEIGHT = 24, 12, 8
_DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True, slots=True)
class Panel:
    """One graph: PromQL by legend, Grafana's unit, and the value above which it is red, None where nothing was promised."""

    title: str
    description: str
    expressions: Mapping[str, str]
    unit: str
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Panels under a title; `uid` is what links lead to."""

    uid: str
    title: str
    panels: Sequence[Panel]

    def __str__(self) -> str:
        """Give the dashboard's JSON."""
        document = {
            "uid": self.uid,
            "title": self.title,
            "tags": ["house-helper"],
            "timezone": "utc",
            "schemaVersion": _SCHEMA,
            "refresh": "30s",
            "time": {"from": "now-1h", "to": "now"},
            "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]},
            "panels": [_panel(number, panel) for number, panel in enumerate(self.panels)],
        }
        return json.dumps(document, indent=1)


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    across = _COLUMNS // _WIDTH
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.description,
        "datasource": _DATASOURCE,
        "gridPos": {"x": number % across * _WIDTH, "y": number // across * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "targets": [
            {"refId": chr(ord("A") + index), "datasource": _DATASOURCE, "expr": expression, "legendFormat": legend}
            for index, (legend, expression) in enumerate(panel.expressions.items())
        ],
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0, **_threshold(panel.limit)}, "overrides": []},
    }


def _threshold(limit: float | None) -> dict[str, Any]:
    if limit is None:
        return {}
    steps = [{"color": "green", "value": None}, {"color": "red", "value": limit}]
    return {"thresholds": {"mode": "absolute", "steps": steps}, "custom": {"thresholdsStyle": {"mode": "line"}}}
