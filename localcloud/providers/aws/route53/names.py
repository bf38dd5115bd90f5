"""DNS names as Route 53 writes them and as programs do."""

from __future__ import annotations

from typing import Any


def plain_name(name: str) -> str:
    """A name in lower case, without the last dot, with its asterisk."""
    return name.lower().removesuffix(".").replace("\\052", "*", 1)


def same_name(one: Any, other: Any) -> bool:
    """Whether two names are the same to DNS."""
    return plain_name(one) == plain_name(other)


def full_name(name: str, zone: str) -> str:
    """A record's name within a zone, which a program may leave out or give alone."""
    plain, inside = plain_name(name), plain_name(zone)
    if plain == inside or plain.endswith(f".{inside}"):
        return plain
    return f"{plain}.{inside}" if plain else inside


def plain_id(id: str) -> str:
    """`Z1234` of `/hostedzone/Z1234`."""
    return id.rpartition("/")[2]
