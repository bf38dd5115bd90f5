"""What follows from how containers stand, from probes' answers and from manifests; nothing runs."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from free_ports import free_port

from automation.core.amounts import in_bytes
from localcloud.pods.clients import client_environment
from localcloud.pods.environment import ConfigFault, Sources, container_environment, expanded, with_local_port
from localcloud.pods.manifest import HttpCheck, Probe, read_pod
from localcloud.pods.probes import Tally, listened
from localcloud.pods.recall import recalled
from localcloud.pods.states import BackOff, Running, Standing, Terminated, Waiting, end_reason, is_restarted
from localcloud.pods.status import PodStanding, contradicts, status_document
from localcloud.pods.usage import quantity_of_cpu

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
LATER = NOON + timedelta(seconds=30)


def manifest(**spec: Any) -> dict[str, Any]:
    containers = [{"name": "app", "image": "app:1", "ports": [{"name": "http", "containerPort": 8080}]}]
    metadata = {"uid": "u", "name": "pod", "namespace": "space", "labels": {"tier": "web"}}
    return {"metadata": metadata, "spec": {"nodeName": "real-a", "containers": containers, **spec}}


def ended(code: int, *, after: float = 1.0) -> Terminated:
    return Terminated(
        exit_code=code, reason=end_reason(code, over_memory=False), since=NOON, until=NOON + timedelta(seconds=after), id="proc://7"
    )


@pytest.mark.parametrize(
    ("answers", "passing"),
    [([True], True), ([False, False], True), ([False, False, False], False), ([False, False, True, False, False], True)],
)
def test_a_probe_changes_its_mind_after_as_many_in_a_row_as_its_threshold(answers: list[bool], passing: bool) -> None:  # noqa: FBT001 - a case
    probe = Probe(HttpCheck("/", 1), failure_threshold=3)
    tally = Tally(passing=True)
    for good in answers:
        tally = tally.after(probe, good=good)
    assert tally.passing is passing


def test_restarts_wait_not_at_all_then_ten_seconds_then_twice_as_long_up_to_five_minutes() -> None:
    back_off, delays = BackOff(), []
    for _ in range(8):
        delays.append(back_off.delay)
        back_off = back_off.after(ended(1))
    assert delays == [0, 10, 20, 40, 80, 160, 300, 300]
    assert back_off.after(ended(1, after=601)) == BackOff(0)


@pytest.mark.parametrize(
    ("policy", "code", "again"),
    [("Always", 0, True), ("Always", 1, True), ("OnFailure", 0, False), ("OnFailure", 1, True), ("Never", 1, False)],
)
def test_the_restart_policy_says_who_is_started_again(policy: str, code: int, again: bool) -> None:  # noqa: FBT001 - a case
    assert is_restarted(policy, code) is again


def test_a_container_counts_its_restarts_and_remembers_how_it_ended_last() -> None:
    first = Standing(name="app", image="app:1", state=Waiting("ContainerCreating")).runs("proc://1", "app@sha256:1", NOON)
    assert first.restarts == 0
    over = replace(first, ready=True, started=True).ends(137, "OOMKilled", LATER)
    assert (over.ready, over.started) == (False, False)
    held = over.waits("CrashLoopBackOff")
    assert held.last == over.state
    assert held.id == "proc://1"
    again = held.runs("proc://2", "app@sha256:1", LATER)
    assert (again.restarts, again.last, again.id) == (1, over.state, "proc://2")


def standing_of(state: Running | Waiting | Terminated, *, ran: bool = True, ready: bool = False, policy: str = "Always") -> PodStanding:
    pod = read_pod(manifest(restartPolicy=policy))
    container = Standing(name="app", image="app:1", state=state, last=ended(1) if ran else None, ready=ready, started=ready)
    return PodStanding(pod=pod, ip="10.244.77.1", since=NOON, containers={"app": container}, initialized=True)


@pytest.mark.parametrize(
    ("state", "ran", "policy", "phase"),
    [
        (Waiting("ContainerCreating"), False, "Always", "Pending"),
        (Waiting("ErrImagePull"), False, "Always", "Pending"),
        (Waiting("CrashLoopBackOff"), True, "Always", "Running"),
        (Running(NOON, "proc://1"), True, "Always", "Running"),
        (ended(1), True, "Always", "Running"),
        (ended(0), True, "Never", "Succeeded"),
        (ended(2), True, "Never", "Failed"),
    ],
)
def test_a_pods_phase(state: Running | Waiting | Terminated, ran: bool, policy: str, phase: str) -> None:  # noqa: FBT001 - a case
    assert standing_of(state, ran=ran, policy=policy).phase == phase


def test_conditions_keep_the_time_of_their_last_change() -> None:
    unready = status_document(standing_of(Running(NOON, "proc://1")), {}, NOON)
    still = status_document(standing_of(Running(NOON, "proc://1")), unready, LATER)
    assert still == unready
    ready = status_document(standing_of(Running(NOON, "proc://1"), ready=True), unready, LATER)
    since = {each["type"]: each["lastTransitionTime"] for each in ready["conditions"]}
    assert since["Ready"] == "2026-11-23T12:00:30Z"
    assert since["Initialized"] == "2026-11-23T12:00:00Z"


def test_a_status_that_somebody_else_has_changed_is_noticed_and_other_conditions_are_not_ours() -> None:
    pushed = status_document(standing_of(Running(NOON, "proc://1"), ready=True), {}, NOON)
    scheduled = {"type": "PodScheduled", "status": "True"}
    assert not contradicts({"conditions": [*pushed["conditions"], scheduled]}, pushed)
    unready = [{**each, "status": "False"} if each["type"] == "Ready" else each for each in pushed["conditions"]]
    assert contradicts({"conditions": [*unready, scheduled]}, pushed)


@pytest.mark.parametrize("state", [Running(NOON, "proc://1"), ended(3), Waiting("CrashLoopBackOff", "back-off 10s")])
def test_what_one_agent_writes_the_next_one_reads(state: Running | Waiting | Terminated) -> None:
    standing = standing_of(state)
    read = recalled(read_pod({**manifest(), "status": status_document(standing, {}, NOON)}))["app"]
    assert read == standing.containers["app"]


class Objects:
    """ConfigMaps and Secrets without a cluster."""

    def __init__(self, **kinds: dict[str, dict[str, str]]) -> None:
        self._kinds = kinds

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        assert (api_version, namespace) == ("v1", "space")
        data = self._kinds.get(kind, {}).get(name)
        return None if data is None else {"data": data}


def environment(*variables: dict[str, Any], origins: tuple[dict[str, Any], ...] = ()) -> dict[str, str]:
    secret = {"token": base64.b64encode(b"s3cret").decode()}
    sources = Sources(Objects(Secret={"keys": secret}, ConfigMap={"colours": {"sky": "blue"}}), "space")
    container = {"name": "app", "image": "app:1", "env": list(variables), "envFrom": list(origins)}
    pod = read_pod(manifest(containers=[container]))
    return container_environment(pod, pod.containers[0], sources, "10.244.77.1")


def test_variables_come_from_secrets_config_maps_and_fields() -> None:
    secret = {"name": "A", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}}
    field = {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['tier']"}}}
    missing = {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "none", "key": "x", "optional": True}}}
    origin = {"configMapRef": {"name": "colours"}, "prefix": "C_"}
    assert environment(secret, field, missing, {"name": "D", "value": "$(A)!"}, origins=(origin,)) == {
        "C_sky": "blue",
        "A": "s3cret",
        "B": "web",
        "D": "s3cret!",
    }


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"secretKeyRef": {"name": "none", "key": "x"}}, 'secret "none" not found'),
        ({"secretKeyRef": {"name": "keys", "key": "x"}}, "couldn't find key x in Secret space/keys"),
        ({"fieldRef": {"fieldPath": "spec.unknown"}}, "there is no field spec.unknown"),
        ({"resourceFieldRef": {"resource": "limits.cpu"}}, "resourceFieldRef cannot be had"),
    ],
)
def test_what_cannot_be_had_is_said_in_words(source: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigFault, match=words):
        environment({"name": "A", "valueFrom": source})


@pytest.mark.parametrize(("text", "value"), [("$(A)-$(B)", "1-$(B)"), ("$$(A)", "$(A)"), ("plain $A", "plain $A")])
def test_references_to_variables_are_expanded_as_the_api_says(text: str, value: str) -> None:
    assert expanded(text, {"A": "1"}) == value


@pytest.mark.parametrize(("given", "port"), [({"PORT": "8080"}, "11111"), ({}, "11111"), ({"PORT": "9090"}, "11111")])
def test_port_says_where_the_containers_port_really_is(given: dict[str, str], port: str) -> None:
    container = read_pod(manifest()).containers[0]
    assert with_local_port(given, container, {8080: 11111, 8081: 11112})["PORT"] == port


@pytest.mark.parametrize(("quantity", "size"), [("64Mi", 64 * 2**20), ("1.5Gi", 3 * 2**29), ("128M", 128 * 10**6), ("4096", 4096)])
def test_memory_is_read_as_the_api_writes_it(quantity: str, size: int) -> None:
    assert in_bytes(quantity) == size


@pytest.mark.parametrize(("cores", "quantity"), [(0.0, "1m"), (0.0127, "13m"), (0.1274, "130m"), (1.234, "1200m")])
def test_cpu_is_told_to_two_digits(cores: float, quantity: str) -> None:
    assert quantity_of_cpu(cores) == quantity


def test_a_relays_clients_find_the_database_behind_it_and_others_find_nothing() -> None:
    environment = {"DATABASE_URL": "postgres://me:p%40ss@db.internal:5432/house", "PORT": "11111"}
    assert client_environment("house-helper/postgresql:18.1", environment) == {
        "PGHOST": "127.0.0.1",
        "PGPORT": "11111",
        "PGUSER": "me",
        "PGPASSWORD": "p@ss",
        "PGDATABASE": "house",
    }
    assert client_environment("house-helper/api:v1.2.1", environment) == {}


def test_the_first_check_waits_for_somebody_to_ask_and_not_for_ever() -> None:
    async def go() -> tuple[bool, bool]:
        port = free_port()
        waiting = asyncio.create_task(listened(port, within=10))
        await asyncio.sleep(0.2)
        early = waiting.done()
        async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port):
            await waiting
        await listened(port, within=0.1)
        return early, waiting.done()

    assert asyncio.run(go()) == (False, True)
