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

PUBLIC_SERVERS = tuple(server for server in POSTGRES_SERVERS if server.stack != "staging")
"""Those of the stacks that the public name of the API may lead to, one a region."""


def postgres_server(stack: str) -> PostgresServer:
    """The server of a stack."""
    return next(server for server in POSTGRES_SERVERS if server.stack == stack)


def stacks_in(region: str) -> tuple[str, ...]:
    """The stacks with a workload in a region; each has a server there."""
    return tuple(server.stack for server in POSTGRES_SERVERS if server.region == region)


def edge_door(stack: str) -> str:
    """The name of the door by which a stack's workload is reached: the region's edge, with the stack's host for one that is not named."""
    return f"edge-{stack}"


def doors_of(region: str) -> tuple[str, ...]:
    """The names of a region's doors: one in front of everything that others reach it by."""
    stacks = stacks_in(region)
    return (
        "kubernetes",
        "aws",
        "redis",
        "prometheus",
        *(postgres_server(stack).door for stack in stacks),
        *map(edge_door, stacks),
    )


def door_port(region: str, door: str) -> str:
    """The name under which the cloud folder remembers a door's port."""
    return f"{region}/door/{door}"
