"""The DNS part as a process against a real moto server, asked over real sockets, also while moto is dead or hangs."""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (dnslib ships no types)

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import dnslib
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from free_ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_route53.type_defs import ResourceRecordSetTypeDef

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
PATIENCE = 120.0  # seconds until a condition that should come true counts as never
ANSWER_LIMIT = 1.5  # seconds; less than one reading that hangs takes, so an answer that waits for one is late


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "never came true"
        time.sleep(0.02)


@dataclass(frozen=True)
class Moto:
    process: subprocess.Popen[bytes]
    endpoint: str
    route53: Route53Client

    def zone(self, name: str) -> str:
        return self.route53.create_hosted_zone(Name=name, CallerReference=name)["HostedZone"]["Id"]

    def put(self, zone: str, *record_sets: ResourceRecordSetTypeDef) -> None:
        changes = [{"Action": "UPSERT", "ResourceRecordSet": each} for each in record_sets]
        self.route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})  # pyright: ignore[reportArgumentType] - literals


@contextmanager
def running_moto(log: Path) -> Generator[Moto]:
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=output, stderr=output)
    client: Route53Client = boto3.client(
        "route53",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(proxies={}, retries={"total_max_attempts": 1}),
    )

    def answers() -> bool:
        try:
            client.list_hosted_zones()
        except BotoCoreError:
            return False
        return True

    try:
        wait_for(answers)
        yield Moto(process, endpoint, client)
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


@dataclass(frozen=True)
class Dns:
    process: subprocess.Popen[str]
    port: int
    log: Path

    def ask(self, name: str, type_: str = "A", *, tcp: bool = False, limit: float = PATIENCE) -> dnslib.DNSRecord:
        query = dnslib.DNSRecord.question(name, type_)
        return dnslib.DNSRecord.parse(query.send("127.0.0.1", self.port, tcp=tcp, timeout=limit))

    def values(self, name: str, type_: str = "A", *, limit: float = PATIENCE) -> list[str]:
        return sorted(each.rdata.toZone() for each in self.ask(name, type_, limit=limit).rr)

    def code(self, name: str) -> str:
        return dnslib.RCODE[self.ask(name).header.rcode]

    def has_said(self, words: str) -> bool:
        return words in self.log.read_text()


def command(*, endpoint: str, port: int, cache: Path | None = None) -> list[str]:
    options = ["--port", str(port), "--endpoint", endpoint, "--poll", "0.1"]
    return [sys.executable, "-m", "localcloud.dns", *options, *(["--cache", str(cache)] if cache else [])]


@contextmanager
def running_dns(*, endpoint: str, log: Path, cache: Path | None = None) -> Generator[Dns]:
    port = free_port()
    with log.open("w") as errors:
        process = subprocess.Popen(
            command(endpoint=endpoint, port=port, cache=cache), stdout=subprocess.PIPE, stderr=errors, text=True, env={**os.environ, **KEYS}
        )
    try:
        assert process.stdout is not None
        assert f"127.0.0.1:{port}" in process.stdout.readline(), log.read_text()
        yield Dns(process, port, log)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Generator[Moto]:
    with running_moto(tmp_path_factory.mktemp("moto") / "log") as moto:
        yield moto


@pytest.fixture(scope="module")
def dns(moto: Moto, tmp_path_factory: pytest.TempPathFactory) -> Generator[Dns]:
    with running_dns(endpoint=moto.endpoint, log=tmp_path_factory.mktemp("dns") / "log") as dns:
        wait_for(lambda: dns.code("before.any.test") == "REFUSED")
        yield dns


def address(name: str, value: str) -> ResourceRecordSetTypeDef:
    return {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": value}]}


def test_a_zone_appears_changes_and_goes(moto: Moto, dns: Dns) -> None:
    assert dns.code("www.life.test") == "REFUSED"
    zone = moto.zone("life.test")
    moto.put(zone, address("www.life.test", "192.0.2.1"))
    wait_for(lambda: dns.code("www.life.test") == "NOERROR")
    assert dns.values("www.life.test") == ["192.0.2.1"]
    assert dns.code("nothing.life.test") == "NXDOMAIN"
    moto.put(zone, address("www.life.test", "192.0.2.2"))
    wait_for(lambda: dns.values("www.life.test") == ["192.0.2.2"])
    moto.route53.change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={"Changes": [{"Action": "DELETE", "ResourceRecordSet": address("www.life.test", "192.0.2.2")}]},
    )
    wait_for(lambda: dns.code("www.life.test") == "NXDOMAIN")
    moto.route53.delete_hosted_zone(Id=zone)
    wait_for(lambda: dns.code("www.life.test") == "REFUSED")
    assert dns.has_said("zone life.test. is new")
    assert dns.has_said("zone life.test. is gone")


def test_a_failover_pair_and_its_alias_answer_with_the_primary(moto: Moto, dns: Dns) -> None:
    zone = moto.zone("pair.test")
    moto.put(
        zone,
        {**address("api.pair.test", "192.0.2.10"), "SetIdentifier": "east", "Failover": "PRIMARY", "HealthCheckId": "east"},
        {**address("api.pair.test", "192.0.2.20"), "SetIdentifier": "west", "Failover": "SECONDARY"},
        {
            "Name": "www.pair.test",
            "Type": "A",
            "AliasTarget": {"HostedZoneId": zone, "DNSName": "api.pair.test", "EvaluateTargetHealth": True},
        },
    )
    wait_for(lambda: dns.values("www.pair.test"))
    assert dns.values("api.pair.test") == dns.values("www.pair.test") == ["192.0.2.10"]


def test_a_new_zone_has_sound_authority_records(moto: Moto, dns: Dns) -> None:
    moto.zone("authority.test")
    wait_for(lambda: dns.values("authority.test", "NS"))
    assert len(dns.values("authority.test", "NS")) == 4
    (authority,) = dns.ask("nothing.authority.test").auth
    assert dnslib.QTYPE[authority.rtype] == "SOA"


def test_a_zone_of_many_pages_is_read_whole(moto: Moto, dns: Dns) -> None:
    zone = moto.zone("pages.test")
    names = [f"host{index:03}.pages.test" for index in range(310)]
    moto.put(zone, *(address(name, "192.0.2.1") for name in names))
    wait_for(lambda: dns.values(names[-1]))
    assert {name for name in names if not dns.values(name)} == set()


def test_what_is_too_long_for_udp_comes_by_tcp(moto: Moto, dns: Dns) -> None:
    zone = moto.zone("long.test")
    values = [f'"{letter * 200}"' for letter in "abcdef"]
    moto.put(zone, {"Name": "long.test", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": value} for value in values]})
    wait_for(lambda: bool(dns.ask("long.test", "TXT").header.tc))
    assert dns.ask("long.test", "TXT").rr == []
    answer = dns.ask("long.test", "TXT", tcp=True)
    assert (answer.header.tc, sorted(each.rdata.toZone() for each in answer.rr)) == (0, values)


def test_one_tcp_connection_carries_several_queries(dns: Dns) -> None:
    queries = [dnslib.DNSRecord.question("several.test") for _ in range(3)]
    with socket.create_connection(("127.0.0.1", dns.port), timeout=PATIENCE) as connection, connection.makefile("rb") as stream:
        connection.sendall(b"".join(struct.pack("!H", len(query.pack())) + bytes(query.pack()) for query in queries))
        answers = [dnslib.DNSRecord.parse(stream.read(struct.unpack("!H", stream.read(2))[0])) for _ in queries]
    assert [answer.header.id for answer in answers] == [query.header.id for query in queries]


def test_broken_packets_and_connections_do_not_end_it(dns: Dns) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        for packet in (b"", b"\x00", b"\xff" * 40, struct.pack("!HHHHHH", 1, 0, 1, 0, 0, 9) + b"\xc0\x0c", b"\x00" * 65000):
            datagrams.sendto(packet, ("127.0.0.1", dns.port))
    for stream in (b"", b"\x00", b"\xff\xffabc", b"\x00\x00", b"\x00\x04abcd"):
        with socket.create_connection(("127.0.0.1", dns.port)) as connection:
            connection.sendall(stream)
    assert dns.code("still.there.test") == "REFUSED"
    assert dns.process.poll() is None
    assert not dns.has_said("Traceback")


def test_sigterm_ends_it_with_success(moto: Moto, tmp_path: Path) -> None:
    with running_dns(endpoint=moto.endpoint, log=tmp_path / "log") as dns:
        dns.process.terminate()
        assert dns.process.wait(PATIENCE) == 0


def test_a_taken_port_is_one_line(dns: Dns, moto: Moto) -> None:
    second = subprocess.run(
        command(endpoint=moto.endpoint, port=dns.port),
        env={**os.environ, **KEYS},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr == f"127.0.0.1:{dns.port} is taken: end what listens there, or give another --port\n"


def test_missing_credentials_are_one_line(moto: Moto) -> None:
    bare = {name: value for name, value in os.environ.items() if name not in KEYS}
    refused = subprocess.run(
        command(endpoint=moto.endpoint, port=free_port()), env=bare, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
    assert "AWS_ACCESS_KEY_ID is not set" in refused.stderr


def test_it_answers_at_once_while_the_api_hangs_and_reads_again_after(moto: Moto, tmp_path: Path) -> None:
    zone = moto.zone("hang.test")
    moto.put(zone, address("www.hang.test", "192.0.2.1"))
    with running_dns(endpoint=moto.endpoint, log=tmp_path / "log") as dns:
        wait_for(lambda: dns.values("www.hang.test"))
        moto.process.send_signal(signal.SIGSTOP)
        wait_for(lambda: dns.has_said("zones cannot be read"))
        assert [dns.values("www.hang.test", limit=ANSWER_LIMIT) for _ in range(20)] == [["192.0.2.1"]] * 20
        moto.process.send_signal(signal.SIGCONT)
        moto.put(zone, address("www.hang.test", "192.0.2.2"))
        wait_for(lambda: dns.values("www.hang.test") == ["192.0.2.2"])
        assert dns.has_said("zones can be read again")


def test_it_answers_after_the_api_died_and_after_its_own_restart(tmp_path: Path) -> None:
    cache = tmp_path / "zones.json"
    with running_moto(tmp_path / "moto") as moto:
        moto.put(moto.zone("kept.test"), address("www.kept.test", "192.0.2.1"))
        with running_dns(endpoint=moto.endpoint, log=tmp_path / "first", cache=cache) as dns:
            wait_for(lambda: dns.values("www.kept.test"))
            wait_for(cache.exists)
            moto.process.kill()
            wait_for(lambda: dns.has_said("zones cannot be read"))
            assert dns.values("www.kept.test") == ["192.0.2.1"]
        with running_dns(endpoint=moto.endpoint, log=tmp_path / "second", cache=cache) as dns:
            assert dns.values("www.kept.test") == ["192.0.2.1"]
            assert dns.code("elsewhere.test") == "REFUSED"


def test_without_a_cache_and_without_the_api_it_says_servfail(tmp_path: Path) -> None:
    with running_dns(endpoint="http://127.0.0.1:9", log=tmp_path / "log") as dns:
        assert dns.code("www.kept.test") == "SERVFAIL"
