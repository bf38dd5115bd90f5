"""Pods of the real nodes as kubectl shows them, and the processes that they are."""

from __future__ import annotations

import os
import re
import signal
import time
import tomllib
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from pods.programs import (
    BUSY,
    CRASHER,
    IMAGE,
    LEAKER,
    REGION,
    SERVER,
    TELLER,
    Namespace,
    deployment,
    is_ready,
    job,
    pid_of,
    pod_spec,
    serving,
    until,
)

from localcloud.folder import CloudFolder
from localcloud.pods.addresses import read_addresses
from stacks.secrets import SecretName, secrets_variable

if TYPE_CHECKING:
    from localcloud.kube_api import Manifest


def answer_of(space: Namespace, pod: Manifest) -> str:
    """What a pod answers at its made-up address."""
    local = read_addresses(CloudFolder(space.cloud.folder), REGION)[f"{pod['status']['podIP']}:8080"]
    with urllib.request.urlopen(f"http://127.0.0.1:{local}/", timeout=5) as answer:
        return answer.read().decode()


def test_a_rollout_ends_with_pods_that_answer_log_and_take_commands(space: Namespace) -> None:
    space.make(deployment("web", pod_spec(SERVER, container=serving()), replicas=2))
    space.kubectl("rollout", "status", "deployment/web", "--timeout=180s")
    for pod in space.pods("web"):
        name = pod["metadata"]["name"]
        assert answer_of(space, pod) == name
        assert space.kubectl("logs", name).startswith("serving on ")
        assert space.kubectl("exec", name, "--", "sh", "-c", "echo $HOSTNAME").strip() == name
    assert {"Pulling", "Pulled", "Created", "Started"} <= until(lambda: reasons if len(reasons := space.reasons("web")) > 4 else None)


def test_logs_are_followed_as_they_are_written(space: Namespace) -> None:
    space.make(deployment("talker", pod_spec("import time\nfor n in range(10**6): print('line', n, flush=True); time.sleep(0.1)")))
    space.wait_ready("talker", 1)
    with space.started("logs", "-f", "deployment/talker") as following:
        lines = [following.readline() for _ in range(20)]
    assert lines == [f"line {number}\n" for number in range(20)]


def test_port_forward_leads_to_the_process(space: Namespace) -> None:
    space.make(deployment("forwarded", pod_spec(SERVER, container=serving())))
    [pod] = space.wait_ready("forwarded", 1)
    with space.started("port-forward", "deployment/forwarded", ":8080") as forward:
        local = re.search(r"127\.0\.0\.1:(\d+)", forward.readline())
        assert local
        with urllib.request.urlopen(f"http://127.0.0.1:{local[1]}/", timeout=10) as answer:
            assert answer.read().decode() == pod["metadata"]["name"]


def test_a_bad_rollout_fails_and_the_old_pods_go_on_serving(space: Namespace) -> None:
    space.make(deployment("rolled", pod_spec(SERVER, container=serving()), replicas=2))
    old = space.wait_ready("rolled", 2)
    bad = deployment("rolled", pod_spec(SERVER, container=serving({"UNREADY": "yes"})), replicas=2, deadline=5)
    space.api.merge("apps/v1", "Deployment", "rolled", {"spec": bad["spec"]}, space.name)
    with pytest.raises(AssertionError, match="exceeded its progress deadline"):
        space.kubectl("rollout", "status", "deployment/rolled", "--timeout=180s")
    assert {pod["metadata"]["name"] for pod in space.ready("rolled")} == {pod["metadata"]["name"] for pod in old}
    assert [answer_of(space, pod) for pod in old] == [pod["metadata"]["name"] for pod in old]
    assert "Unhealthy" in until(lambda: reasons if "Unhealthy" in (reasons := space.reasons("rolled")) else None)
    space.kubectl("rollout", "undo", "deployment/rolled")
    space.wait_ready("rolled", 2)


def test_a_container_that_crashes_is_held_back_and_its_last_words_are_kept(space: Namespace) -> None:
    space.make(deployment("crasher", pod_spec(CRASHER)))
    until(lambda: space.waits_for("crasher") == "CrashLoopBackOff")
    status = space.first_status("crasher")
    assert status["restartCount"] == 1
    assert status["lastState"]["terminated"]["exitCode"] == 3
    assert not status["ready"]
    assert space.kubectl("logs", "-p", "deployment/crasher") == "about to crash\n"
    assert until(lambda: "BackOff" in space.reasons("crasher"))


def test_a_container_past_its_memory_limit_is_killed_for_it(space: Namespace) -> None:
    space.make(deployment("leaker", pod_spec(LEAKER, container={"resources": {"limits": {"memory": "64Mi"}}})))
    over = until(lambda: space.first_status("leaker").get("lastState", {}).get("terminated"))
    assert (over["reason"], over["exitCode"]) == ("OOMKilled", 137)


@pytest.mark.parametrize(("app", "image"), [("no-tag", "house-helper/api:v0.0.0"), ("no-digest", f"{IMAGE}@sha256:{'0' * 64}")])
def test_an_image_that_the_catalogue_lacks_cannot_be_pulled(space: Namespace, app: str, image: str) -> None:
    space.make(deployment(app, pod_spec(SERVER, container={"image": image})))
    for reason in ("ErrImagePull", "ImagePullBackOff"):
        until(lambda reason=reason: space.waits_for(app) == reason)
    assert space.pods(app)[0]["status"]["phase"] == "Pending"


def test_scaling_to_ten_and_back_starts_and_ends_processes(space: Namespace) -> None:
    space.make(deployment("scaled", pod_spec(SERVER, container=serving())))
    space.wait_ready("scaled", 1)
    space.kubectl("scale", "deployment/scaled", "--replicas=10")
    pids = {pid_of(pod) for pod in space.wait_ready("scaled", 10)}
    assert len(pids) == 10
    space.kubectl("scale", "deployment/scaled", "--replicas=1")
    [kept] = space.wait_ready("scaled", 1)
    assert {pid for pid in pids if psutil.pid_exists(pid)} == {pid_of(kept)}


def test_a_deleted_pods_process_is_gone_and_another_comes(space: Namespace) -> None:
    space.make(deployment("deleted", pod_spec(SERVER, container=serving())))
    [before] = space.wait_ready("deleted", 1)
    space.kubectl("delete", "pod", before["metadata"]["name"])
    assert not psutil.pid_exists(pid_of(before))
    [after] = space.wait_ready("deleted", 1)
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert answer_of(space, after) == after["metadata"]["name"]


def test_a_pod_that_ignores_its_end_is_killed_after_its_grace(space: Namespace) -> None:
    grace = 4
    space.make(deployment("deaf", pod_spec(SERVER, container=serving({"DEAF": "yes"}), pod={"terminationGracePeriodSeconds": grace})))
    [pod] = space.wait_ready("deaf", 1)
    began = time.monotonic()
    space.kubectl("delete", "deployment", "deaf", "--cascade=foreground", "--wait=false")
    until(lambda: not psutil.pid_exists(pid_of(pod)))
    # Nothing is measured: a pod that heeds SIGTERM would be gone before, one with the default grace of 30 s long after.
    assert grace <= time.monotonic() - began < 30
    until(lambda: not space.pods("deaf"))


def test_a_forced_deletion_kills_at_once(space: Namespace) -> None:
    space.make(deployment("forced", pod_spec(SERVER, container=serving({"DEAF": "yes"}), pod={"terminationGracePeriodSeconds": 300})))
    [pod] = space.wait_ready("forced", 1)
    space.kubectl("delete", "pod", pod["metadata"]["name"], "--grace-period=0", "--force")
    until(lambda: not psutil.pid_exists(pid_of(pod)), within=120)  # its grace is 300 s


@pytest.mark.parametrize(
    ("name", "program", "condition", "log"),
    [("good", "print('done')", "Complete", "done\n"), ("bad", CRASHER, "Failed", "about to crash\n")],
)
def test_a_jobs_pod_ends_as_its_process_does(space: Namespace, name: str, program: str, condition: str, log: str) -> None:
    space.make(job(name, program))
    space.kubectl("wait", f"--for=condition={condition}", f"job/{name}", "--timeout=180s")
    assert space.kubectl("logs", f"job/{name}") == log


def test_a_container_has_its_secrets_fields_and_files_and_starts_after_its_init_container(space: Namespace) -> None:
    space.make({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"TOKEN": "s3cret"}})
    space.make({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "files"}, "data": {"app.conf": "colour = blue"}})
    container = {
        "envFrom": [{"secretRef": {"name": "keys"}}],
        "env": [
            {"name": "WHERE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
            {"name": "AND", "value": "$(WHERE)-$$(TOKEN)"},
        ],
        "volumeMounts": [{"name": "files", "mountPath": "/etc/app"}],
    }
    init = {"name": "first", "image": IMAGE, "command": ["python", "-S", "-c", "print('first')"]}
    volumes = [{"name": "files", "configMap": {"name": "files"}}]
    spec = pod_spec(TELLER, container=container, pod={"initContainers": [init], "volumes": volumes})
    space.make(deployment("furnished", spec))
    [pod] = space.wait_ready("furnished", 1)
    said = until(lambda: space.kubectl("logs", pod["metadata"]["name"], "-c", "app"))
    assert said == "colour = blue s3cret pods pods-$(TOKEN)\n"
    assert space.kubectl("logs", pod["metadata"]["name"], "-c", "first") == "first\n"
    assert pod["status"]["initContainerStatuses"][0]["state"]["terminated"]["reason"] == "Completed"


def test_a_missing_secret_holds_the_container_up_until_it_is_there(space: Namespace) -> None:
    space.make(deployment("waiting", pod_spec(SERVER, container={**serving(), "envFrom": [{"secretRef": {"name": "late"}}]})))
    waiting = until(lambda: space.first_status("waiting").get("state", {}).get("waiting", {}).get("message"))
    assert 'secret "late" not found' in waiting
    space.make({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "late"}, "stringData": {"TOKEN": "s3cret"}})
    space.wait_ready("waiting", 1)


def test_kubectl_top_says_what_the_processes_use(space: Namespace) -> None:
    space.make(deployment("busy", pod_spec(BUSY)))
    space.wait_ready("busy", 1)

    def measured() -> int | None:
        found = space.api.list("metrics.k8s.io/v1beta1", "PodMetrics", space.name, label_selector="app=busy")
        usage = found[0]["containers"][0]["usage"] if found else {"cpu": "0"}
        cpu = int(usage["cpu"].removesuffix("n")) // 10**6 if usage["cpu"].endswith("n") else 0
        return cpu if cpu > 20 else None

    # An idle process uses next to nothing; this one a third of a core, or what a loaded machine leaves it.
    until(measured, within=120)
    space.api.delete("apps/v1", "Deployment", "busy", space.name)


def test_a_probe_that_fails_long_enough_restarts_its_container(space: Namespace) -> None:
    liveness = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1, "failureThreshold": 2}
    space.make(deployment("sick", pod_spec(SERVER, container={**serving({"UNREADY": "yes"}), "livenessProbe": liveness})))
    status = until(lambda: now if (now := space.first_status("sick")).get("restartCount") else None)
    assert status["lastState"]["terminated"]["exitCode"] == 128 + signal.SIGTERM
    assert until(lambda: "Killing" in space.reasons("sick"))


def test_the_pod_of_a_database_relays_to_the_stacks_own(space: Namespace) -> None:
    variables = space.cloud.environment
    password = Path(variables["PGPASSFILE"]).read_text().splitlines()[0].rpartition(":")[2]
    url = f"postgres://{variables['PGUSER']}:{password}@127.0.0.1:{space.cloud.door(REGION, 'postgres-staging')}/{variables['PGDATABASE']}"
    space.make({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "database"}, "stringData": {"DATABASE_URL": url}})
    container = {
        "name": "postgresql",
        "image": "house-helper/postgresql:18.1",
        "ports": [{"name": "relay", "containerPort": 5432}],
        "envFrom": [{"secretRef": {"name": "database"}}],
        "readinessProbe": {"tcpSocket": {"port": "relay"}, "periodSeconds": 1},
    }
    space.make(deployment("relay", {"containers": [container]}))
    space.wait_ready("relay", 1)
    assert space.kubectl("exec", "deployment/relay", "--", "psql", "-Atc", "select 6 * 7") == "42\n"
    assert "CREATE TABLE" in space.kubectl("exec", "deployment/relay", "--", "pg_dump", "--schema-only")


def test_the_pod_of_a_cache_relays_to_the_stacks_own(space: Namespace) -> None:
    secrets = tomllib.loads(Path(space.cloud.environment[secrets_variable("staging")]).read_text())
    text = {"REDIS_URL": secrets[SecretName.CACHE_URL.value]}
    space.make({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cache"}, "stringData": text})
    container = {
        "name": "redis",
        "image": "house-helper/redis:9.1",
        "ports": [{"name": "relay", "containerPort": 6379}],
        "envFrom": [{"secretRef": {"name": "cache"}}],
        "readinessProbe": {"tcpSocket": {"port": "relay"}, "periodSeconds": 1},
    }
    space.make(deployment("cache", {"containers": [container]}))
    space.wait_ready("cache", 1)
    ask = ("exec", "deployment/cache", "--", "redis-cli")
    assert space.kubectl(*ask, "PING") == "PONG\n"
    assert space.kubectl(*ask, "SET", "session:1:a", "kept") == "OK\n"
    assert space.kubectl(*ask, "KEYS", "session:1:*") == "session:1:a\n"
    assert space.kubectl(*ask, "DEL", "session:1:a") == "1\n"


def kill_part(space: Namespace, part: str) -> None:
    os.kill(space.cloud.part(f"{REGION}/{part}")["pid"], signal.SIGKILL)


def test_an_agent_that_was_killed_takes_its_processes_up_again(space: Namespace) -> None:
    space.make(deployment("adopted", pod_spec(SERVER, container=serving()), replicas=2))
    before = {pod["metadata"]["name"]: pid_of(pod) for pod in space.wait_ready("adopted", 2)}
    kill_part(space, "node-agent")
    ended, kept = before.items()
    os.kill(ended[1], signal.SIGKILL)  # one of them ends while nobody looks
    space.cloud.hhctl("local", "up")
    until(lambda: next((pod for pod in space.ready("adopted") if pid_of(pod) not in before.values()), None))
    after = {pod["metadata"]["name"]: pod for pod in space.wait_ready("adopted", 2)}
    assert pid_of(after[kept[0]]) == kept[1]
    restarted = after[ended[0]]["status"]["containerStatuses"][0]
    assert (restarted["restartCount"], restarted["lastState"]["terminated"]["exitCode"]) == (1, 137)
    assert answer_of(space, after[kept[0]]) == kept[0]
    space.kubectl("delete", "pod", kept[0])
    assert not psutil.pid_exists(kept[1])


def test_a_pod_called_unready_by_the_node_controller_is_soon_ready_again_over_kwoks_death(space: Namespace) -> None:
    space.make(deployment("steady", pod_spec(SERVER, container=serving())))
    [pod] = space.wait_ready("steady", 1)
    kill_part(space, "kwok")
    name = pod["metadata"]["name"]
    unready = {"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "NodeNotReady"}]}}
    assert not is_ready(space.api.patch_status("v1", "Pod", name, unready, space.name))
    space.wait_ready("steady", 1)
    space.cloud.hhctl("local", "up")
    assert space.kubectl("logs", name).startswith("serving on ")
    assert pid_of(space.pods("steady")[0]) == pid_of(pod)
