"""Where the edge sends a request, by what the cluster's objects say."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from chance import seeded

from localcloud.edge.table import Backend, Objects, Rule, Table

GATEWAY = ("edge", "edge")


def route(name: str = "api", *, hosts: tuple[str, ...] = ("api.example",), rules: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    parent = more.get("parent", {"name": "edge", "namespace": "edge"})
    metadata = {"namespace": "house", "name": name, "creationTimestamp": more.get("made", "2026-01-01T00:00:00Z")}
    backends = [{"name": name, "port": 80}]
    spec = {"parentRefs": [parent], "hostnames": list(hosts), "rules": rules or [{"backendRefs": backends}]}
    return {"metadata": metadata, "spec": spec}


def service(name: str) -> dict[str, Any]:
    return {"metadata": {"namespace": "house", "name": name}, "spec": {"ports": [{"name": "http", "port": 80}]}}


def endpoints(name: str, *pods: tuple[str, bool]) -> dict[str, Any]:
    found = [{"addresses": [ip], "conditions": {"ready": ready}} for ip, ready in pods]
    labels = {"kubernetes.io/service-name": name}
    return {
        "metadata": {"namespace": "house", "name": f"{name}-1", "labels": labels},
        "endpoints": found,
        "ports": [{"name": "http", "port": 8080}],
    }


def table(*objects: dict[str, Any]) -> Table:
    held = Objects()
    for each in objects:
        kind = held.routes if "parentRefs" in each.get("spec", {}) else held.slices if "endpoints" in each else held.services
        kind[each["metadata"]["namespace"], each["metadata"]["name"]] = each
    return held.table(GATEWAY)


def services_for(found: Rule | None) -> list[str]:
    return [backend.service for backend in found.backends] if found else []


def test_a_route_leads_to_the_ready_pods_of_its_service() -> None:
    routes = table(route(), service("api"), endpoints("api", ("10.0.0.1", True), ("10.0.0.2", False)))
    found = routes.find("api.example", "/tasks")
    assert found
    assert found.backends == (Backend("house", "api", 1, ("10.0.0.1:8080",), exists=True),)


def test_a_route_of_another_gateway_is_not_taken() -> None:
    assert table(route(parent={"name": "other", "namespace": "edge"}), service("api")).rules == ()


def test_a_backend_without_its_service_is_known_for_missing() -> None:
    found = table(route()).find("api.example", "/")
    assert found
    assert [backend.exists for backend in found.backends] == [False]


@pytest.mark.parametrize(
    ("host", "path", "wanted"),
    [
        ("api.example", "/tasks", ["api"]),
        ("api.example", "/admin/users", ["admin"]),
        ("api.example", "/administer", ["api"]),
        ("api.example", "/admin", ["admin"]),
        ("api.example", "/exactly", ["exact"]),
        ("api.example", "/exactly/not", ["api"]),
        ("other.wild.example", "/", ["wild"]),
        ("special.wild.example", "/", ["special"]),
        ("nobody.example", "/", []),
    ],
)
def test_the_most_specific_host_and_then_the_longest_path_win(host: str, path: str, wanted: list[str]) -> None:
    def to(name: str, kind: str, value: str) -> dict[str, Any]:
        return {"matches": [{"path": {"type": kind, "value": value}}], "backendRefs": [{"name": name, "port": 80}]}

    rules = [to("api", "PathPrefix", "/"), to("admin", "PathPrefix", "/admin"), to("exact", "Exact", "/exactly")]
    found = table(route(rules=rules), route("wild", hosts=("*.wild.example",)), route("special", hosts=("special.wild.example",)))
    assert services_for(found.find(host, path)) == wanted


def test_a_rule_that_asks_for_more_than_a_path_takes_nothing() -> None:
    rules = [{"matches": [{"headers": [{"name": "x", "value": "y"}]}], "backendRefs": [{"name": "api", "port": 80}]}]
    assert table(route(rules=rules)).find("api.example", "/") is None


def test_the_older_of_two_routes_goes_first() -> None:
    older, younger = route("older", made="2025-01-01T00:00:00Z"), route("younger")
    assert services_for(table(younger, older).find("api.example", "/")) == ["older"]


@pytest.mark.parametrize(("duration", "seconds"), [("30s", 30.0), ("1m30s", 90.0), ("250ms", 0.25), ("0s", None), ("", None)])
def test_a_rules_time_is_read_as_the_gateway_api_writes_it(duration: str, seconds: float | None) -> None:
    rules = [{"backendRefs": [], "timeouts": {"request": duration} if duration else {}}]
    found = table(route(rules=rules)).find("api.example", "/")
    assert found
    assert found.seconds == seconds


def weighed(*weights: int) -> Rule:
    backends = tuple(Backend("house", f"of-{number}", weight, (), exists=True) for number, weight in enumerate(weights))
    return Rule(("house", "api"), (), "/", exact=False, backends=backends)


@pytest.mark.parametrize("weights", [(90, 10), (100, 0), (1, 1, 2), (0, 5)])
def test_backends_share_by_weight(weights: tuple[int, ...]) -> None:
    chance, draws, rule = seeded(), 10_000, weighed(*weights)
    seen = Counter(backend.service for _ in range(draws) if (backend := rule.choose(chance)))
    wanted = [draws * weight / sum(weights) for weight in weights]
    square = sum((seen[f"of-{number}"] - want) ** 2 / want for number, want in enumerate(wanted) if want)
    # Of two degrees of freedom at most; a thousandth of fair splits lies above.
    assert square < 13.8
    assert all(seen[f"of-{number}"] == 0 for number, weight in enumerate(weights) if not weight)


def test_nothing_is_chosen_where_nothing_weighs() -> None:
    assert weighed(0, 0).choose(seeded(1)) is None
