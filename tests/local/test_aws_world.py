"""Moto's world written down and read back by another process, without the rest of the local cloud."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from moto.backends import get_backend

from localcloud.aws.part import make_state_buckets
from localcloud.aws.server import written_object
from localcloud.aws.world import ACCOUNT, ObjectName, World
from localcloud.folder import CloudFolder

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

PATIENCE = 120.0


class Moto:
    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.log = folder.with_suffix(".log")

    @contextmanager
    def running(self) -> Generator[None]:
        """Moto, killed at the end as a crash would."""
        command = [sys.executable, "-m", "localcloud.aws.server", "--port", str(self.port), "--folder", str(self.folder)]
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + PATIENCE
            while not self._answers():
                assert time.monotonic() < deadline, "moto never answered"
                time.sleep(0.05)
            yield
        finally:
            process.kill()
            process.wait()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/moto-api/lib.js", timeout=1).status_code == 200
        except httpx.TransportError:
            return False

    def client(self, service: str):  # noqa: ANN201 - boto3's clients have no type to name here
        endpoint = f"http://127.0.0.1:{self.port}"
        return boto3.client(service, region_name="us-east-1", endpoint_url=endpoint, aws_access_key_id="a", aws_secret_access_key="b")


@pytest.fixture
def moto(tmp_path: Path) -> Iterator[Moto]:
    folder = CloudFolder(tmp_path / "cloud")
    folder.make()
    yield Moto(tmp_path / "world", folder.port("moto"))
    folder.remove()


def test_every_version_outlives_a_crash_by_log_and_by_snapshot(moto: Moto) -> None:
    with moto.running():
        s3 = moto.client("s3")
        s3.create_bucket(Bucket="versions")
        s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
        first = [s3.put_object(Bucket="versions", Key="100% a/b", Body=body)["VersionId"] for body in (b"1", b"2")]
        modified = s3.head_object(Bucket="versions", Key="100% a/b")["LastModified"]
    with moto.running():
        # A tag is no object: it makes a snapshot, where the writes before stood in the log.
        s3.put_bucket_tagging(Bucket="versions", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
        third = s3.put_object(Bucket="versions", Key="100% a/b", Body=b"3")["VersionId"]
        s3.delete_object(Bucket="versions", Key="100% a/b")
    with moto.running():
        read = [s3.get_object(Bucket="versions", Key="100% a/b", VersionId=version)["Body"].read() for version in (*first, third)]
        assert read == [b"1", b"2", b"3"]
        assert s3.head_object(Bucket="versions", Key="100% a/b", VersionId=first[1])["LastModified"] == modified
        with pytest.raises(s3.exceptions.NoSuchKey):
            s3.get_object(Bucket="versions", Key="100% a/b")


def test_zones_checks_roles_keys_and_alarms_outlive_a_crash(moto: Moto) -> None:
    with moto.running():
        zone = moto.client("route53").create_hosted_zone(Name="x.example", CallerReference="1")["HostedZone"]["Id"]
        config = {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 80}
        check = moto.client("route53").create_health_check(CallerReference="2", HealthCheckConfig=config)["HealthCheck"]["Id"]
        moto.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[]}')
        key = moto.client("kms").create_key()["KeyMetadata"]["KeyId"]
        sealed = moto.client("kms").encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
        topic = moto.client("sns").create_topic(Name="t")["TopicArn"]
    with moto.running():
        assert moto.client("route53").get_hosted_zone(Id=zone)["HostedZone"]["Name"] == "x.example."
        assert moto.client("route53").get_health_check(HealthCheckId=check)["HealthCheck"]["HealthCheckConfig"]["Port"] == 80
        assert moto.client("iam").get_role(RoleName="r")["Role"]["RoleName"] == "r"
        assert moto.client("kms").decrypt(CiphertextBlob=sealed)["Plaintext"] == b"secret"
        assert moto.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["TopicArn"] == topic


def test_services_that_cannot_be_kept_are_left_out_of_what_is_kept_and_said_once(moto: Moto) -> None:
    with moto.running():
        moto.client("ssm").describe_parameters()
        moto.client("lambda").list_functions()
        moto.client("ecr").describe_repositories()
        topics = [moto.client("sns").create_topic(Name=name)["TopicArn"] for name in ("first", "second")]
        said = moto.log.read_text()
    assert [said.count(f"{service} does not outlive this process") for service in ("ssm", "lambda", "ecr")] == [1, 1, 1]
    with moto.running():
        assert [topic["TopicArn"] for topic in moto.client("sns").list_topics()["Topics"]] == topics


class Growing:
    """A backend to which a request that only reads adds something while it is pickled, once."""

    def __init__(self) -> None:
        self.things = {1: "one", 2: "two"}
        self.growths = 1

    def __getstate__(self) -> dict[str, object]:
        if self.growths:
            self.growths -= 1
            raise RuntimeError("dictionary changed size during iteration")
        return dict(self.__dict__)


def test_what_grows_while_it_is_written_down_is_written_down_again(tmp_path: Path) -> None:
    services = get_backend("sqs")
    services[ACCOUNT]["us-east-1"] = Growing()
    try:
        World(tmp_path).save()
        services[ACCOUNT].clear()
        World(tmp_path).load()
        kept: Any = services[ACCOUNT]["us-east-1"]
        assert kept.things == {1: "one", 2: "two"}
    finally:
        services[ACCOUNT].clear()


def test_an_object_of_any_name_outlives_a_crash(moto: Moto) -> None:
    with moto.running():
        s3 = moto.client("s3")
        s3.create_bucket(Bucket="names")
        s3.put_object(Bucket="names", Key="naïve/é.txt", Body=b"kept")
    with moto.running():
        assert s3.get_object(Bucket="names", Key="naïve/é.txt")["Body"].read() == b"kept"


def test_the_buckets_for_state_are_made_past_a_proxy(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    with moto.running():
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        make_state_buckets(moto.port)


def test_a_log_line_that_a_crash_cut_short_is_left_out(moto: Moto) -> None:
    with moto.running():
        s3 = moto.client("s3")
        s3.create_bucket(Bucket="short")
        s3.put_object(Bucket="short", Key="kept", Body=b"kept")
    (log,) = moto.folder.glob("objects-*.log")
    log.write_bytes(log.read_bytes() + b"gASVsomething")
    with moto.running():
        assert s3.get_object(Bucket="short", Key="kept")["Body"].read() == b"kept"


S3 = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


@pytest.mark.parametrize(
    ("method", "path", "query", "authorization", "written"),
    [
        ("PUT", "/bucket/a/key", "", S3, ObjectName("bucket", "a/key")),
        ("DELETE", "/bucket/key", "versionId=1", S3, ObjectName("bucket", "key")),
        ("PUT", "/bucket/100% key", "x-id=PutObject", S3, ObjectName("bucket", "100% key")),
        ("PUT", "/bucket/\u00c3\u00a9", "", S3, ObjectName("bucket", "é")),
        ("PUT", "/bucket", "", S3, None),
        ("PUT", "/bucket/key", "tagging", S3, None),
        ("PUT", "/bucket/key", "partNumber=1&uploadId=2", S3, None),
        ("POST", "/bucket", "delete", S3, None),
        ("PUT", "/2013-04-01/hostedzone/Z1", "", S3.replace("/s3/", "/route53/"), None),
    ],
)
def test_only_a_plain_write_of_an_object_is_a_line_of_the_log(
    *, method: str, path: str, query: str, authorization: str, written: ObjectName | None
) -> None:
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_AUTHORIZATION": authorization,
        "HTTP_HOST": "127.0.0.1:5000",
    }
    assert written_object(environ) == written
