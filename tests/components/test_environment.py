from __future__ import annotations

import pulumi
import pytest
from declarations import Declared, declarations

from components.environment import Environment, EnvironmentArgs, Quota


@pytest.fixture(scope="module")
def declared() -> Declared:
    args = EnvironmentArgs(namespace="house-helper-test", quota=Quota(pods=12, cpu="6", memory="10Gi"))
    return declarations(lambda: pulumi.export("namespace", Environment("here", args).namespace))


def test_pods_are_held_to_the_restricted_standard(declared: Declared) -> None:
    labels = declared.only("Namespace").inputs["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_everything_stands_in_the_namespace_and_waits_for_it(declared: Declared) -> None:
    namespace = declared.only("Namespace")
    others = [each for each in declared.resources if each.type.startswith("kubernetes:") and each is not namespace]
    assert len(others) == 4
    for each in others:
        assert each.inputs["metadata"]["namespace"] == "house-helper-test"
        assert namespace.urn in each.dependencies


def test_the_quota_bounds_pods_cores_and_memory_and_forbids_ways_in_past_the_gateway(declared: Declared) -> None:
    hard = declared.only("ResourceQuota").inputs["spec"]["hard"]
    assert hard == {
        "pods": "12",
        "requests.cpu": "6",
        "requests.memory": "10Gi",
        "limits.memory": "10Gi",
        "services.loadbalancers": "0",
        "services.nodeports": "0",
    }


def test_a_container_that_asks_for_nothing_is_given_a_request_and_a_limit(declared: Declared) -> None:
    [limit] = declared.only("LimitRange").inputs["spec"]["limits"]
    assert limit["type"] == "Container"
    assert limit["defaultRequest"].keys() == limit["default"].keys() == {"cpu", "memory"}


def test_all_traffic_is_denied_but_for_names(declared: Declared) -> None:
    deny = declared.only("NetworkPolicy", "here-default-deny").inputs["spec"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    names = declared.only("NetworkPolicy", "here-allow-dns").inputs["spec"]
    assert names["policyTypes"] == ["Egress"]
    [rule] = names["egress"]
    assert {(port["protocol"], port["port"]) for port in rule["ports"]} == {("UDP", 53), ("TCP", 53)}
    assert rule["to"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}]


def test_everything_belongs_to_the_component(declared: Declared) -> None:
    [component] = declared.of("Environment")
    assert {each.parent for each in declared.resources if each is not component} == {component.urn}


def test_the_namespace_is_told(declared: Declared) -> None:
    assert declared.outputs == {"namespace": "house-helper-test"}
