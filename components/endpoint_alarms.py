"""Alarms on the endpoints of the regions: they wake people, and no record of a hosted zone hangs on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi_aws import cloudwatch, route53, sns

if TYPE_CHECKING:
    from collections.abc import Mapping

_PERIOD_SECONDS = 60
_PERIODS = 3


@dataclass(frozen=True, slots=True)
class EndpointAlarmsArgs:
    """What is watched: the host names of `endpoints` by region, each asked for `path` by HTTPS; `topic` names where alarms are told."""

    endpoints: Mapping[str, str]
    path: str
    topic: str
    tags: Mapping[str, str]


class EndpointAlarms(pulumi.ComponentResource):
    """A health check and an alarm for each endpoint, and the topic that the alarms go to.

    Route 53 reports health in us-east-1 only, so this must stand in that region.
    """

    topic_arn: pulumi.Output[str]

    def __init__(self, name: str, args: EndpointAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("house-helper:components:EndpointAlarms", name, None, opts)
        self._inside = pulumi.ResourceOptions(parent=self)
        topic = sns.Topic(name, name=args.topic, tags=args.tags, opts=self._inside)
        for region, host in args.endpoints.items():
            self._watch(f"{name}-{region}", host, args, topic)
        self.topic_arn = topic.arn
        self.register_outputs({"topic_arn": self.topic_arn})

    def _watch(self, name: str, host: str, args: EndpointAlarmsArgs, topic: sns.Topic) -> None:
        check = route53.HealthCheck(
            name,
            type="HTTPS",
            fqdn=host,
            port=443,
            resource_path=args.path,
            request_interval=30,
            failure_threshold=3,
            tags={**args.tags, "Name": f"endpoint {host}"},
            opts=self._inside,
        )
        cloudwatch.MetricAlarm(
            name,
            name=f"house-helper {host} does not answer",
            alarm_description=f"https://{host}{args.path} has not answered for {_PERIODS} minutes; traffic moves by hhctl failover only",
            namespace="AWS/Route53",
            metric_name="HealthCheckStatus",
            dimensions={"HealthCheckId": check.id},
            statistic="Minimum",
            comparison_operator="LessThanThreshold",
            threshold=1,
            period=_PERIOD_SECONDS,
            evaluation_periods=_PERIODS,
            treat_missing_data="breaching",
            alarm_actions=[topic.arn],
            ok_actions=[topic.arn],
            tags=args.tags,
            opts=self._inside,
        )
