"""What the edge writes into the status of routes, and what hhctl reads there."""

from __future__ import annotations

from typing import Any

from automation.core.health import Fitness, World, signs
from automation.ports.gauge import taken_up
from localcloud.edge.announcing import CONTROLLER, Announcer
from localcloud.edge.conditions import Condition, route_conditions
from localcloud.edge.table import Objects

AT, LATER = "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"
HEADERS = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["x"]}}


class Cluster:
    """An API server that holds the status of one route."""

    def __init__(self) -> None:
        self.written: list[list[Condition]] = []

    def merge_status(self, _: str, __: str, ___: str, patch: dict[str, Any], ____: str) -> None:
        [parent] = patch["status"]["parents"]
        assert parent["controllerName"] == CONTROLLER
        self.written.append(parent["conditions"])


def route(
    *, port: int = 80, gateway: str = "edge", generation: int = 1, told: list[Condition] | None = None, **rule: Any
) -> dict[str, Any]:
    backends = [{"name": "api", "port": port, "weight": 100}, {"name": "api-canary", "port": port, "weight": 0}]
    status = {"parents": [{"controllerName": CONTROLLER, "conditions": told}]} if told else {}
    return {
        "metadata": {"namespace": "house", "name": "api", "generation": generation},
        "spec": {"parentRefs": [{"namespace": "edge", "name": gateway}], "rules": [{"backendRefs": backends, **rule}]},
        "status": status,
    }


def missing(manifest: dict[str, Any], *services: str) -> tuple[str, ...]:
    return Objects(services={("house", name): {"spec": {"ports": [{"port": 80}]}} for name in services}).missing(manifest)


def told_of(manifest: dict[str, Any], *services: str, at: str = AT) -> list[Condition]:
    return route_conditions(manifest, missing(manifest, *services), told=[], at=at)


def summary(conditions: list[Condition]) -> dict[str, tuple[str, str]]:
    return {each["type"]: (each["status"], each["reason"]) for each in conditions}


def test_a_route_whose_services_are_there_is_accepted_and_resolved() -> None:
    conditions = told_of(route(generation=3), "api", "api-canary")
    assert summary(conditions) == {"Accepted": ("True", "Accepted"), "ResolvedRefs": ("True", "ResolvedRefs")}
    assert [each["observedGeneration"] for each in conditions] == [3, 3]


def test_a_backend_that_is_not_there_is_named() -> None:
    conditions = told_of(route(), "api")
    assert summary(conditions) == {"Accepted": ("True", "Accepted"), "ResolvedRefs": ("False", "BackendNotFound")}
    assert "house/api-canary:80" in conditions[1]["message"]
    assert missing(route(port=81), "api", "api-canary") == ("house/api-canary:81", "house/api:81")


def test_a_route_with_a_filter_is_not_taken_up_and_told_so() -> None:
    of_a_backend = [{"name": "api", "port": 80, "filters": [HEADERS]}]
    for filtered in (route(filters=[HEADERS]), route(backendRefs=of_a_backend)):
        conditions = told_of(filtered, "api", "api-canary")
        assert summary(conditions) == {"Accepted": ("False", "UnsupportedValue"), "ResolvedRefs": ("True", "ResolvedRefs")}
        assert "RequestHeaderModifier" in conditions[0]["message"]
        assert Objects(routes={("house", "api"): filtered}).table(("edge", "edge")).rules == ()


def test_what_is_as_it_was_told_keeps_its_time() -> None:
    before = told_of(route(), "api")
    after = route_conditions(route(generation=2), (), told=before, at=LATER)
    assert [each["lastTransitionTime"] for each in after] == [AT, LATER]


def test_a_route_is_told_again_when_a_service_comes_and_not_while_nothing_changes() -> None:
    cluster: Any = Cluster()
    announcer = Announcer(cluster)
    announcer.tell(route(), ("house/api:80",))
    announcer.tell(route(told=cluster.written[-1]), ("house/api:80",))
    assert [summary(each)["ResolvedRefs"][0] for each in cluster.written] == ["False"]
    announcer.tell(route(told=cluster.written[-1]), ())
    announcer.tell(route(told=cluster.written[-1]), ())
    announcer.tell(route(told=cluster.written[-1], generation=2), ())
    assert [summary(each)["ResolvedRefs"][0] for each in cluster.written] == ["False", "True", "True"]


def test_a_route_of_another_gateway_is_told_nothing() -> None:
    cluster: Any = Cluster()
    Announcer(cluster).tell(route(gateway="other"), ())
    assert cluster.written == []


def test_hhctl_finds_a_route_well_or_ill_by_what_the_edge_tells() -> None:
    def seen(manifest: dict[str, Any], *services: str) -> tuple[Fitness, float | None]:
        told = route(told=told_of(manifest, *services))
        [sign] = [each for each in signs(World((), (), (), [told], (), (), None)) if each.subject == "route api"]
        return sign.fitness, taken_up(told).value

    assert seen(route(), "api", "api-canary") == (Fitness.WELL, 1.0)
    assert seen(route(), "api") == (Fitness.ILL, 1.0)
    assert seen(route(filters=[HEADERS]), "api", "api-canary") == (Fitness.ILL, 0.0)
