"""Two regions, as a person who has typed `hhctl local up` finds them."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
from local_cloud import PROJECT, LocalCloud

REGIONS = ("us-east-1", "us-west-2")
# Pods of an image that nobody has, and of which nothing runs.
_FAKE_PODS = {
    "tolerations": [{"key": "kwok.x-k8s.io/node", "operator": "Exists"}],
    "containers": [{"name": "web", "image": "example/web:1"}],
}
_FAKE_WEB = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {**_FAKE_PODS, "nodeSelector": {"type": "kwok"}}},
    },
}


def test_every_part_is_ready_and_every_door_open(cloud: LocalCloud) -> None:
    status = cloud.status()
    assert {part["condition"] for part in status["parts"]} <= {"ready", "warming"}
    assert {door["state"] for door in status["doors"]} == {"open"}
    assert {part["part"].rpartition("/")[2] for part in status["parts"] if part["region"] == "us-west-2"} == {
        *("doors", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "node-agent", "metrics-server"),
        *("valkey", "prometheus", "postgres-dr", "edge"),
    }


def test_a_second_up_starts_nothing(cloud: LocalCloud) -> None:
    before = {part["part"]: part["pid"] for part in cloud.status()["parts"]}
    answer = json.loads(cloud.hhctl("local", "up", "-o", "json").stdout)
    assert answer["started"] == 0
    assert {part["part"]: part["pid"] for part in cloud.status()["parts"]} == before


def test_nothing_listens_beyond_loopback(cloud: LocalCloud) -> None:
    listening = [address for process in cloud.processes() for address in _listened_to(process)]
    assert {address.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


def _listened_to(process: psutil.Process) -> list[str]:
    """The addresses that a process listens on; none for a pod's that has ended meanwhile."""
    try:
        connections = process.net_connections(kind="inet")
    except psutil.NoSuchProcess:
        return []
    return [each.laddr.ip for each in connections if each.status in {psutil.CONN_LISTEN, psutil.CONN_NONE}]


def test_secrets_are_files_for_their_owner_and_stand_in_no_argument(cloud: LocalCloud) -> None:
    files = [path for path in (cloud.folder / "secrets").iterdir() if path.is_file()]
    assert files
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    secrets = {path.read_text() for path in files}
    arguments = "\n".join("\n".join(process.cmdline()) for process in cloud.processes())
    assert not [secret for secret in secrets if secret in arguments]


@pytest.mark.parametrize("region", REGIONS)
def test_a_deployment_rolls_out_and_scales(cloud: LocalCloud, region: str, tmp_path: Path) -> None:
    kubectl = ("kubectl", "--context", region, "-n", "default")
    (tmp_path / "web.json").write_text(json.dumps(_FAKE_WEB))
    cloud.run(*kubectl, "create", "-f", str(tmp_path / "web.json"))
    try:
        cloud.run(*kubectl, "rollout", "status", "deployment/web", "--timeout=180s")
        cloud.run(*kubectl, "scale", "deployment/web", "--replicas=5")
        cloud.run(*kubectl, "rollout", "status", "deployment/web", "--timeout=180s")
        pods = json.loads(cloud.run(*kubectl, "get", "pods", "-l", "app=web", "-o", "json"))["items"]
        assert [pod["status"]["phase"] for pod in pods] == ["Running"] * 5
        zones = {pod["spec"]["nodeName"] for pod in pods}
        assert len(zones) > 1
    finally:
        cloud.run(*kubectl, "delete", "deployment", "web", "--cascade=foreground")


@pytest.mark.parametrize("region", REGIONS)
def test_the_gateway_kinds_are_there_and_checked(cloud: LocalCloud, region: str, tmp_path: Path) -> None:
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "api", "namespace": "default"},
        "spec": {"rules": [{"backendRefs": [{"name": "api", "port": 80, "weight": 1_000_001}]}]},
    }
    path = tmp_path / "route.json"
    path.write_text(json.dumps(route))
    refused = subprocess.run(
        ["kubectl", "--context", region, "apply", "--dry-run=server", "-f", str(path)],
        env=dict(cloud.environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert refused.returncode == 1
    assert "weight" in refused.stderr


def test_a_row_written_in_prod_is_read_in_the_other_region(cloud: LocalCloud) -> None:
    with _connect(cloud, "us-east-1", "prod") as primary:
        primary.execute("create table if not exists replayed (number int)")
        primary.execute("insert into replayed values (42)")
        written = primary.execute("select pg_current_wal_flush_lsn()").fetchone()
        assert written
        with _connect(cloud, "us-west-2", "dr") as standby:
            _wait_for_replay(standby, written[0])
            assert standby.execute("select number from replayed").fetchone() == (42,)
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                standby.execute("insert into replayed values (43)")
        primary.execute("drop table replayed")


def _connect(cloud: LocalCloud, region: str, stack: str) -> psycopg.Connection:
    port = cloud.door(region, f"postgres-{stack}")
    environment = cloud.environment
    return psycopg.connect(
        host="127.0.0.1",
        port=port,
        user=environment["PGUSER"],
        dbname=environment["PGDATABASE"],
        passfile=environment["PGPASSFILE"],
        autocommit=True,
    )


def _wait_for_replay(standby: psycopg.Connection, lsn: str) -> None:
    for _ in range(2400):
        reached = standby.execute("select pg_last_wal_replay_lsn() >= %s::pg_lsn, pg_sleep(0.05)", (lsn,)).fetchone()
        if reached and reached[0]:
            return
    pytest.fail(f"the standby did not replay up to {lsn}")


def test_a_wrong_password_opens_no_database(cloud: LocalCloud) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(
            host="127.0.0.1", port=cloud.door("us-east-1", "postgres-prod"), user="postgres", password="guess", dbname="postgres"
        )


def test_a_persons_own_tools_work_in_the_printed_environment(cloud: LocalCloud) -> None:
    script = (
        'eval "$("$0" -m automation.cli local env)" && kubectl get nodes -o name && psql -Atc "select 1" && pulumi whoami && helm list -A'
    )
    done = subprocess.run(
        ["sh", "-c", script, sys.executable],
        cwd=PROJECT,
        env=cloud.own_environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:6] == [*(f"node/{name}" for name in ("fake-a", "fake-b", "fake-c", "real-a", "real-b")), "1"]


@pytest.mark.parametrize("own", ["", "example.com"])
def test_a_proxy_of_a_persons_own_is_asked_for_nothing_on_this_machine(cloud: LocalCloud, own: str) -> None:
    closed = "http://127.0.0.1:9"
    script = 'eval "$("$0" -m automation.cli local env)" && "$0" -m automation.cli doctor; echo "$NO_PROXY"'
    done = subprocess.run(
        ["sh", "-c", script, sys.executable],
        cwd=PROJECT,
        env={**cloud.own_environment, "HTTP_PROXY": closed, "http_proxy": closed, "NO_PROXY": own},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.stdout.splitlines()[-1] == ",".join(filter(None, (own, "127.0.0.1")))
    assert "127.0.0.1:9" not in done.stdout + done.stderr
    assert "ready at http://127.0.0.1:" in done.stdout


def test_logs_show_what_a_part_said(cloud: LocalCloud) -> None:
    said = cloud.hhctl("local", "logs", "us-east-1/postgres-prod", "--lines", "200").stdout
    assert "database system is ready to accept connections" in said


def test_logs_of_no_such_part_name_what_is_near(cloud: LocalCloud) -> None:
    refused = cloud.hhctl("local", "logs", "promethius", code=2)
    assert "us-east-1/prometheus" in refused.stderr


def test_a_command_without_a_cloud_says_how_to_get_one(tmp_path: Path) -> None:
    nowhere = LocalCloud(tmp_path / "none", tmp_path)
    for command in ("status", "env", "logs moto", "fault --clear"):
        assert "hhctl local up" in nowhere.hhctl("local", *command.split(), code=1).stderr


def test_the_stacks_find_their_secrets_and_can_be_previewed(cloud: LocalCloud) -> None:
    files = [Path(value) for name, value in cloud.environment.items() if name.endswith("_SECRETS_FILE")]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    done = subprocess.run(
        [sys.executable, "-m", "automation.cli", "preview", "staging"],
        cwd=PROJECT,
        env=dict(cloud.environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "kubernetes:helm.sh/v3:Release" in done.stdout
    assert not [secret for file in files for secret in file.read_text().split('"')[1::2] if secret in done.stdout + done.stderr]
