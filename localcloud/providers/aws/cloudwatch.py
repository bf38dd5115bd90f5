"""`aws.cloudwatch.MetricAlarm`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.providers.aws.naming import marked
from localcloud.providers.aws.table import REGION, TAGS, TAGS_ALL, Field, Kind, Naming, ResourceType, World, blocks, texts
from localcloud.providers.aws.tags import all_tags, tag_change, tag_list, tag_map
from localcloud.providers.aws.wire import from_wire, to_wire
from localcloud.providers.resource import CheckFailure, Properties

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from localcloud.providers.aws.site import Site

_METRIC = {
    "metricName": Field(Kind.TEXT, required=True),
    "namespace": Field(Kind.TEXT),
    "period": Field(Kind.WHOLE, required=True),
    "stat": Field(Kind.TEXT, required=True),
    "unit": Field(Kind.TEXT),
    "dimensions": Field(Kind.MAP),
}
_QUERY = {
    "id": Field(Kind.TEXT, required=True),
    "accountId": Field(Kind.TEXT),
    "expression": Field(Kind.TEXT),
    "label": Field(Kind.TEXT),
    "period": Field(Kind.WHOLE),
    "returnData": Field(Kind.FLAG, default=False),
    "metric": Field(Kind.BLOCK, inside=_METRIC),
}
_SETTINGS = {
    "comparisonOperator": Field(Kind.TEXT, required=True),
    "evaluationPeriods": Field(Kind.WHOLE, required=True, between=(1, 1440)),
    "metricName": Field(Kind.TEXT, between=(1, 255)),
    "namespace": Field(Kind.TEXT),
    "period": Field(Kind.WHOLE),
    "statistic": Field(Kind.TEXT, choices=("SampleCount", "Average", "Sum", "Minimum", "Maximum")),
    "extendedStatistic": Field(Kind.TEXT),
    "threshold": Field(Kind.NUMBER),
    "thresholdMetricId": Field(Kind.TEXT),
    "unit": Field(Kind.TEXT),
    "actionsEnabled": Field(Kind.FLAG, default=True),
    "alarmActions": texts(),
    "okActions": texts(wire="OKActions"),
    "insufficientDataActions": texts(),
    "alarmDescription": Field(Kind.TEXT),
    "datapointsToAlarm": Field(Kind.WHOLE),
    "treatMissingData": Field(Kind.TEXT, default="missing", choices=("breaching", "notBreaching", "ignore", "missing")),
    "evaluateLowSampleCountPercentiles": Field(
        Kind.TEXT, computed=True, choices=("evaluate", "ignore"), wire="EvaluateLowSampleCountPercentile"
    ),
}
_NOT_HERE = "is not in the local cloud: leave it out"
_INPUTS = {
    **_SETTINGS,
    "name": Field(Kind.TEXT, computed=True, between=(1, 255), replaces="cloudwatch_metric_alarm#alarm_name"),
    "dimensions": Field(Kind.MAP),
    "metricQueries": blocks(Kind.SET, _QUERY),
    "evaluationCriteria": Field(Kind.BLOCK, elsewhere=f"an alarm on PromQL {_NOT_HERE}"),
    "evaluationInterval": Field(Kind.WHOLE, elsewhere=f"an alarm on PromQL {_NOT_HERE}"),
    "evaluationWindow": Field(Kind.BLOCK, elsewhere=f"a wall clock window {_NOT_HERE}"),
    "warmUpConfiguration": Field(Kind.BLOCK, elsewhere=f"a warm-up {_NOT_HERE}"),
    "region": REGION,
    "tags": TAGS,
    "tagsAll": TAGS_ALL,
}


def _demands(inputs: Properties) -> Iterator[CheckFailure]:
    if bool(inputs.get("metricName")) == bool(inputs.get("metricQueries")):
        yield CheckFailure("metricName", "one (and only one) of metricName and metricQueries is required")
    if inputs.get("metricName") and not inputs.get("statistic") and not inputs.get("extendedStatistic"):
        yield CheckFailure("statistic", "one of statistic and extendedStatistic is required beside metricName")
    if inputs.get("threshold") is None and not inputs.get("thresholdMetricId"):
        yield CheckFailure("threshold", "one of threshold and thresholdMetricId is required")


def _put(site: Site, inputs: Properties) -> str:
    settings = to_wire(_SETTINGS, inputs)
    if inputs.get("dimensions"):
        settings["Dimensions"] = _dimensions(inputs["dimensions"])
    if inputs.get("metricQueries"):
        settings["Metrics"] = [_query(query) for query in inputs["metricQueries"]]
    site.cloudwatch.put_metric_alarm(AlarmName=inputs["name"], Tags=tag_list(all_tags(inputs)), **settings)
    return site.made(inputs["name"])


def _dimensions(values: Mapping[str, str]) -> list[Any]:
    return [{"Name": name, "Value": value} for name, value in values.items()]


def _query(query: Mapping[str, Any]) -> Any:
    """A query on the wire, where what belongs to the metric stands one level deeper."""
    told = to_wire({name: field for name, field in _QUERY.items() if name != "metric"}, query)
    if metric := query.get("metric"):
        told["MetricStat"] = {
            "Metric": {
                **to_wire({name: _METRIC[name] for name in ("metricName", "namespace")}, metric),
                "Dimensions": _dimensions(metric.get("dimensions") or {}),
            },
            **to_wire({name: _METRIC[name] for name in ("period", "stat", "unit")}, metric),
        }
    return told


def _query_inputs(answer: Mapping[str, Any]) -> dict[str, Any]:
    told = from_wire({name: field for name, field in _QUERY.items() if name != "metric"}, answer)
    if stat := answer.get("MetricStat"):
        flat = {**stat, **stat["Metric"], "Dimensions": None}
        told["metric"] = {**from_wire(_METRIC, flat), "dimensions": _dimension_map(stat["Metric"].get("Dimensions"))}
    return told


def _dimension_map(dimensions: list[Mapping[str, str]] | None) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in dimensions or ()}


def _read(site: Site, id: str, _known: Properties) -> World | None:
    found: list[Any] = list(site.cloudwatch.describe_alarms(AlarmNames=[id], AlarmTypes=["MetricAlarm"])["MetricAlarms"])
    if not found:
        return None
    alarm = found[0]
    tags: Any = site.cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    inputs = {
        **from_wire(_SETTINGS, alarm),
        "name": alarm["AlarmName"],
        "dimensions": _dimension_map(alarm.get("Dimensions")),
        "metricQueries": [_query_inputs(query) for query in alarm.get("Metrics") or ()],
        "region": site.region,
        "tags": tag_map(tags),
    }
    return World(inputs=inputs, outputs={"arn": alarm["AlarmArn"]})


def _update(site: Site, id: str, old: Properties, new: Properties) -> None:
    _put(site, new)
    if tags := tag_change(old=old, new=new):
        # CloudWatch takes the tags of a put for a new alarm only.
        arn: Any = site.cloudwatch.describe_alarms(AlarmNames=[id])["MetricAlarms"][0].get("AlarmArn")
        site.cloudwatch.untag_resource(ResourceARN=arn, TagKeys=tags.gone)
        site.cloudwatch.tag_resource(ResourceARN=arn, Tags=tag_list(tags.put))


def _delete(site: Site, id: str, _inputs: Properties) -> None:
    site.cloudwatch.delete_alarms(AlarmNames=[id])


METRIC_ALARM = ResourceType(
    type="aws:cloudwatch/metricAlarm:MetricAlarm",
    inputs=_INPUTS,
    outputs=("arn",),
    naming=Naming("name", marked(255)),
    create=_put,
    read=_read,
    update=_update,
    delete=_delete,
    gone=frozenset({"ResourceNotFound"}),
    demands=_demands,
)
