"""A world that goes wrong: parts that die, regions that are lost or silent, and how `up` and `--clear` bring all back."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import boto3
import httpx
import psutil
import pytest

from localcloud.ports import port_is_free

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local_cloud import LocalCloud


@pytest.fixture
def mended(cloud: LocalCloud) -> Iterator[LocalCloud]:
    """The shared cloud, whole again afterwards whatever a test did to it."""
    yield cloud
    cloud.hhctl("local", "fault", "--clear")


def wait_until(true: Callable[[], bool], what: str, limit: float = 120) -> None:
    deadline = time.monotonic() + limit
    while not true():
        assert time.monotonic() < deadline, f"{what}: not within {limit:.0f} s"
        time.sleep(0.1)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, f"the end of {pid}")


def client(cloud: LocalCloud, service: str, region: str = "us-east-1"):  # noqa: ANN201 - boto3's clients have no type to name here
    environment = cloud.environment
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=f"http://127.0.0.1:{cloud.door(region, 'aws')}",
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


KILLED = (
    *("us-east-1/etcd", "us-east-1/kube-apiserver", "us-east-1/doors", "us-east-1/valkey", "us-east-1/prometheus"),
    *("us-west-2/kwok", "us-west-2/kube-scheduler", "us-west-2/metrics-server", "us-west-2/postgres-dr"),
    *("dns", "provider-kubernetes", "provider-aws"),
)


def test_killed_parts_show_their_last_words_and_up_mends_them_where_they_were(mended: LocalCloud) -> None:
    before = {part["part"]: part for part in mended.status()["parts"]}
    for part in KILLED:
        kill(before[part]["pid"])
    broken = {part["part"]: part for part in mended.status(code=4)["parts"]}
    # A part that loses the one it needs may end of itself.
    assert {name for name, part in broken.items() if part["condition"] == "crashed"} >= set(KILLED)
    assert broken["us-west-2/postgres-dr"]["log"]
    mended.hhctl("local", "up")
    after = {part["part"]: part for part in mended.status()["parts"]}
    assert {part["condition"] for part in after.values()} <= {"ready", "warming"}
    assert {name for name in after if after[name]["pid"] != before[name]["pid"]} >= set(KILLED)
    assert {name: part["address"] for name, part in after.items()} == {name: part["address"] for name, part in before.items()}


def test_motos_world_outlives_moto(mended: LocalCloud) -> None:
    s3, route53 = client(mended, "s3"), client(mended, "route53")
    s3.create_bucket(Bucket="outlives")
    s3.put_bucket_versioning(Bucket="outlives", VersioningConfiguration={"Status": "Enabled"})
    versions = [s3.put_object(Bucket="outlives", Key="a key/with words", Body=body)["VersionId"] for body in (b"first", b"second")]
    zone = route53.create_hosted_zone(Name="outlives.example", CallerReference="once")["HostedZone"]["Id"]
    kill(mended.part("moto")["pid"])
    mended.hhctl("local", "up")
    read = [s3.get_object(Bucket="outlives", Key="a key/with words", VersionId=version)["Body"].read() for version in versions]
    assert read == [b"first", b"second"]
    assert route53.get_hosted_zone(Id=zone)["HostedZone"]["Name"] == "outlives.example."
    route53.delete_hosted_zone(Id=zone)
    for version in versions:
        s3.delete_object(Bucket="outlives", Key="a key/with words", VersionId=version)
    s3.delete_bucket(Bucket="outlives")


def cut_power(cloud: LocalCloud) -> None:
    """Kill everything, also what a part that still lives starts again meanwhile."""

    def kill_all() -> bool:
        for process in cloud.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        return not cloud.processes()

    wait_until(kill_all, "the end of every process")


def test_up_after_a_power_cut_finds_everything_as_it_was(mended: LocalCloud) -> None:
    kubectl = ("kubectl", "--context", "us-east-1", "-n", "default")
    mended.run(*kubectl, "create", "deployment", "survivor", "--image=house-helper/api:v1.2.1", "--replicas=2", "--", "sleep", "1000000")
    mended.run(*kubectl, "rollout", "status", "deployment/survivor", "--timeout=180s")
    cut_power(mended)
    mended.hhctl("local", "up")
    mended.run(*kubectl, "rollout", "status", "deployment/survivor", "--timeout=180s")
    mended.run(*kubectl, "delete", "deployment", "survivor", "--cascade=foreground")
    wait_until(lambda: mended.part("us-west-2/postgres-dr")["remark"] == "", "the standby streaming again")


def test_up_itself_killed_leaves_nothing_that_a_second_up_trips_over(mended: LocalCloud) -> None:
    cut_power(mended)
    killed = mended.start("local", "up")
    wait_until(lambda: len(mended.processes()) > 5, "some parts started")
    killed.kill()
    killed.communicate()
    mended.hhctl("local", "up")
    assert {part["condition"] for part in mended.status()["parts"]} <= {"ready", "warming"}


def test_a_region_that_is_down_refuses_connections_until_it_is_cleared(mended: LocalCloud) -> None:
    door = mended.door("us-east-1", "kubernetes")
    mended.hhctl("local", "fault", "--region", "us-east-1", "--down")
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", door), timeout=2):
        pass
    mended.hhctl("local", "up")
    status = mended.status()
    assert {part["condition"] for part in status["parts"] if part["region"] == "us-east-1"} == {"stopped"}
    assert {part["condition"] for part in status["parts"] if part["region"] == "us-west-2"} <= {"ready", "warming"}
    assert mended.run("kubectl", "--context", "us-west-2", "get", "nodes", "-o", "name").count("node/") == 5
    mended.hhctl("local", "fault", "--clear")
    assert mended.run("kubectl", "--context", "us-east-1", "get", "nodes", "-o", "name").count("node/") == 5


def test_a_black_holed_region_hangs_open_connections_and_new_ones(mended: LocalCloud) -> None:
    url = f"http://127.0.0.1:{mended.door('us-east-1', 'prometheus')}/-/ready"
    other = f"http://127.0.0.1:{mended.door('us-west-2', 'prometheus')}/-/ready"
    with closing(httpx.Client(timeout=1)) as kept_open:
        assert kept_open.get(url, timeout=30).status_code == 200
        mended.hhctl("local", "fault", "--region", "us-east-1", "--black-hole")
        with pytest.raises(httpx.TimeoutException):
            kept_open.get(url)
    with pytest.raises(httpx.TimeoutException):
        httpx.get(url, timeout=1)
    assert httpx.get(other, timeout=30).status_code == 200
    mended.hhctl("local", "fault", "--clear")
    assert httpx.get(url, timeout=30).status_code == 200


def test_a_black_hole_survives_the_end_of_its_doors(mended: LocalCloud) -> None:
    url = f"http://127.0.0.1:{mended.door('us-west-2', 'prometheus')}/-/ready"
    mended.hhctl("local", "fault", "--region", "us-west-2", "--black-hole")
    kill(mended.part("us-west-2/doors")["pid"])
    mended.hhctl("local", "up")
    with pytest.raises(httpx.TimeoutException):
        httpx.get(url, timeout=1)


def test_a_stopped_part_stays_stopped_until_it_is_cleared(mended: LocalCloud) -> None:
    mended.hhctl("local", "fault", "--part", "prometheus", "--region", "us-west-2", "--stop")
    mended.hhctl("local", "up")
    assert mended.part("us-west-2/prometheus")["condition"] == "stopped"
    assert mended.part("us-east-1/prometheus")["condition"] == "ready"
    listed = mended.hhctl("local", "fault", "-o", "json").stdout
    assert "us-west-2/prometheus" in listed
    mended.hhctl("local", "fault", "--clear")
    assert mended.part("us-west-2/prometheus")["condition"] == "ready"


def test_up_leaves_what_needs_a_stopped_part_and_says_so(mended: LocalCloud) -> None:
    mended.hhctl("local", "fault", "--part", "etcd", "--region", "us-west-2", "--stop")
    told = mended.hhctl("local", "up", limit=200).stderr
    assert "us-west-2/kube-scheduler" in told
    assert "a fault keeps us-west-2/etcd stopped" in told
    assert mended.part("us-west-2/kube-apiserver")["condition"] == "stopped"
    mended.hhctl("local", "fault", "--clear")
    assert mended.part("us-west-2/kube-apiserver")["condition"] == "ready"


def test_a_standby_comes_up_while_its_primary_is_kept_stopped(mended: LocalCloud) -> None:
    mended.hhctl("local", "fault", "--part", "us-east-1/postgres-prod", "--stop")
    kill(mended.part("us-west-2/postgres-dr")["pid"])
    mended.hhctl("local", "up")
    assert mended.part("us-west-2/postgres-dr")["condition"] == "warming"


@pytest.mark.parametrize(
    "arguments",
    [
        "--down",
        "--region us-east-1",
        "--region us-east-1 --down --black-hole",
        "--part prometheus",
        "--part nothing --stop",
        "--clear --down",
    ],
)
def test_a_fault_that_cannot_be_meant_changes_nothing(mended: LocalCloud, arguments: str) -> None:
    mended.hhctl("local", "fault", *arguments.split(), code=2)
    assert {part["condition"] for part in mended.status()["parts"]} <= {"ready", "warming"}


def test_a_port_that_somebody_took_is_named(mended: LocalCloud) -> None:
    part = mended.part("us-west-2/valkey")
    port = int(part["address"].rpartition(":")[2])
    kill(part["pid"])
    wait_until(lambda: port_is_free(port), f"the end of all that listens on {port}")
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", port))
        thief.listen()
        refused = mended.hhctl("local", "up", code=4).stderr
    assert str(port) in refused
    assert "us-west-2/valkey" in refused
    mended.hhctl("local", "up")


def test_two_at_once_do_not_trip_over_each_other(mended: LocalCloud) -> None:
    kill(mended.part("us-east-1/etcd")["pid"])
    both = [mended.start("local", "up") for _ in range(2)]
    codes = sorted(process.wait(timeout=300) for process in both)
    assert codes in ([0, 0], [0, 12]), [process.communicate()[0] for process in both]
    assert {part["condition"] for part in mended.status()["parts"]} <= {"ready", "warming"}
