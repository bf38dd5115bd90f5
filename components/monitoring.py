"""What watches a stack: alert rules, a dashboard, and where alerts are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi_kubernetes import core, meta

from components.alerts import rules_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from components.alerts import Alert
    from components.dashboard import Dashboard

RULES_LABEL = {"prometheus_rules": "1"}
DASHBOARD_LABEL = {"grafana_dashboard": "1"}
"""By which sidecars of Prometheus and Grafana find ConfigMaps, where they look in every namespace."""


@dataclass(frozen=True, slots=True)
class MonitoringArgs:
    """What monitoring is made of; `slack_webhook` is a secret URL that Alertmanager posts to."""

    namespace: pulumi.Input[str]
    alerts: Sequence[Alert]
    dashboard: Dashboard
    slack_webhook: pulumi.Input[str]


class Monitoring(pulumi.ComponentResource):
    """A ConfigMap of alert rules, one of a dashboard, and the Secret that Alertmanager reads its `slack_api_url_file` from."""

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("house-helper:components:Monitoring", name, None, opts)
        self._namespace = args.namespace
        self._inside = pulumi.ResourceOptions(parent=self)
        self._file(f"{name}-rules", {f"{name}.yaml": rules_file(name, args.alerts)}, labels=RULES_LABEL)
        self._file(f"{name}-dashboard", {f"{name}.json": str(args.dashboard)}, labels=DASHBOARD_LABEL)
        core.v1.Secret(
            f"{name}-slack",
            metadata=self._named(f"{name}-slack"),
            string_data={"url": pulumi.Output.secret(args.slack_webhook)},
            opts=self._inside,
        )
        self.register_outputs({})

    def _file(self, name: str, data: Mapping[str, str], *, labels: Mapping[str, str]) -> None:
        core.v1.ConfigMap(name, metadata=self._named(name, labels), data=data, opts=self._inside)

    def _named(self, name: str, labels: Mapping[str, str] | None = None) -> meta.v1.ObjectMetaArgs:
        return meta.v1.ObjectMetaArgs(name=name, namespace=self._namespace, labels=labels)
