"""Objects beside the state: the same promises by a folder and by S3."""

from __future__ import annotations

import resource
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar, Protocol

import boto3
import pytest

from automation.errors import ExitCode, HhctlError, TimedOut, UsageFault
from automation.ports import s3_objects
from automation.ports.bucket import CredentialsRefused
from automation.ports.objects import Objects, objects_beside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["file", "s3"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"file://{tmp_path}" if request.param == "file" else request.getfixturevalue("s3_backend")


@pytest.fixture
def objects(backend: str) -> Objects:
    return objects_beside(backend)


def test_what_was_created_is_read_with_its_age(objects: Objects) -> None:
    assert objects.create("lease/prod.json", b"mine")
    stored = objects.read("lease/prod.json")
    assert stored is not None
    assert stored.content == b"mine"
    assert 0 <= stored.age.total_seconds() < 5


def test_what_is_there_is_not_created_again(objects: Objects) -> None:
    assert objects.create("a/1", b"first")
    assert not objects.create("a/1", b"second")
    stored = objects.read("a/1")
    assert stored is not None
    assert stored.content == b"first"


def test_what_is_not_there_reads_as_none_and_cannot_be_replaced(objects: Objects) -> None:
    assert objects.read("a/none") is None
    assert not objects.replace("a/none", b"new", version='"0"')


def test_an_object_is_replaced_only_by_who_saw_its_newest_version(objects: Objects) -> None:
    objects.create("a/1", b"first")
    seen = objects.read("a/1")
    assert seen is not None
    written = objects.replace("a/1", b"second", version=seen.version)
    assert not objects.replace("a/1", b"late", version=seen.version)
    now = objects.read("a/1")
    assert now is not None
    assert (now.content, now.version) == (b"second", written)


def test_of_many_who_create_at_once_one_wins(objects: Objects) -> None:
    together = threading.Barrier(8)

    def create(who: int) -> bool:
        together.wait()
        return objects.create("a/1", str(who).encode())

    with ThreadPoolExecutor(8) as pool:
        won = [who for who, was_created in enumerate(pool.map(create, range(8))) if was_created]
    stored = objects.read("a/1")
    assert stored is not None
    assert [str(who).encode() for who in won] == [stored.content]


def test_of_many_who_replace_at_once_one_wins(objects: Objects) -> None:
    objects.create("a/1", b"first")
    seen = objects.read("a/1")
    assert seen is not None
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda who: objects.replace("a/1", str(who).encode(), version=seen.version), range(8)))
    assert len([version for version in won if version]) == 1


def test_keys_come_in_order_and_no_more_than_asked_for(objects: Objects) -> None:
    for name in ("2", "1", "3"):
        objects.create(f"journal/{name}", b"")
    objects.create("lease/prod", b"")
    assert objects.keys("journal/") == ("journal/1", "journal/2", "journal/3")
    assert objects.keys("journal/", limit=2) == ("journal/1", "journal/2")
    assert objects.keys("nothing/") == ()


def test_keys_reach_past_the_first_page(s3_backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_objects, "_PAGE", 2)
    objects = objects_beside(s3_backend)
    for number in range(5):
        objects.create(f"journal/{number}", b"")
    assert len(objects.keys("journal/")) == 5
    assert objects.keys("journal/", limit=3) == ("journal/0", "journal/1", "journal/2")


def test_objects_stand_beside_the_state_under_its_prefix(s3_backend: str, s3_endpoint: str) -> None:
    bucket, _, options = s3_backend.removeprefix("s3://").partition("?")
    objects = objects_beside(f"s3://{bucket}/team/a?{options}")
    objects.create("lease/prod", b"")
    listed = boto3.client("s3", region_name="us-east-1", endpoint_url=s3_endpoint).list_objects_v2(Bucket=bucket)
    assert [held["Key"] for held in listed["Contents"]] == ["team/a/hhctl/lease/prod"]
    assert objects.keys("lease/") == ("lease/prod",)
    assert objects.name == f"s3://{bucket}/team/a/hhctl/ at {s3_endpoint}"


def test_a_draft_left_by_a_power_cut_is_no_object(tmp_path: Path) -> None:
    objects = objects_beside(f"file://{tmp_path}")
    objects.create("a/1", b"whole")
    (tmp_path / "hhctl" / "a" / ".2.4711").write_bytes(b"ha")
    assert objects.keys("a/") == ("a/1",)


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    full = objects_beside(f"file://{tmp_path}")
    assert full.create("a/1", b"whole")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4, hard))
    try:
        with pytest.raises(HhctlError, match="File too large"):
            full.create("a/2", b"much more than four bytes")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert full.keys("a/") == ("a/1",)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "hhctl").write_text("in the way")
    with pytest.raises(HhctlError, match=f"{tmp_path}/hhctl cannot be used"):
        objects_beside(f"file://{tmp_path}").create("a/1", b"")


def test_a_bucket_that_does_not_exist_is_named(s3_backend: str) -> None:
    with pytest.raises(HhctlError, match="the state in s3://nowhere: there is no such bucket"):
        objects_beside(s3_backend.replace(s3_backend.partition("?")[0], "s3://nowhere")).create("a/1", b"")


def test_an_endpoint_that_refuses_is_told(s3_backend: str, s3_endpoint: str) -> None:
    with pytest.raises(HhctlError, match=r"s3://state-\w+ cannot be reached at 127\.0\.0\.1:1$"):
        objects_beside(s3_backend.replace(s3_endpoint, "http://127.0.0.1:1")).read("a/1")


def test_an_endpoint_that_hangs_is_given_up(s3_backend: str, s3_endpoint: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent_endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(TimedOut, match=r"does not answer within 1\.3 s"):
            objects_beside(s3_backend.replace(s3_endpoint, silent_endpoint)).read("a/1")


class Busy(BaseHTTPRequestHandler):
    """An S3 that is too busy so many times, and then holds nothing; `asked` names the verbs that it was asked with."""

    asked: ClassVar[list[str]] = []
    times = 0
    silent: ClassVar[range] = range(0)
    """Which of its answers come too late, counted from 0."""
    hurry = threading.Event()
    """Ends what is late."""

    def do_GET(self) -> None:
        self._answer("NoSuchKey", 404)

    def do_PUT(self) -> None:
        self._answer("PreconditionFailed", 412)

    def _answer(self, code: str, status: int) -> None:
        self.asked.append(self.command)
        if len(self.asked) <= self.times:
            code, status = "SlowDown", 503
        body = f"<Error><Code>{code}</Code></Error>".encode()
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if len(self.asked) - 1 in self.silent:
            self.hurry.wait(60)
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


class Opened(Protocol):
    def __call__(self, times: int, *, silent: range = range(0)) -> Objects: ...


@pytest.fixture
def busy(s3_backend: str, s3_endpoint: str) -> Iterator[Opened]:
    """Objects in an S3 that is too busy so many times."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever).start()

        def opened(times: int, *, silent: range = range(0)) -> Objects:
            Busy.asked.clear()
            Busy.hurry.clear()
            Busy.times, Busy.silent = times, silent
            return objects_beside(s3_backend.replace(s3_endpoint, f"http://127.0.0.1:{server.server_port}"))

        yield opened
        Busy.hurry.set()
        server.shutdown()


def test_an_s3_that_is_too_busy_is_asked_again(busy: Opened) -> None:
    assert busy(2).read("a/1") is None
    assert Busy.asked == ["GET"] * 3
    assert busy(1).create("a/1", b"") is None
    assert Busy.asked == ["PUT"] * 2


def test_an_s3_that_stays_too_busy_is_told_after_the_third_time(busy: Opened) -> None:
    objects = busy(9)
    with pytest.raises(HhctlError, match="SlowDown"):
        objects.create("a/1", b"")
    assert Busy.asked == ["PUT"] * 3


def test_an_s3_that_has_answered_and_is_late_is_asked_again_for_what_is_read(busy: Opened) -> None:
    objects = busy(0, silent=range(1, 3))
    assert objects.read("a/1") is None
    assert objects.read("a/1") is None
    assert Busy.asked == ["GET"] * 4


def test_what_an_s3_that_is_late_may_have_written_is_not_written_again(busy: Opened) -> None:
    objects = busy(0, silent=range(1, 9))
    assert objects.read("a/1") is None
    with pytest.raises(TimedOut):
        objects.create("a/1", b"")
    assert Busy.asked == ["GET", "PUT"]


def test_missing_credentials_are_told_as_such(s3_backend: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(CredentialsRefused, match="needs AWS credentials") as denied:
        objects_beside(s3_backend).read("a/1")
    assert denied.value.code is ExitCode.CREDENTIALS


@pytest.mark.parametrize(
    ("options", "says"), [("profile=nobody", "names an AWS profile that is not there"), ("region=us+east+1", "cannot be had: .*us east 1")]
)
def test_a_url_that_makes_no_client_is_told_as_such(options: str, says: str) -> None:
    with pytest.raises(HhctlError, match=f"the state in s3://some-bucket {says}"):
        objects_beside(f"s3://some-bucket?{options}")


def test_a_backend_that_keeps_nothing_beside_its_state_is_refused() -> None:
    with pytest.raises(UsageFault, match=r"cannot be kept beside the state in https://api\.pulumi\.com"):
        objects_beside("https://api.pulumi.com")


@pytest.mark.parametrize("written", ["127.0.0.1:9", "http://127.0.0.1:9"])
def test_an_endpoint_is_understood_with_and_without_its_scheme(written: str) -> None:
    objects = objects_beside(f"s3://b?region=us-east-1&endpoint={written}&disableSSL=true")
    assert objects.name == "s3://b/hhctl/ at http://127.0.0.1:9"


def test_a_home_folder_is_written_with_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    assert objects_beside("file://~").name == "/home/someone/hhctl"
    assert objects_beside("file://~/state").name == "/home/someone/state/hhctl"
