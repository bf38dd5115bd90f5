"""The workload on the real Postgres and Valkey: what it keeps, how it fails, how it ends."""

from __future__ import annotations

import json
import socket
import threading
import tomllib
import uuid
from typing import TYPE_CHECKING, LiteralString
from urllib.parse import unquote, urlsplit

import psutil
import psycopg
import pytest
from containers import Container, answers, container, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from local_cloud import LocalCloud

API = "house-helper/api"


@pytest.fixture(scope="module")
def api(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    with container(cloud, f"{API}:v1.2.1", tmp_path_factory.mktemp("api")) as running:
        wait_until(lambda: answers(running), "the start")
        yield running


@pytest.fixture
def user(api: Container) -> str:
    return api.http.post("/users", json={"email": f"{uuid.uuid4()}@example.com", "name": "Ada"}).json()["id"]


def test_health_says_who_answers(api: Container) -> None:
    state = api.http.get("/health").json()
    assert (state["status"], state["version"], state["track"], state["stack"]) == ("ok", "v1.2.1", "stable", "prod")


def test_ready_says_that_the_stores_answer(api: Container) -> None:
    assert api.http.get("/ready").json() == {"database": "ok", "cache": "ok"}


def test_a_task_is_a_numbered_row(api: Container, user: str) -> None:
    first, second = (api.http.post("/tasks", json={"title": title, "user": user}).json() for title in ("wash", "dry"))
    assert second["id"] > first["id"]
    assert [task["title"] for task in api.http.get("/tasks", params={"limit": 2}).json()["tasks"]] == ["dry", "wash"]
    older = api.http.get("/tasks", params={"limit": 1, "before": second["id"], "status": "pending"}).json()["tasks"]
    assert [task["id"] for task in older] == [first["id"]]


def test_a_request_sent_again_with_its_number_makes_no_second_task(api: Container) -> None:
    number = uuid.uuid4().int >> 66
    made, again = (api.http.post("/tasks", json={"title": "once", "number": number}) for _ in range(2))
    assert (made.status_code, again.status_code) == (201, 200)
    assert again.json() == made.json()


def test_a_session_is_a_key_of_its_user(api: Container, cloud: LocalCloud, user: str) -> None:
    session = api.http.post("/sessions", json={"user": user}).json()["session"]
    assert api.http.get(f"/sessions/{user}/{session}").status_code == 200
    assert redis(cloud, "EXISTS", f"session:{user}:{session}") == ":1"
    redis(cloud, "DEL", f"session:{user}:{session}")
    assert api.http.get(f"/sessions/{user}/{session}").status_code == 404
    assert api.http.delete(f"/sessions/{user}/{session}").status_code == 404


def test_a_disabled_account_opens_no_session(api: Container, cloud: LocalCloud, user: str) -> None:
    rows(cloud, "update users set disabled = true where id = %s returning id", user)
    assert api.http.post("/sessions", json={"user": user}).status_code == 403


def test_the_audit_log_tells_what_a_user_did(api: Container, cloud: LocalCloud, user: str) -> None:
    api.http.post("/tasks", json={"title": "wash", "user": user})
    api.http.post("/sessions", json={"user": user})
    told = rows(cloud, "select action from audit_log where user_id = %s order by id", user)
    assert told == [("user.created",), ("task.created",), ("session.opened",)]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/tasks", b"", 400),
        ("POST", "/tasks", b"[]", 400),
        ("POST", "/tasks", b'{"title": 3}', 400),
        ("POST", "/tasks", b'{"title": "a\\u0000b"}', 400),
        ("POST", "/tasks", b'{"title": "\\ud800"}', 400),
        ("POST", "/tasks", b"[" * 60_000, 400),
        ("POST", "/tasks", b'{"title": "x", "user": "nobody"}', 400),
        ("POST", "/tasks", b'{"title": "x", "user": "00000000-0000-0000-0000-000000000000"}', 400),
        ("POST", "/tasks", b'{"title": "x", "number": -1}', 400),
        ("POST", "/tasks", b"x" * 70_000, 413),
        ("GET", "/tasks?limit=0", b"", 400),
        ("GET", "/tasks?limit=99999999999999999999", b"", 400),
        ("GET", "/users/00000000-0000-0000-0000-000000000000", b"", 404),
        ("POST", "/sessions", b'{"user": "00000000-0000-0000-0000-000000000000"}', 404),
        ("GET", "/nowhere", b"", 404),
        ("DELETE", "/users", b"", 405),
    ],
)
def test_a_bad_request_is_the_clients_fault_and_is_told_so(api: Container, method: str, path: str, body: bytes, status: int) -> None:
    answer = api.http.request(method, path, content=body)
    assert (answer.status_code, "error" in answer.json()) == (status, True)


def test_a_second_account_with_an_address_is_refused(api: Container) -> None:
    account = {"email": f"{uuid.uuid4()}@example.com", "name": "Ada"}
    assert [api.http.post("/users", json=account).status_code for _ in range(2)] == [201, 409]


def test_metrics_count_what_users_ask_and_no_probes(api: Container) -> None:
    series = 'http_requests_total{method="GET",route="/users",code="200"}'
    answered, timed = api.metric(series), api.metric("http_request_duration_seconds_count")
    api.http.get("/users")
    api.http.get("/health")
    assert api.metric(series) - answered == 1
    assert api.metric("http_request_duration_seconds_count") - timed == 1
    assert api.metric("process_start_time_seconds") == pytest.approx(psutil.Process(api.process.pid).create_time(), abs=2)


def test_a_pool_is_used_again(api: Container) -> None:
    for _ in range(20):
        api.http.get("/tasks")
    assert api.metric('db_connections{state="idle"}') <= 4


def test_an_idle_container_takes_little_memory(api: Container) -> None:
    assert psutil.Process(api.process.pid).memory_info().rss < 60 * 2**20


def test_an_ended_connection_costs_no_request(api: Container, cloud: LocalCloud) -> None:
    api.http.get("/tasks")
    # With a time limit it returns once the process of the session is gone; told only, that may still answer the next query.
    ended = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = %s"
    assert rows(cloud, ended, f"pod-{api.http.base_url.port}")
    assert api.http.get("/tasks").status_code == 200


def test_calls_in_flight_are_answered_at_the_end(cloud: LocalCloud, tmp_path: Path) -> None:
    with container(cloud, f"{API}:v1.3.0-slow", tmp_path) as slow:
        wait_until(lambda: answers(slow), "the start")
        statuses: list[int] = []
        call = threading.Thread(target=lambda: statuses.append(slow.http.get("/tasks").status_code))
        call.start()
        wait_until(lambda: slow.metric("http_requests_in_flight") == 1, "the call in flight")
        assert slow.end() == 0
        call.join()
        assert statuses == [200]
        assert not answers(slow)


def test_without_its_stores_a_container_lives_and_says_what_is_missing(cloud: LocalCloud, tmp_path: Path) -> None:
    nowhere = {"DATABASE_URL": "postgres://nobody@127.0.0.1:9/nothing", "REDIS_URL": "redis://127.0.0.1:9/0"}
    with container(cloud, f"{API}:v1.2.1", tmp_path, changed=nowhere) as lonely:
        wait_until(lambda: answers(lonely), "the start")
        assert lonely.http.get("/tasks").status_code == 503
        state = lonely.http.get("/ready")
        assert state.status_code == 503
        assert "refused" in state.json()["database"]
        assert "the cache" in state.json()["cache"]
        assert any(json.loads(line)["level"] == "ERROR" for line in lonely.log.read_text().splitlines())


def test_a_standby_reads_and_takes_no_writes(cloud: LocalCloud, tmp_path: Path) -> None:
    with container(cloud, f"{API}:v1.2.1", tmp_path, stack="dr") as standby:
        wait_until(lambda: answers(standby), "the start")
        wait_until(lambda: answers(standby, "/tasks"), "the schema by streaming")
        refused = standby.http.post("/tasks", json={"title": "x"})
        assert (refused.status_code, refused.json()["error"]) == (503, "the database takes no writes here")


def rows(cloud: LocalCloud, statement: LiteralString, *parameters: str) -> list[tuple[object, ...]]:
    """What prod's database answers."""
    with psycopg.connect(secrets(cloud)["databaseUrl"], autocommit=True) as connection:
        return connection.execute(statement, parameters).fetchall()


def redis(cloud: LocalCloud, *words: str) -> str:
    """The first line that the region's Valkey answers."""
    address = urlsplit(secrets(cloud)["cacheUrl"])
    with socket.create_connection((address.hostname, address.port)) as connection, connection.makefile("rwb") as file:
        file.write(f"AUTH {unquote(address.password or '')}\r\n{' '.join(words)}\r\n".encode())
        file.flush()
        assert file.readline() == b"+OK\r\n"
        return file.readline().decode().strip()


def secrets(cloud: LocalCloud) -> Mapping[str, str]:
    """Prod's own."""
    return tomllib.loads((cloud.folder / "secrets-prod.toml").read_text())
