"""Requests through a region's edge to pods that are processes, and what Prometheus makes of them."""

from __future__ import annotations

import os
import signal
import tomllib
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pods.programs import REGION, is_ready, until

from localcloud.kube_api import KubeApi
from stacks.loading import load_spec
from stacks.objectives import Arm, error_rate
from stacks.secrets import SecretName, secrets_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_cloud import LocalCloud

    from localcloud.kube_api import Manifest

PROJECT = Path(__file__).resolve().parent.parent.parent
SPACE, HOST = "edges", "live.house-helper.test"
STABLE, CANARY = "v1.2.2", "v1.2.3"
REQUESTS = 1000


@dataclass(frozen=True)
class Space:
    """A namespace in which the API runs in two tracks behind one route."""

    cloud: LocalCloud
    api: KubeApi
    http: httpx.Client

    def get(self, path: str = "/health") -> httpx.Response:
        return self.http.get(path, headers={"Host": HOST})

    def weigh(self, stable: int, canary: int) -> None:
        backends = [{"name": name, "port": 80, "weight": weight} for name, weight in (("stable", stable), ("canary", canary))]
        manifest = {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {"name": "api", "namespace": SPACE},
            "spec": {"parentRefs": [{"name": "edge", "namespace": "edge"}], "hostnames": [HOST], "rules": [{"backendRefs": backends}]},
        }
        made = self.api.apply_forced(manifest, manager="test")
        # The edge writes into the status which version of the route it goes by.
        until(lambda: self._taken_up() == made["metadata"]["generation"])

    def _taken_up(self) -> int:
        route = self.api.get("gateway.networking.k8s.io/v1", "HTTPRoute", "api", SPACE)
        parents = route["status"]["parents"] if route and "status" in route else []
        return parents[0]["conditions"][0]["observedGeneration"] if parents else 0

    def versions(self, requests: int) -> Counter[str]:
        return Counter(self.get().json()["version"] for _ in range(requests))

    def ask_prometheus(self, query: str) -> float | None:
        port = self.cloud.door(REGION, "prometheus")
        answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/query", params={"query": query}, timeout=60).json()
        found = answer["data"]["result"]
        return float(found[0]["value"][1]) if found else None

    def pods(self, track: str) -> list[Manifest]:
        return self.api.list("v1", "Pod", SPACE, label_selector=f"house-helper.com/track={track}")


def workload(track: str, version: str, replicas: int) -> tuple[Manifest, Manifest]:
    labels = {"house-helper.com/track": track, "app.kubernetes.io/version": version}
    variables = {"PORT": "8080", "STACK": "staging", "REGION": REGION, "TRACK": track, "VERSION": version}
    container = {
        "name": "api",
        "image": f"house-helper/api:{version}",
        "ports": [{"name": "http", "containerPort": 8080}],
        "resources": {"requests": {"cpu": "20m"}},
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "envFrom": [{"secretRef": {"name": "stores"}}],
        "readinessProbe": {"httpGet": {"path": "/health", "port": "http"}, "periodSeconds": 1},
    }
    annotations = {"prometheus.io/scrape": "true", "prometheus.io/port": "8080", "prometheus.io/path": "/metrics"}
    template = {"metadata": {"labels": labels, "annotations": annotations}, "spec": {"containers": [container]}}
    metadata = {"name": track, "namespace": SPACE}
    deployment = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    service = {"selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}
    return (
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": deployment},
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": service},
    )


@pytest.fixture(scope="module")
def space(cloud: LocalCloud) -> Iterator[Space]:
    api = KubeApi.from_kubeconfig(cloud.folder / "kubeconfig", REGION, timeout=60)
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}})
    stores = tomllib.loads(Path(cloud.environment[secrets_variable("staging")]).read_text())
    text = {"DATABASE_URL": stores[SecretName.DATABASE_URL.value], "REDIS_URL": stores[SecretName.CACHE_URL.value]}
    api.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "stores", "namespace": SPACE}, "stringData": text})
    for manifest in (*workload("stable", STABLE, 2), *workload("canary", CANARY, 1)):
        api.create(manifest)
    with httpx.Client(base_url=cloud.environment["HHCTL_URL_STAGING"], timeout=60) as http:
        here = Space(cloud, api, http)
        for track, count in (("stable", 2), ("canary", 1)):
            until(lambda track=track, count=count: sum(map(is_ready, here.pods(track))) == count)
        here.weigh(100, 0)
        until(lambda: here.get().status_code == 200)
        yield here
    cloud.hhctl("local", "fault", "--clear")
    api.delete("v1", "Namespace", SPACE)


def test_all_of_the_weight_leads_all_requests_to_one_track_and_all_of_its_pods(space: Space) -> None:
    space.weigh(100, 0)
    names = {pod["metadata"]["name"] for pod in space.pods("stable")}
    # A pod is Ready a moment before the endpoint slice, which the edge goes by, tells of it.
    until(lambda: {space.get().json()["pod"] for _ in range(40)} == names)


def test_requests_are_split_by_the_weights_in_the_cluster(space: Space) -> None:
    space.weigh(90, 10)
    seen = space.versions(REQUESTS)
    wanted = {STABLE: 0.9 * REQUESTS, CANARY: 0.1 * REQUESTS}
    square = sum((seen[version] - want) ** 2 / want for version, want in wanted.items())
    # One degree of freedom: fair splits lie above it once in ten thousand.
    assert square < 15.1, seen


def test_a_pod_that_is_not_ready_gets_no_requests(space: Space) -> None:
    space.weigh(100, 0)
    space.cloud.hhctl("local", "fault", "--version", STABLE, "--crash")
    until(lambda: not any(map(is_ready, space.pods("stable"))))
    until(lambda: space.get().status_code == 503)
    assert "no pod that is ready" in space.get().text
    space.cloud.hhctl("local", "fault", "--clear")
    until(lambda: space.get().status_code == 200, within=90)


def test_prometheus_tells_the_versions_apart_before_and_after_a_fault(space: Space) -> None:
    space.weigh(50, 50)
    promise, window = error_rate(load_spec(PROJECT, {}).objectives), timedelta(seconds=5)

    def rate(version: str) -> float | None:
        for _ in range(20):
            space.get("/tasks?limit=1")
        return space.ask_prometheus(promise.value(Arm(SPACE, version=version), window=window))

    until(lambda: rate(CANARY) == 0.0 == rate(STABLE))
    space.cloud.hhctl("local", "fault", "--version", CANARY, "--error-rate", "20%")
    until(lambda: (rate(CANARY) or 0) > 0.05)
    # A scrape that was late is no rate.
    assert until(lambda: [found] if (found := rate(STABLE)) is not None else None) == [0.0]
    space.cloud.hhctl("local", "fault", "--clear")
    until(lambda: rate(CANARY) == 0.0)
    count = space.ask_prometheus(f'sum(edge_requests_total{{namespace="{SPACE}",service="canary",code="500"}})')
    assert count
    assert count > 0


def test_an_edge_that_was_killed_goes_on_when_it_is_up_again(space: Space) -> None:
    space.weigh(100, 0)
    os.kill(space.cloud.part(f"{REGION}/edge")["pid"], signal.SIGKILL)
    space.cloud.hhctl("local", "up")
    until(lambda: space.get().status_code == 200)


def test_the_gateway_of_a_region_says_that_it_is_programmed(space: Space) -> None:
    gateway: Any = space.api.get("gateway.networking.k8s.io/v1", "Gateway", "edge", "edge")
    assert {(each["type"], each["status"]) for each in gateway["status"]["conditions"]} == {("Accepted", "True"), ("Programmed", "True")}


def autoscaler(minimum: int, maximum: int) -> Manifest:
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "stable"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "stable", "namespace": SPACE},
        "spec": {"scaleTargetRef": target, "minReplicas": minimum, "maxReplicas": maximum, "metrics": [cpu]},
    }


def test_the_autoscaler_follows_the_requests_that_pods_really_get(space: Space) -> None:
    space.weigh(100, 0)
    space.api.create(autoscaler(1, 3))

    def under_load() -> bool:
        for _ in range(50):
            space.get("/tasks?limit=20")
        return sum(map(is_ready, space.pods("stable"))) == 3

    until(under_load, within=120)
    until(lambda: len(space.pods("stable")) == 1, within=180)
    space.api.delete("autoscaling/v2", "HorizontalPodAutoscaler", "stable", SPACE)


def test_a_region_that_was_down_serves_again_once_it_is_back(space: Space) -> None:
    space.weigh(100, 0)
    until(lambda: space.get().status_code == 200)
    space.cloud.hhctl("local", "fault", "--region", REGION, "--down")
    with pytest.raises(httpx.TransportError):
        space.get()
    space.cloud.hhctl("local", "fault", "--clear", limit=400)
    until(lambda: space.get().status_code == 200, within=90)
