"""What a Release asks of helm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from localcloud.providers.kubernetes import charts
from localcloud.providers.kubernetes.hopeless import Watch
from localcloud.providers.resource import UNKNOWN, ResourceFault

if TYPE_CHECKING:
    from pathlib import Path

BASE = {"name": "tiny", "namespace": "prod", "chart": "/charts/tiny", "timeout": 20}


def nowhere() -> Path:
    """The program's folder, which nobody has to look for where a chart's path is absolute."""
    raise AssertionError


@pytest.mark.parametrize(
    ("inputs", "options"),
    [
        ({}, {"--wait=legacy", "--timeout=20s"}),
        ({"skipAwait": True}, {"--wait=hookOnly", "--timeout=20s"}),
        ({"skipAwait": True, "atomic": True}, {"--wait=legacy", "--rollback-on-failure"}),
        ({"waitForJobs": True, "createNamespace": True}, {"--wait-for-jobs", "--create-namespace"}),
        ({"version": "1.2.3", "repositoryOpts": {"repo": "https://charts.test"}}, {"--version=1.2.3", "--repo=https://charts.test"}),
        ({"description": "by hhctl", "skipCrds": True}, {"--description=by hhctl", "--skip-crds"}),
    ],
)
def test_an_installation_is_spelled_in_helms_options(inputs: dict[str, Any], options: set[str]) -> None:
    spelled = charts.install_options(BASE | inputs, nowhere, timeout=0)
    assert spelled[:3] == ["tiny", "/charts/tiny", "--namespace=prod"]
    assert options <= set(spelled)


def test_an_upgrade_has_options_of_its_own() -> None:
    inputs = BASE | {"forceUpdate": True, "resetValues": True, "maxHistory": 5, "createNamespace": True, "cleanupOnFail": True}
    spelled = charts.upgrade_options(inputs, nowhere, timeout=90)
    assert {"--force-replace", "--reset-values", "--history-max=5", "--cleanup-on-fail", "--timeout=90s"} <= set(spelled)
    assert "--create-namespace" not in spelled


def test_values_never_stand_among_the_options() -> None:
    inputs = BASE | {"values": {"password": "hunter22"}}
    installed, upgraded = charts.install_options(inputs, nowhere, timeout=0), charts.upgrade_options(inputs, nowhere, timeout=0)
    for spelled in (installed, upgraded, charts.template_options(inputs, nowhere)):
        assert "hunter22" not in " ".join(spelled)


@pytest.mark.parametrize(
    ("inputs", "property"),
    [
        ({"chart": None}, "chart"),
        ({"chart": "relative/chart"}, "chart"),
        ({"chart": "/nowhere/chart"}, "chart"),
        ({"values": {}, "valeus": {}}, "valeus"),
        ({"postrender": "sed"}, "postrender"),
        ({"repositoryOpts": {"repo": "https://charts.test", "password": "x"}}, "repositoryOpts.password"),
    ],
)
def test_what_cannot_be_done_is_named(tmp_path: Path, inputs: dict[str, Any], property: str) -> None:
    assert [each.property for each in charts.judge_release(BASE | {"chart": str(tmp_path)} | inputs, lambda: tmp_path)] == [property]


@pytest.mark.parametrize("chart", [UNKNOWN, "oci://charts.test/tiny"])
def test_a_chart_that_cannot_be_looked_at_yet_is_believed(chart: str) -> None:
    assert not list(charts.judge_release(BASE | {"chart": chart}, nowhere))


def test_a_relative_chart_is_meant_from_the_programs_folder(tmp_path: Path) -> None:
    (tmp_path / "infra").mkdir()
    inputs = BASE | {"chart": "../infra"}
    program = tmp_path / "stacks"
    program.mkdir()
    assert not list(charts.judge_release(inputs, lambda: program))
    assert charts.template_options(inputs, lambda: program)[1] == str(program / "../infra")


def test_values_of_files_are_overlaid_by_the_programs_own(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("b: {d: 4}\nlist: [2]\n")
    files = [{"text": "a: 1\nb: {c: 2, d: 3}\nlist: [1]\n"}, {"path": str(tmp_path / "more.yaml")}]
    inputs = {"valueYamlFiles": files, "values": {"b": {"c": 9, "none": None}}}
    assert charts.release_values(inputs) == {"a": 1, "b": {"c": 9, "d": 4}, "list": [2]}
    assert charts.release_values({**inputs, "allowNullValues": True})["b"] == {"c": 9, "d": 4, "none": None}


def test_a_values_file_that_cannot_be_read_is_named() -> None:
    with pytest.raises(ResourceFault, match="/nowhere/values"):
        charts.release_values({"valueYamlFiles": [{"path": "/nowhere/values"}]})


MANIFEST = """
apiVersion: v1
kind: Service
metadata: {name: web}
---
# a comment
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: other}
"""


def test_the_objects_of_a_chart_are_named_by_kind() -> None:
    assert charts.resource_names(MANIFEST) == {"Service/v1": ["web"], "Deployment.apps/apps/v1": ["other/web"]}


class World:
    """Deployments by name, as a Watch sees them."""

    def __init__(self, **generations: int) -> None:
        self.generations = generations
        self.sick: set[str] = set()

    def get(self, _api_version: str, _kind: str, name: str, namespace: str) -> Any:
        if name not in self.generations:
            return None
        metadata = {"name": name, "namespace": namespace, "uid": name, "generation": self.generations[name]}
        annotations = {"deployment.kubernetes.io/revision": "1"}
        status = {"observedGeneration": self.generations[name]}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata | {"annotations": annotations},
            "spec": {},
            "status": status,
        }

    def list(self, _api_version: str, kind: str, _namespace: str, *, label_selector: str) -> list[Any]:
        del label_selector
        if kind == "ReplicaSet":
            annotations = {"deployment.kubernetes.io/revision": "1"}
            owners = [{"uid": name} for name in self.generations]
            return [
                {"metadata": {"name": f"rs-{owner['uid']}", "uid": "rs", "annotations": annotations, "ownerReferences": [owner]}}
                for owner in owners
            ]
        waiting = {"reason": "CrashLoopBackOff"}
        state = {"name": "main", "state": {"waiting": waiting}}
        return [
            {"metadata": {"name": name, "ownerReferences": [{"uid": "rs"}]}, "status": {"containerStatuses": [state]}} for name in self.sick
        ]


class Never:
    def __init__(self) -> None:
        self.set = False

    def is_set(self) -> bool:
        return self.set


def watch(world: World, cancelled: Never | None = None) -> Watch:
    ticks = iter(range(1000))
    inputs = BASE | {"resourceNames": {"Deployment.apps/apps/v1": ["web"], "Service/v1": ["web"]}}
    return Watch(world, inputs, cancelled or Never(), clock=lambda: float(next(ticks)))  # type: ignore[arg-type]


def test_helm_goes_on_while_its_workloads_have_hope() -> None:
    world = World()
    watching = watch(world)
    assert not watching()
    world.generations = {"web": 1}
    assert not watching()


def test_helm_is_stopped_when_a_workload_that_it_made_or_changed_is_beyond_hope() -> None:
    world = World(web=1)
    watching = watch(world)
    world.generations, world.sick = {"web": 2}, {"web-1"}
    assert "Deployment prod/web: pod web-1: container main crashes" in watching()


def test_helm_is_not_stopped_by_a_workload_that_it_may_be_about_to_mend() -> None:
    world = World(web=1)
    world.sick = {"web-1"}
    watching = watch(world)
    assert not watching()


def test_helm_is_stopped_by_an_interrupt() -> None:
    cancelled = Never()
    watching = watch(World(), cancelled)
    cancelled.set = True
    assert watching() == "cancelled"
