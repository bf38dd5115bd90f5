"""Reads the hosted zones from the AWS API again and again, and keeps the last reading for when that API is gone."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from localcloud.dns.listing import ListedZone, Listing, zones_of
from localcloud.dns.names import text_of
from localcloud.dns.zones import Zones
from localcloud.folder import CloudFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_route53.type_defs import HealthCheckTypeDef

_LOG = logging.getLogger(__name__)

_CONNECT_LIMIT = 1.0  # seconds, of each call
_READ_LIMIT = 2.0


class ZoneSource(Protocol):
    """Where hosted zones are read from."""

    def read(self) -> Listing:
        """Read all of them. Raises `ReadError` within seconds when the source does not answer."""
        ...


class ReadError(Exception):
    """The zones could not be read; the message says why in one line."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Keys of the AWS API."""

    access_key_id: str
    secret_access_key: str


class Route53:
    """The AWS API at one endpoint. Each call has a time limit of its own and is made once: the next reading is the retry."""

    def __init__(self, endpoint: str, credentials: Credentials) -> None:
        self._client: Route53Client = boto3.client(  # pyright: ignore[reportUnknownMemberType] - overloads of services without stubs
            "route53",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            config=Config(connect_timeout=_CONNECT_LIMIT, read_timeout=_READ_LIMIT, retries={"total_max_attempts": 1}, proxies={}),
        )

    def read(self) -> Listing:
        """Read every hosted zone with its record sets, and every health check; raise `ReadError` when one call fails."""
        try:
            return Listing(tuple(self._zones()), tuple(self._health_checks()))
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            raise ReadError(" ".join(str(error).split())) from error

    def _zones(self) -> Iterator[ListedZone]:
        for page in self._client.get_paginator("list_hosted_zones").paginate():
            for zone in page["HostedZones"]:
                pages = self._client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone["Id"])
                yield ListedZone(zone=zone, record_sets=tuple(each for record_page in pages for each in record_page["ResourceRecordSets"]))

    def _health_checks(self) -> Iterator[HealthCheckTypeDef]:
        for page in self._client.get_paginator("list_health_checks").paginate():
            yield from page["HealthChecks"]


class Reader:
    """Follows a source: each changed reading is kept in the `cache` file, published as zones, and told to the log in a line a zone."""

    def __init__(self, source: ZoneSource, *, cache: Path | None, publish: Callable[[Zones], None]) -> None:
        self._source = source
        self._cache = cache
        self._publish = publish
        self._listing: Listing | None = None
        self._zones = Zones.of([])
        self._failing = False

    def recall(self) -> None:
        """Publish the reading that the cache file holds, if it holds one."""
        if self._cache is None or not self._cache.exists():
            return
        try:
            listing = Listing.from_json(self._cache.read_text())
        except (OSError, ValueError) as error:
            _LOG.warning("cache %s is left aside: %s", self._cache, error)
            return
        self._take(listing)

    def read(self) -> None:
        """Read the source once. A source that fails changes nothing; its failing, and its return, are told once each."""
        try:
            listing = self._source.read()
        except ReadError as error:
            if not self._failing:
                _LOG.warning("zones cannot be read, the last ones stay: %s", error)
            self._failing = True
            return
        if self._failing:
            _LOG.info("zones can be read again")
        self._failing = False
        if listing != self._listing:
            self._take(listing)
            self._keep(listing)

    def _keep(self, listing: Listing) -> None:
        if self._cache is None:
            return
        try:
            CloudFolder.write_private(self._cache, listing.as_json())
        except OSError as error:
            _LOG.warning("zones cannot be kept for a restart: %s", error)

    def _take(self, listing: Listing) -> None:
        zones = zones_of(listing)
        self._publish(zones)
        for line in changes(self._zones, zones):
            _LOG.info("%s", line)
        self._listing, self._zones = listing, zones


def changes(before: Zones, after: Zones) -> Iterator[str]:
    """Say in a line each which zones came, went and changed, and which faults are new."""
    for name in sorted({*before.by_name, *after.by_name}):
        old, new = before.by_name.get(name), after.by_name.get(name)
        old_sets = set(old.record_sets if old else ())
        new_sets = set(new.record_sets if new else ())
        if new is None:
            yield f"zone {text_of(name)} is gone"
        elif old is None:
            yield f"zone {text_of(name)} is new: {len(new_sets)} record sets"
        elif old_sets != new_sets:
            yield f"zone {text_of(name)} changed: +{len(new_sets - old_sets)} -{len(old_sets - new_sets)} record sets"
    yield from (f"cannot be answered: {fault}" for fault in after.faults if fault not in before.faults)
