"""Versions that misbehave, by what their image declares or by `hhctl local fault`, seen from outside their containers."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest
from containers import answers, container, wait_until

from localcloud.faults import NO_FAULTS, Misbehaving, Reach, read_faults, write_faults
from localcloud.folder import CloudFolder
from localcloud.workload.behaviour import Behaviour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from containers import Container
    from local_cloud import LocalCloud

API = "house-helper/api"
REQUESTS = 300


@pytest.fixture
def mended(cloud: LocalCloud) -> Iterator[LocalCloud]:
    """The shared cloud, whole again afterwards."""
    yield cloud
    cloud.hhctl("local", "fault", "--clear")


@pytest.fixture
def api(mended: LocalCloud, tmp_path: Path) -> Iterator[Container]:
    """A container of v1.2.4, which is healthy, in prod."""
    with container(mended, f"{API}:v1.2.4", tmp_path) as running:
        wait_until(lambda: answers(running), "the start")
        yield running


def failing_share(running: Container) -> float:
    statuses = [running.http.get("/tasks", params={"limit": 1}).status_code for _ in range(REQUESTS)]
    assert set(statuses) <= {200, 500}
    return statuses.count(500) / REQUESTS


def says(running: Container, words: str) -> bool:
    return any(words in json.loads(line)["message"] for line in running.log.read_text().splitlines())


def test_a_version_fails_as_often_as_the_fault_says_and_no_more_once_it_is_cleared(mended: LocalCloud, api: Container) -> None:
    assert failing_share(api) == 0
    mended.hhctl("local", "fault", "--version", "v1.2.4", "--stack", "prod", "--error-rate", "20%")
    wait_until(lambda: says(api, "error-rate 20%"), "the fault")
    # Five standard deviations of 300 requests are 0.12: once in a million runs.
    assert failing_share(api) == pytest.approx(0.2, abs=0.12)
    assert api.metric('http_requests_total{method="GET",route="/tasks",code="500"}') > 0
    assert answers(api)
    mended.hhctl("local", "fault", "--clear")
    wait_until(lambda: says(api, "healthy"), "the mending")
    assert failing_share(api) == 0


def test_a_slow_version_takes_as_much_longer_as_the_fault_says(mended: LocalCloud, api: Container) -> None:
    mended.hhctl("local", "fault", "--version", "v1.2.4", "--latency", "600ms")
    wait_until(lambda: says(api, "latency 600ms"), "the fault")
    api.http.get("/tasks")
    assert api.metric('http_request_duration_seconds_bucket{le="0.5"}') == 0
    assert api.metric("http_request_duration_seconds_count") == 1


def test_a_fault_of_another_stack_or_version_is_none_of_a_containers(mended: LocalCloud, api: Container) -> None:
    mended.hhctl("local", "fault", "--version", "v1.2.4", "--stack", "staging", "--crash")
    mended.hhctl("local", "fault", "--version", "v1.2.3", "--crash")
    mended.hhctl("local", "fault", "--version", "v1.2.4", "--latency", "1ms")
    wait_until(lambda: says(api, "latency 1ms"), "the fault that is")
    assert api.process.poll() is None


def test_a_version_that_crashes_ends_with_1_and_says_so(mended: LocalCloud, api: Container) -> None:
    mended.hhctl("local", "fault", "--version", "v1.2.4", "--crash")
    assert api.process.wait(timeout=60) == 1
    assert says(api, "crashed")


def test_a_version_that_leaks_memory_grows(mended: LocalCloud, api: Container) -> None:
    before = psutil.Process(api.process.pid).memory_info().rss
    mended.hhctl("local", "fault", "--version", "v1.2.4", "--leak-memory")
    wait_until(lambda: psutil.Process(api.process.pid).memory_info().rss > before + 20 * 2**20, "the growth")


def test_a_version_that_leaks_connections_holds_more_than_its_pool(mended: LocalCloud, api: Container) -> None:
    url = tomllib.loads((mended.folder / "secrets-prod.toml").read_text())["databaseUrl"]
    mended.hhctl("local", "fault", "--version", "v1.2.4", "--leak-connections")
    with psycopg.connect(url, autocommit=True) as connection:

        def held() -> int:
            asked = "select count(*) from pg_stat_activity where application_name = %s"
            row = connection.execute(asked, (f"pod-{api.http.base_url.port}",)).fetchone()
            assert row
            return row[0]

        wait_until(lambda: held() > 4, "the leak")
        assert api.metric('db_connections{state="lost"}') > 4
        api.end()
        wait_until(lambda: held() == 0, "the connections' end with their container")


SHOWN: dict[str, Callable[[Container], bool]] = {
    "v1.3.0-failing": lambda running: failing_share(running) > 0,
    "v1.3.0-slow": lambda running: running.http.get("/tasks").elapsed.total_seconds() >= 1.5,
    "v1.3.0-leaks-memory": lambda running: psutil.Process(running.process.pid).memory_info().rss > 80 * 2**20,
    "v1.3.0-leaks-connections": lambda running: running.metric('db_connections{state="lost"}') > 0,
    "v1.3.0-never-ready": lambda running: answers(running, status=503) and answers(running, "/ready", status=503),
    "v1.3.0-crashes": lambda running: running.process.poll() == 1,
}


@pytest.mark.parametrize("tag", SHOWN)
def test_an_image_behaves_as_the_catalogue_says(cloud: LocalCloud, tmp_path: Path, tag: str) -> None:
    with container(cloud, f"{API}:{tag}", tmp_path) as running:
        wait_until(lambda: answers(running) or answers(running, status=503) or running.process.poll() is not None, "the start")
        wait_until(lambda: SHOWN[tag](running), tag)


def test_faults_are_listed_until_they_are_cleared(mended: LocalCloud) -> None:
    mended.hhctl("local", "fault", "--version", "v1.2.4", "--stack", "prod", "--error-rate", "5%", "--leak-memory")
    mended.hhctl("local", "fault", "--version", "v1.2.4", "--stack", "prod", "--error-rate", "2.5%")
    listed = [{"where": "v1.2.4 in prod", "fault": "error-rate 2.5%"}]
    assert mended.status()["faults"] == listed
    assert "error-rate 2.5%" in mended.hhctl("local", "status").stdout
    mended.hhctl("local", "up")
    assert mended.status()["faults"] == listed
    mended.hhctl("local", "fault", "--clear")
    assert mended.status()["faults"] == []


@pytest.mark.parametrize(
    "arguments",
    [
        "--version v1.2.4",
        "--error-rate 5%",
        "--version v1.2.4 --error-rate 0%",
        "--version v1.2.4 --error-rate 101%",
        "--version v1.2.4 --error-rate 5",
        "--version v1.2.4 --latency fast",
        "--version v9.9.9 --crash",
        "--version v1.2.4 --stack global --crash",
        "--version v1.2.4 --crash --clear",
        "--version v1.2.4 --crash --region us-east-1",
        "--stack prod",
    ],
)
def test_a_fault_of_a_version_that_cannot_be_meant_changes_nothing(cloud: LocalCloud, arguments: str) -> None:
    cloud.hhctl("local", "fault", *arguments.split(), code=2)
    assert cloud.status()["faults"] == []


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    folder = CloudFolder(tmp_path)
    faults = (
        NO_FAULTS.with_region("us-east-1", Reach.BLACK_HOLE)
        .with_parts(frozenset({"dns"}))
        .with_version(Misbehaving("v1", ""), Behaviour(crash=True))
        .with_version(Misbehaving("v1", "prod"), Behaviour(error_rate=0.2))
        .with_version(Misbehaving("v1", "prod"), Behaviour(latency=1.5))
    )
    assert read_faults(folder) == NO_FAULTS
    write_faults(folder, faults)
    assert read_faults(folder) == faults
    assert faults.listed() == (
        ("us-east-1", "black-hole"),
        ("dns", "stopped"),
        ("v1 in every stack", "crash"),
        ("v1 in prod", "latency 1500ms"),
    )
