"""What a value in a spec may look like; each quantity says what it allows, so that an error can."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Generic, TypeVar
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Quantity(Generic[T_co]):
    """Reads a TOML value; `parse` raises ValueError for what is not `allowed`, a noun phrase with an article."""

    allowed: str
    parse: Callable[[object], T_co]


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value


def _matching(pattern: str) -> Callable[[object], str]:
    compiled = re.compile(pattern)

    def parse(value: object) -> str:
        if not compiled.fullmatch(text := _text(value)):
            raise ValueError
        return text

    return parse


_WORD = _matching(r"\S+")


def _among(*choices: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if value not in choices:
            raise ValueError
        return _text(value)

    return parse


def _url(*schemes: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        parts = urlsplit(text := _WORD(value))
        if parts.scheme not in schemes or not (parts.netloc or parts.path):
            raise ValueError
        return text

    return parse


def _web_url(value: object) -> str:
    parts = urlsplit(text := _url("http", "https")(value))
    if not parts.hostname or parts.port == 0:
        raise ValueError
    return text


def _address(value: object) -> str:
    host, _, port = _WORD(value).rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError
    return _WORD(value)


_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _duration(value: object) -> timedelta:
    found = re.fullmatch(r"(\d+)(ms|s|m|h|d)", _text(value))
    if not found or int(found[1]) == 0:
        raise ValueError
    try:
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError as endless:
        raise ValueError from endless


def _percentage(value: object) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)%", _text(value))
    if not found or float(found[1]) > 100:
        raise ValueError
    return float(found[1]) / 100


def _instant(value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError
    return value


def _http_status(value: object) -> int:
    if not isinstance(value, int) or not 100 <= value <= 599:
        raise ValueError
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 100:
        raise ValueError
    return value


def _either(schemes: tuple[str, ...]) -> str:
    *others, last = (f"{scheme}://" for scheme in schemes)
    return f"{', '.join(others)} or {last}"


# What Pulumi keeps state in and encrypts secrets with: https://www.pulumi.com/docs/iac/concepts/state-and-backends.
_STATE_SCHEMES = ("s3", "azblob", "gs", "file", "https")
_KEY_SCHEMES = ("awskms", "azurekeyvault", "gcpkms", "hashivault")

STACKS = ("staging", "dr", "prod", "global")
"""Every stack, in the order in which they first come up."""

Text = Annotated[str, Quantity("a non-empty text", _text)]
Address = Annotated[str, Quantity("an address, such as 10.0.0.2:53", _address)]
RegionName = Annotated[str, Quantity("a region, such as us-east-1", _matching(r"[a-z]{2}(-[a-z]+)+-\d"))]
StackName = Annotated[str, Quantity(f"a stack: {', '.join(STACKS)}", _among(*STACKS))]
Namespace = Annotated[
    str, Quantity("a Kubernetes namespace: at most 63 of a-z, 0-9 and '-'", _matching(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"))
]
Uid = Annotated[
    str,
    Quantity("the UID of a cluster's namespace kube-system, in small letters", _matching(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")),
]
UrlPath = Annotated[str, Quantity("a path that starts with '/', of printable ASCII", _matching(r"/[!-~]*"))]
WebUrl = Annotated[str, Quantity("a URL with http:// or https://", _web_url)]
Destination = Annotated[
    str, Quantity("console, or a URL with http:// or https://", lambda value: value if value == "console" else _web_url(value))
]
Backend = Annotated[str, Quantity(f"a URL with {_either(_STATE_SCHEMES)}", _url(*_STATE_SCHEMES))]
SecretsProvider = Annotated[
    str,
    Quantity(
        f"passphrase, or a URL with {_either(_KEY_SCHEMES)}",
        lambda value: value if value == "passphrase" else _url(*_KEY_SCHEMES)(value),
    ),
]
Duration = Annotated[timedelta, Quantity("a duration in ms, s, m, h or d, such as 30m", _duration)]
Fraction = Annotated[float, Quantity("a percentage from 0% to 100%, such as 1%", _percentage)]
Instant = Annotated[datetime, Quantity("a date and time with an offset, such as 2030-12-20T18:00:00Z", _instant)]
HttpStatus = Annotated[int, Quantity("an HTTP status from 100 to 599", _http_status)]
Count = Annotated[int, Quantity("a whole number from 0 to 100", _count)]
