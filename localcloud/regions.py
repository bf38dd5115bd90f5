"""The two regions and what stands in each; the names bear more, but nothing is reserved for them."""

from __future__ import annotations

from dataclasses import dataclass

HOME_REGION = "us-east-1"
STANDBY_REGION = "us-west-2"
REGIONS = (HOME_REGION, STANDBY_REGION)


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A Postgres server of one stack; `follows` names the stack whose server it is a streaming standby of."""

    stack: str
    region: str
    follows: str = ""

    @property
    def part(self) -> str:
        """The name of its part."""
        return f"{self.region}/postgres-{self.stack}"

    @property
    def door(self) -> str:
        """The name of its door within the region."""
        return f"postgres-{self.stack}"


POSTGRES_SERVERS = (
    PostgresServer(stack="staging", region=HOME_REGION),
    PostgresServer(stack="prod", region=HOME_REGION),
    PostgresServer(stack="dr", region=STANDBY_REGION, follows="prod"),
)


def postgres_server(stack: str) -> PostgresServer:
    """The server of a stack."""
    return next(server for server in POSTGRES_SERVERS if server.stack == stack)


def doors_of(region: str) -> tuple[str, ...]:
    """The names of a region's doors: one in front of everything that others reach it by."""
    postgres = tuple(server.door for server in POSTGRES_SERVERS if server.region == region)
    return ("kubernetes", "aws", "redis", "prometheus", *postgres)


def door_port(region: str, door: str) -> str:
    """The name under which the cloud folder remembers a door's port."""
    return f"{region}/door/{door}"
