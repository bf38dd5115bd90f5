"""What the chart renders, by the real helm."""

from __future__ import annotations

from typing import Any

import pytest
from rendering import DIGEST, OTHER_DIGEST, NotRendered, Rendered, lint, render, with_canary, with_image

from localcloud.sidecars.fence import _PATIENCE
from stacks import house

WORKLOADS = ("staging", "prod", "dr")
STABLE, CANARY = house.DEPLOYMENT, house.CANARY_DEPLOYMENT


@pytest.fixture(scope="module", params=WORKLOADS)
def rendered(request: pytest.FixtureRequest) -> Rendered:
    return render(request.param, with_canary())


@pytest.fixture(scope="module")
def prod() -> Rendered:
    return render("prod", with_canary(weight=25))


def selects(selector: dict[str, str], labels: dict[str, str]) -> bool:
    return selector.items() <= labels.items()


def pod_labels(workload: dict[str, Any]) -> dict[str, str]:
    return workload["spec"]["template"]["metadata"]["labels"]


@pytest.mark.parametrize("stack", WORKLOADS)
def test_helm_finds_nothing_to_complain_of(stack: str) -> None:
    assert "0 chart(s) failed" in lint(stack, with_canary())


def test_an_image_is_pulled_by_its_digest_and_shown_by_its_tag(prod: Rendered) -> None:
    images = dict(prod.containers())
    assert images[f"{STABLE}/api"]["image"] == f"house-helper/api:v1.2.3@{DIGEST}"
    assert images[f"{CANARY}/api"]["image"] == f"house-helper/api:v1.2.4@{OTHER_DIGEST}"


def test_the_runbooks_own_helm_command_still_renders() -> None:
    values = {"api": {"image": {"tag": "v1.2.3"}}}
    assert dict(render("staging", values).containers())[f"{STABLE}/api"]["image"] == "house-helper/api:v1.2.3"


def test_objects_have_the_names_that_operators_type(rendered: Rendered) -> None:
    assert set(rendered.all("Deployment")) == set(rendered.all("HorizontalPodAutoscaler")) == {STABLE, CANARY}
    assert {f"{name}-0" for name in rendered.all("StatefulSet")} == {house.DATABASE_POD, house.CACHE_POD}


def test_every_container_is_held_to_the_restricted_standard(rendered: Rendered) -> None:
    for name, pod in rendered.workloads():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
    for name, container in rendered.containers():
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name


def test_every_container_asks_for_what_it_needs_and_is_bounded(rendered: Rendered) -> None:
    for name, container in rendered.containers():
        for part in ("requests", "limits"):
            assert container["resources"][part].keys() == {"cpu", "memory"}, name


def test_no_image_is_latest(rendered: Rendered) -> None:
    for name, container in rendered.containers():
        tag = container["image"].partition("@")[0].partition(":")[2]
        assert tag not in ("", "latest"), name


def test_the_api_is_probed_on_its_health(rendered: Rendered) -> None:
    api = dict(rendered.containers())[f"{STABLE}/api"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert api[probe]["httpGet"] == {"path": house.HEALTH_PATH, "port": "http"}


def test_secrets_come_from_the_one_secret_that_is_named() -> None:
    rendered = render("prod", with_image(existingSecret="house-helper-1a2b3c"))
    found = {
        (variable["name"], variable["valueFrom"]["secretKeyRef"]["name"])
        for _, container in rendered.containers()
        for variable in container["env"]
        if "valueFrom" in variable
    }
    assert found == {("DATABASE_URL", "house-helper-1a2b3c"), ("REDIS_URL", "house-helper-1a2b3c")}
    assert not rendered.all("Secret")


def test_the_autoscaler_owns_the_number_of_pods() -> None:
    rendered = render("prod", with_image(api={"image": {"tag": "v1.2.3"}, "autoscaling": {"minimum": 3, "maximum": 9}}))
    assert "replicas" not in rendered.all("Deployment")[STABLE]["spec"]
    scaler = rendered.all("HorizontalPodAutoscaler")[STABLE]["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 9)
    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": STABLE}


def test_stopped_means_no_pods_of_either_track() -> None:
    rendered = render("prod", {**with_canary(), "api": {"image": {"tag": "v1.2.3"}, "stopped": True}})
    assert {name: each["spec"].get("replicas") for name, each in rendered.all("Deployment").items()} == {STABLE: 0, CANARY: 0}


@pytest.mark.parametrize(("minimum", "maximum"), [(2, 6), (8, 8)])
def test_a_canary_may_grow_to_what_stable_may_and_to_its_own_minimum(minimum: int, maximum: int) -> None:
    scaler = render("prod", with_canary(minimum=minimum)).all("HorizontalPodAutoscaler")[CANARY]["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (minimum, maximum)


@pytest.mark.parametrize("weight", [0, 10, 100])
def test_the_route_splits_by_weight(weight: int) -> None:
    [route] = render("prod", with_canary(weight=weight)).all("HTTPRoute").values()
    [rule] = route["spec"]["rules"]
    assert {backend["name"]: backend["weight"] for backend in rule["backendRefs"]} == {STABLE: 100 - weight, CANARY: weight}


def test_without_a_canary_all_requests_go_to_stable() -> None:
    rendered = render("prod", with_image())
    [route] = rendered.all("HTTPRoute").values()
    assert route["spec"]["rules"][0]["backendRefs"] == [{"name": STABLE, "port": 80, "weight": 100}]
    assert set(rendered.all("Deployment")) == {STABLE}


def test_the_route_leads_to_services_that_there_are(prod: Rendered) -> None:
    [route] = prod.all("HTTPRoute").values()
    services = prod.all("Service")
    for backend in route["spec"]["rules"][0]["backendRefs"]:
        assert backend["port"] in {port["port"] for port in services[backend["name"]]["spec"]["ports"]}


def test_a_change_of_weight_rolls_no_pod(prod: Rendered) -> None:
    assert render("prod", with_canary(weight=50)).all("Deployment") == prod.all("Deployment")


def test_starting_a_canary_rolls_no_stable_pod(prod: Rendered) -> None:
    assert render("prod", with_image()).all("Deployment")[STABLE] == prod.all("Deployment")[STABLE]


def test_each_track_has_its_own_pods(prod: Rendered) -> None:
    pods = {name: pod_labels(each) for name, each in prod.all("Deployment").items()}
    for name in (STABLE, CANARY):
        selectors = [
            prod.all("Deployment")[name]["spec"]["selector"]["matchLabels"],
            prod.all("Service")[name]["spec"]["selector"],
            prod.all("PodDisruptionBudget")[name]["spec"]["selector"]["matchLabels"],
        ]
        assert [{other for other, labels in pods.items() if selects(selector, labels)} for selector in selectors] == [{name}] * 3


def test_a_drain_takes_one_pod_at_a_time_and_an_update_none_that_serves(prod: Rendered) -> None:
    assert prod.all("PodDisruptionBudget")[STABLE]["spec"]["maxUnavailable"] == 1
    assert prod.all("Deployment")[STABLE]["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_pods_spread_over_zones_and_nodes(prod: Rendered) -> None:
    spread = dict(prod.workloads())[STABLE]["topologySpreadConstraints"]
    assert [each["topologyKey"] for each in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    assert all(selects(each["labelSelector"]["matchLabels"], pod_labels(prod.all("Deployment")[STABLE])) for each in spread)


def test_pods_are_reached_from_the_gateway_and_from_prometheus_only(prod: Rendered) -> None:
    policies = prod.all("NetworkPolicy")
    for name, workload in {**prod.all("Deployment"), **prod.all("StatefulSet")}.items():
        [policy] = [each["spec"] for each in policies.values() if selects(each["spec"]["podSelector"]["matchLabels"], pod_labels(workload))]
        assert policy["policyTypes"] == ["Ingress", "Egress"], name
        sources = [source for rule in policy.get("ingress", []) for source in rule["from"]]
        names = [source["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for source in sources]
        assert names == (["edge", "monitoring"] if name in (STABLE, CANARY) else []), name


@pytest.mark.parametrize(
    ("stack", "names"),
    [
        ("staging", [house.STAGING_API]),
        ("prod", [house.API, house.entry("us-east-1")]),
        ("dr", [house.API, house.entry("us-west-2")]),
    ],
)
def test_the_route_answers_to_the_stacks_public_names(stack: str, names: list[str]) -> None:
    [route] = render(stack, with_image()).all("HTTPRoute").values()
    assert route["spec"]["hostnames"] == names


def test_the_fence_reads_both_switches_and_takes_the_pod_out_at_once(prod: Rendered) -> None:
    fence = dict(prod.containers())[f"{STABLE}/fence"]
    variables = {each["name"]: each["value"] for each in fence["env"]}
    assert variables == {"PORT": "8081", "OWN_SWITCH_URL": "https://own", "OTHER_SWITCH_URL": "https://other", "INTERVAL_SECONDS": "3"}
    probe = fence["readinessProbe"]
    assert (probe["periodSeconds"], probe["failureThreshold"]) == (2, 1)
    assert float(variables["INTERVAL_SECONDS"]) + _PATIENCE + probe["periodSeconds"] + probe["timeoutSeconds"] < 10


def test_staging_has_no_other_region_to_give_way_to() -> None:
    values = with_image()
    del values["fence"]
    assert f"{STABLE}/fence" not in dict(render("staging", values).containers())


def test_dr_renders_like_prod_but_for_where_it_is() -> None:
    here = render("dr", with_canary()).text
    for theirs, ours in (("dr", "prod"), ("us-west-2", "us-east-1")):
        here = here.replace(f'"{theirs}"', f'"{ours}"').replace(f"api-{theirs}.", f"api-{ours}.")
    assert here == render("prod", with_canary()).text


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "missing property 'tag'"),
        ({"api": {"image": {"tag": "latest"}}}, "at '/api/image/tag'"),
        ({"api": {"image": {"tag": "v1;rm -rf"}}}, "at '/api/image/tag'"),
        ({"api": {"image": {"tag": "v1", "digest": "sha256:short"}}}, "at '/api/image/digest'"),
        ({"api": {"image": {"tag": "v1"}, "autoscaling": {"minimum": 0}}}, "at '/api/autoscaling/minimum'"),
        ({"api": {"image": {"tag": "v1"}, "replicas": 3}}, "additional properties 'replicas' not allowed"),
        (with_image(canary={"weight": 10}), "at '/canary/weight'"),
        (with_image(canary={"enabled": True}), "missing property 'tag'"),
        (with_canary(weight=101), "at '/canary/weight'"),
        (with_image(stack="global"), "at '/stack'"),
        (with_image(fence={"enabled": True, "own": "https://own", "other": "ftp://other"}), "at '/fence/other'"),
    ],
)
def test_values_that_make_no_sense_are_refused_by_name(values: dict[str, Any], says: str) -> None:
    with pytest.raises(NotRendered) as refused:
        render("staging", values)
    assert says in str(refused.value)


def test_a_fence_without_the_other_switch_is_refused() -> None:
    with pytest.raises(NotRendered, match="missing property 'other'"):
        render("prod", {**with_image(), "fence": {"own": "https://own"}})
