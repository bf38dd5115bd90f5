"""From what the AWS API lists to zones: what is served, what is refused, what is kept and what is told."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from localcloud.dns.listing import ListedZone, Listing, zones_of
from localcloud.dns.names import name_of
from localcloud.dns.reader import Reader, ReadError
from localcloud.dns.zones import Failover, Latency, MultivalueAnswer, Routing, Simple, Weighted, Zones

if TYPE_CHECKING:
    from pathlib import Path

MOTO_SOA = "{'Value': 'ns-2048.awsdns-64.com. hostmaster.example.com. 1 7200 900 1209600 86400'}"


def listed(name: str, type_: str = "A", *values: str, **rest: Any) -> dict[str, Any]:
    return {"Name": name, "Type": type_, "TTL": 60, "ResourceRecords": [{"Value": value} for value in values or ["192.0.2.1"]], **rest}


def listing(*record_sets: Any, name: str = "example.com.", private: bool = False) -> Listing:
    return Listing(
        (ListedZone({"Id": f"/hostedzone/{name}", "Name": name, "CallerReference": "1", "Config": {"PrivateZone": private}}, record_sets),)
    )


@pytest.mark.parametrize(
    ("policy", "routing"),
    [
        ({}, Simple()),
        ({"Weight": 0, "SetIdentifier": "a"}, Weighted(0)),
        ({"Failover": "SECONDARY", "SetIdentifier": "a"}, Failover("SECONDARY")),
        ({"Region": "us-west-2", "SetIdentifier": "a"}, Latency("us-west-2")),
        ({"MultiValueAnswer": True, "SetIdentifier": "a"}, MultivalueAnswer()),
    ],
)
def test_each_routing_policy_is_read(policy: dict[str, Any], routing: Routing) -> None:
    zones = zones_of(listing(listed("www.example.com.", **policy)))
    (record_set,) = zones.by_name[name_of("example.com")].group(name_of("www.example.com"), "A")
    assert (record_set.routing, record_set.ttl, record_set.values, zones.faults) == (routing, 60, ("192.0.2.1",), ())


@pytest.mark.parametrize(
    ("record_sets", "fault"),
    [
        ([listed("www.example.com.", GeoLocation={"CountryCode": "*"})], "geolocation routing is not served here"),
        ([listed("www.example.com.", "A", "192.0.2.300")], "'192.0.2.300' is no value"),
        ([listed("www.example.com.", "NAPTR", "1")], "type NAPTR are not served"),
        ([{"Name": "www.example.com.", "Type": "A"}], "neither records nor an alias target"),
        (
            [listed("www.example.com.", SetIdentifier="a", Weight=1), listed("www.example.com.", SetIdentifier="b", Failover="PRIMARY")],
            "different routing policies",
        ),
        (
            [listed("www.example.com.", SetIdentifier=each, Failover="PRIMARY") for each in "ab"],
            "two record sets for one failover role",
        ),
        ([listed("www.example.com.", "A", value) for value in ("192.0.2.1", "192.0.2.2")], "the same set identifier"),
        ([listed("www.example.org.")], "not within example.com."),
        ([listed("wwwexample.com.")], "not within example.com."),
        ([listed("www..example.com.")], "is no domain name"),
    ],
)
def test_what_aws_would_have_refused_is_a_fault(record_sets: list[dict[str, Any]], fault: str) -> None:
    zones = zones_of(listing(*record_sets))
    assert zones.faults
    assert all(fault in each for each in zones.faults)


def test_private_zones_are_not_served() -> None:
    assert zones_of(listing(name="private.example.", private=True)).by_name == {}


def test_a_zone_of_an_impossible_name_is_left_out() -> None:
    zones = zones_of(Listing((*listing(name="a..b.").zones, *listing().zones)))
    assert list(zones.by_name) == [name_of("example.com")]
    assert len(zones.faults) == 1


@pytest.mark.parametrize(
    ("value", "server"), [(MOTO_SOA, "ns-2048.awsdns-64.com."), ("ns1.own.example. root.example.com. 1 2 3 4 5", "ns1.own.example.")]
)
def test_a_zone_has_a_sound_start_of_authority(value: str, server: str) -> None:
    zones = zones_of(listing(listed("example.com.", "SOA", value)))
    (authority,) = zones.by_name[name_of("example.com")].group(name_of("example.com"), "SOA")
    assert (authority.values[0].split()[0], zones.faults) == (server, ())


def test_a_record_set_that_two_pages_list_is_one() -> None:
    assert zones_of(listing(listed("www.example.com."), listed("www.example.com."))).faults == ()


@dataclass
class Source:
    """A source that gives what it is set to, or fails."""

    now: Listing | None = None

    def read(self) -> Listing:
        if self.now is None:
            raise ReadError("the endpoint is gone")
        return self.now


ONE = listing(listed("www.example.com."))
CHANGED = listing(listed("www.example.com.", "A", "192.0.2.2"), listed("api.example.com."))


def test_a_failing_source_leaves_the_last_zones_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    source, published = Source(ONE), list[Zones]()
    reader = Reader(source, cache=None, publish=published.append)
    for now in (ONE, ONE, None, None, ONE):
        source.now = now
        reader.read()
    assert len(published) == 1
    assert caplog.messages == [
        "zone example.com. is new: 2 record sets",
        "zones cannot be read, the last ones stay: the endpoint is gone",
        "zones can be read again",
    ]


def test_each_change_of_a_zone_is_told_in_a_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    source, published = Source(), list[Zones]()
    reader = Reader(source, cache=None, publish=published.append)
    for now in (ONE, CHANGED, listing(listed("www.example.com.", GeoLocation={})), Listing()):
        source.now = now
        reader.read()
    assert caplog.messages == [
        "zone example.com. is new: 2 record sets",
        "zone example.com. changed: +2 -1 record sets",
        "zone example.com. changed: +1 -2 record sets",
        "cannot be answered: www.example.com. A: geolocation routing is not served here",
        "zone example.com. is gone",
    ]


def test_a_restarted_reader_recalls_the_last_reading(tmp_path: Path) -> None:
    cache, published = tmp_path / "zones.json", list[Zones]()
    Reader(Source(ONE), cache=cache, publish=published.append).read()
    restarted = Reader(Source(), cache=cache, publish=published.append)
    restarted.recall()
    restarted.read()
    assert list(published[-1].by_name) == [name_of("example.com")]
    assert published[0].by_name == published[1].by_name


@pytest.mark.parametrize("content", ["", '{"zones": [', "[]", '{"zones": [{}]}', "\x00\x00"])
def test_a_damaged_cache_is_left_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str) -> None:
    cache, published = tmp_path / "zones.json", list[Zones]()
    cache.write_text(content)
    reader = Reader(Source(ONE), cache=cache, publish=published.append)
    reader.recall()
    assert published == []
    assert "is left aside" in caplog.text
    reader.read()
    assert Listing.from_json(cache.read_text()) == ONE


def test_a_cache_that_cannot_be_written_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    published: list[Zones] = []
    Reader(Source(ONE), cache=tmp_path / "missing" / "zones.json", publish=published.append).read()
    assert list(published[-1].by_name) == [name_of("example.com")]
    assert "cannot be kept" in caplog.text
