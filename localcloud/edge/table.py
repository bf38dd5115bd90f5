"""Where requests go: what HTTPRoutes, Services and EndpointSlices say together. Pure.

Source: https://gateway-api.sigs.k8s.io/reference/spec/#httproute. Of matches, hosts and paths are known; a rule that matches by anything
else is left out, so that it never takes requests that are not its own. Filters are not done: a route that has any is not taken up at all.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from localcloud.kube_api import Manifest

Namespaced = tuple[str, str]
"""A namespace and a name."""

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")
_UNITS = (3600.0, 60.0, 1.0, 0.001)


class Chance(Protocol):
    """The part of `random.Random` that a choice needs."""

    def random(self) -> float:
        """A number from 0 up to and without 1."""
        ...


@dataclass(frozen=True, slots=True)
class Backend:
    """A Service of a rule: its share is `weight` of the sum of weights. `ready` holds `ip:port` of its pods that are Ready.

    `exists` is false where there is no such Service, or none with that port.
    """

    namespace: str
    service: str
    weight: int
    ready: tuple[str, ...]
    exists: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """Where requests for one of `hosts` (none: every host) go whose path matches; `seconds` bounds the whole request."""

    route: Namespaced
    hosts: tuple[str, ...]
    path: str
    exact: bool
    backends: tuple[Backend, ...]
    seconds: float | None = None

    def takes(self, path: str) -> bool:
        """Whether the path matches: by whole segments."""
        return path == self.path or (not self.exact and (self.path == "/" or path.startswith(self.path.rstrip("/") + "/")))

    def choose(self, chance: Chance) -> Backend | None:
        """One of the backends, each in proportion to its weight; None where all weigh nothing."""
        total = sum(backend.weight for backend in self.backends)
        mark = chance.random() * total
        for backend in self.backends:
            mark -= backend.weight
            if mark < 0:
                return backend
        return None


@dataclass(frozen=True, slots=True)
class Table:
    """All rules, those first that go before others."""

    rules: tuple[Rule, ...] = ()

    @property
    def pods(self) -> frozenset[str]:
        """`ip:port` of every pod that a rule leads to."""
        return frozenset(pod for rule in self.rules for backend in rule.backends for pod in backend.ready)

    def knows(self, host: str) -> bool:
        """Whether a route names the host."""
        return any(_fit(named, host) for rule in self.rules for named in rule.hosts)

    def find(self, host: str, path: str) -> Rule | None:
        """The rule for a request: of the most specific host, then of the longest path."""
        fitting = [(max((_fit(named, host) for named in rule.hosts), default=1), rule) for rule in self.rules if rule.takes(path)]
        ranked = [(fit, rule.exact, len(rule.path), rule) for fit, rule in fitting if fit]
        return max(ranked, key=lambda each: each[:3])[3] if ranked else None


@dataclass(slots=True)
class Objects:
    """What the cluster has, by namespace and name."""

    routes: dict[Namespaced, Manifest] = field(default_factory=dict[Namespaced, "Manifest"])
    services: dict[Namespaced, Manifest] = field(default_factory=dict[Namespaced, "Manifest"])
    slices: dict[Namespaced, Manifest] = field(default_factory=dict[Namespaced, "Manifest"])

    def table(self, gateway: Namespaced) -> Table:
        """The rules of the routes that hang on `gateway`; older routes go before younger ones."""
        ready = _ready_pods(self.slices.values())
        attached = [route for route in self.routes.values() if gateway in parents(route) and not filtered(route)]
        attached.sort(key=lambda route: (route["metadata"].get("creationTimestamp", ""), *named(route)))
        return Table(tuple(rule for route in attached for rule in _rules(route, self.services, ready)))

    def missing(self, route: Manifest) -> tuple[str, ...]:
        """`namespace/name:port` of each backend of a route that is no Service, or has no such port."""
        own = route["metadata"]["namespace"]
        references = [reference for rule in route["spec"].get("rules") or () for reference in rule.get("backendRefs") or ()]
        backends = [(_backend(each, own, self.services, {}), each.get("port", "")) for each in references]
        return tuple(sorted({f"{each.namespace}/{each.service}:{port}" for each, port in backends if not each.exists}))


def named(manifest: Manifest) -> Namespaced:
    """An object's namespace and name."""
    return manifest["metadata"]["namespace"], manifest["metadata"]["name"]


def parents(route: Manifest) -> tuple[Namespaced, ...]:
    """The gateways that a route hangs on."""
    own = route["metadata"]["namespace"]
    return tuple((parent.get("namespace", own), parent["name"]) for parent in route["spec"].get("parentRefs", ()))


def filtered(route: Manifest) -> tuple[str, ...]:
    """The types of the filters that a route's rules and their backends have."""
    rules: list[dict[str, Any]] = route["spec"].get("rules") or []
    having = [*rules, *(backend for rule in rules for backend in rule.get("backendRefs") or ())]
    return tuple(sorted({each["type"] for place in having for each in place.get("filters") or ()}))


def _fit(pattern: str, host: str) -> int:
    """How specifically a route's host stands for one that is asked for; 0 where it does not."""
    if pattern == host:
        return 1000
    wild = pattern.startswith("*.") and host.endswith(pattern[1:])
    return 1 + pattern.count(".") if wild else 0


def _ready_pods(slices: Iterable[Manifest]) -> Mapping[Namespaced, Mapping[str, Sequence[str]]]:
    """`ip:port` of Ready pods, by Service and name of the port."""
    found: defaultdict[Namespaced, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for each in slices:
        service = each["metadata"].get("labels", {}).get("kubernetes.io/service-name")
        if not service:
            continue
        for endpoint in each.get("endpoints") or ():
            if not endpoint.get("conditions", {}).get("ready", True):
                continue
            for port in each.get("ports") or ():
                of_port = found[each["metadata"]["namespace"], service][port.get("name") or ""]
                of_port += (f"{address}:{port['port']}" for address in endpoint["addresses"])
    return found


def _rules(
    route: Manifest, services: Mapping[Namespaced, Manifest], ready: Mapping[Namespaced, Mapping[str, Sequence[str]]]
) -> Iterator[Rule]:
    namespace = route["metadata"]["namespace"]
    hosts = tuple(route["spec"].get("hostnames") or ())
    for rule in route["spec"].get("rules") or ():
        backends = tuple(_backend(reference, namespace, services, ready) for reference in rule.get("backendRefs") or ())
        seconds = _seconds(rule.get("timeouts", {}).get("request", ""))
        matches: list[dict[str, Any]] = rule.get("matches") or [{}]
        for match in matches:
            if match.keys() - {"path"}:
                continue
            path: dict[str, Any] = match.get("path", {})
            kind, value = path.get("type", "PathPrefix"), path.get("value", "/")
            if kind in {"PathPrefix", "Exact"}:
                yield Rule(named(route), hosts, value, kind == "Exact", backends, seconds)


def _backend(
    reference: Mapping[str, Any],
    namespace: str,
    services: Mapping[Namespaced, Manifest],
    ready: Mapping[Namespaced, Mapping[str, Sequence[str]]],
) -> Backend:
    name, place = reference["name"], reference.get("namespace", namespace)
    service = services.get((place, name))
    ports = service["spec"].get("ports", ()) if service else ()
    port = next((each for each in ports if each["port"] == reference.get("port")), None)
    pods = ready.get((place, name), {}).get(port.get("name") or "", ()) if port else ()
    return Backend(place, name, reference.get("weight", 1), tuple(pods), exists=port is not None)


def _seconds(duration: str) -> float | None:
    """A duration of the Gateway API (GEP-2257) in seconds; None for none, and for 0s, which stands for no limit."""
    found = _DURATION.fullmatch(duration)
    total = sum(float(number) * unit for number, unit in zip(found.groups(), _UNITS, strict=True) if number) if found else 0.0
    return total or None
