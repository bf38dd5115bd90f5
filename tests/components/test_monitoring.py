from __future__ import annotations

import json
from datetime import timedelta

import pytest
import yaml
from declarations import Declared, declarations

from components.alerts import Alert
from components.dashboard import Dashboard, Panel
from components.monitoring import Monitoring, MonitoringArgs

ALERT = Alert(
    name="ErrorRate",
    expression='rate(failures{namespace="here"}[5m]) > 0.01',
    hold=timedelta(minutes=2),
    severity="P1",
    summary="errors: {{ $value }}",
    action="hhctl health here",
)
PANELS = tuple(Panel(f"panel {number}", "", {"stable": "up", "canary": "up == 0"}, "s", limit=1.0) for number in range(3))


@pytest.fixture(scope="module")
def declared() -> Declared:
    args = MonitoringArgs(
        namespace="here", alerts=[ALERT], dashboard=Dashboard("uid", "title", PANELS), slack_webhook="https://hooks.example/secret"
    )
    return declarations(lambda: Monitoring("test", args))


def test_rules_are_a_file_as_prometheus_reads_it_where_its_sidecar_looks(declared: Declared) -> None:
    rules = declared.only("ConfigMap", "test-rules").inputs
    assert rules["metadata"]["labels"] == {"prometheus_rules": "1"}
    [group] = yaml.safe_load(rules["data"]["test.yaml"])["groups"]
    assert group == {
        "name": "test",
        "rules": [
            {
                "alert": "ErrorRate",
                "expr": ALERT.expression,
                "for": "120s",
                "labels": {"severity": "P1"},
                "annotations": {"summary": "errors: {{ $value }}", "action": "hhctl health here"},
            }
        ],
    }


def test_the_dashboard_is_a_file_as_grafana_reads_it_where_its_sidecar_looks(declared: Declared) -> None:
    dashboard = declared.only("ConfigMap", "test-dashboard").inputs
    assert dashboard["metadata"]["labels"] == {"grafana_dashboard": "1"}
    document = json.loads(dashboard["data"]["test.json"])
    assert (document["uid"], document["title"]) == ("uid", "title")
    assert [panel["title"] for panel in document["panels"]] == [panel.title for panel in PANELS]


def test_panels_lie_side_by_side_and_none_on_another() -> None:
    panels = json.loads(str(Dashboard("uid", "title", PANELS)))["panels"]
    assert len({panel["id"] for panel in panels}) == 3
    assert [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels] == [(0, 0), (12, 0), (0, 8)]


def test_a_panel_asks_once_a_legend_and_draws_its_limit_in_red() -> None:
    panel = json.loads(str(Dashboard("uid", "title", PANELS)))["panels"][0]
    assert {target["legendFormat"]: target["expr"] for target in panel["targets"]} == {"stable": "up", "canary": "up == 0"}
    assert len({target["refId"] for target in panel["targets"]}) == 2
    assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][-1] == {"color": "red", "value": 1.0}


def test_the_webhook_is_a_secret_of_the_engine(declared: Declared) -> None:
    secret = declared.only("Secret")
    assert secret.secrets == {"stringData"}
    assert secret.inputs["stringData"] == {"url": "https://hooks.example/secret"}
