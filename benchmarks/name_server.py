"""Measure the DNS part: queries a second by UDP and TCP, its memory, and what a poll costs.

`python benchmarks/name_server.py`; under a minute.

A moto server and a DNS process of their own are started on free ports and ended. At most 5,000 queries are sent.
"""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (dnslib ships no types)

from __future__ import annotations

import os
import random
import socket
import statistics
import struct
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
import dnslib
import psutil
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from localcloud.ports import port_is_free

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from mypy_boto3_route53 import Route53Client

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
UDP_QUERIES, TCP_QUERIES = 3000, 1000
IDLE_SECONDS = 10


def main() -> None:
    moto_port, dns_port = free_port(), free_port()
    with running(["moto.server", "-H", "127.0.0.1", "-p", str(moto_port)]):
        fill(moto_port)
        with running(["localcloud.dns", "--port", str(dns_port), "--endpoint", f"http://127.0.0.1:{moto_port}"]) as dns:
            wait_for(lambda: answered(dns_port))
            idle = cpu_share(dns)
            udp = [udp_round_trip(dns_port) for _ in range(UDP_QUERIES)]
            tcp_rate = tcp_queries_a_second(dns_port)
            memory = dns.memory_info().rss
    print(f"| UDP, one query at a time | {1 / statistics.mean(udp):,.0f} queries/s |")
    print(f"| UDP round trip, median | {statistics.median(udp) * 1000:.2f} ms |")
    print(f"| UDP round trip, 99th percentile | {statistics.quantiles(udp, n=100)[98] * 1000:.2f} ms |")
    print(f"| TCP, one connection | {tcp_rate:,.0f} queries/s |")
    print(f"| resident memory | {memory / 2**20:.0f} MiB |")
    print(f"| processor time while only polling each second | {idle:.1%} of one core |")


def free_port() -> int:
    return next(port for port in iter(lambda: random.randrange(20000, 32000), None) if port_is_free(port))  # noqa: S311 - no secret


@contextmanager
def running(module: list[str]) -> Generator[psutil.Process]:
    process = subprocess.Popen(
        [sys.executable, "-m", *module], env={**os.environ, **KEYS}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def wait_for(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.05)


def fill(moto_port: int) -> None:
    """Make one zone with a failover pair, a weighted pair and twenty simple names: about what `global` and `staging` hold, doubled."""
    client: Route53Client = boto3.client(
        "route53",
        endpoint_url=f"http://127.0.0.1:{moto_port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - moto asks for none
        config=Config(proxies={}, retries={"total_max_attempts": 1}),
    )

    def answers() -> bool:
        try:
            client.list_hosted_zones()
        except BotoCoreError:
            return False
        return True

    wait_for(answers)
    zone = client.create_hosted_zone(Name="bench.test", CallerReference="bench")["HostedZone"]["Id"]
    policies = [{"Failover": "PRIMARY"}, {"Failover": "SECONDARY"}, {"Weight": 90}, {"Weight": 10}]
    owners = ["api", "api", "web", "web"]
    record_sets = [
        record_set(owner) | policy | {"SetIdentifier": str(index)}
        for index, (owner, policy) in enumerate(zip(owners, policies, strict=True))
    ]
    record_sets += [record_set(f"host{index}") for index in range(20)]
    changes = [{"Action": "CREATE", "ResourceRecordSet": each} for each in record_sets]
    client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})  # pyright: ignore[reportArgumentType] - literals


def record_set(owner: str) -> dict[str, object]:
    return {"Name": f"{owner}.bench.test", "Type": "A", "TTL": 5, "ResourceRecords": [{"Value": "127.0.0.1"}]}


def answered(port: int) -> bool:
    try:
        return bool(dnslib.DNSRecord.parse(dnslib.DNSRecord.question("api.bench.test").send("127.0.0.1", port, timeout=1)).rr)
    except OSError:
        return False


def cpu_share(process: psutil.Process) -> float:
    before = process.cpu_times()
    time.sleep(IDLE_SECONDS)
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / IDLE_SECONDS


def udp_round_trip(port: int) -> float:
    query = bytes(dnslib.DNSRecord.question(random.choice(["api", "web", "host7"]) + ".bench.test").pack())  # noqa: S311 - no secret
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect(("127.0.0.1", port))
        start = time.perf_counter()
        client.send(query)
        client.recv(4096)
        return time.perf_counter() - start


def tcp_queries_a_second(port: int) -> float:
    query = bytes(dnslib.DNSRecord.question("api.bench.test").pack())
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client, client.makefile("rb") as stream:
        start = time.perf_counter()
        for _ in range(TCP_QUERIES):
            client.sendall(struct.pack("!H", len(query)) + query)
            stream.read(*struct.unpack("!H", stream.read(2)))
        return TCP_QUERIES / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
