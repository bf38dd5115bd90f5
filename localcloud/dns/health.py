"""Route 53's health checks: what each looks at, and when what its checkers saw makes it healthy. Nothing here looks or waits.

Source of the rules: Route 53 developer guide, "How Amazon Route 53 determines whether a health check is healthy".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_route53.type_defs import HealthCheckTypeDef

CHECKERS = 6
"""How many look at an endpoint, spread over its interval; AWS has at least three regions look, with several checkers each."""
_SHARE_HEALTHY = 0.18
_DEFAULT_INTERVAL, _DEFAULT_THRESHOLD = 30, 3


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What is asked every `interval` seconds: `host` at `port`, by TCP alone, or for `path` by HTTP, in whose body `search` must stand.

    `threshold` answers in a row that agree change a checker's mind.
    """

    host: str
    port: int
    path: str | None
    search: str
    interval: float
    threshold: int


@dataclass(frozen=True, slots=True)
class Calculated:
    """Healthy while at least `least` of `children` are; those are health checks by their ids."""

    children: tuple[str, ...]
    least: int


@dataclass(frozen=True, slots=True)
class Unwatched:
    """Of a type that nobody looks at here, such as an alarm of CloudWatch's: healthy."""


Watched: TypeAlias = Endpoint | Calculated | Unwatched


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One health check. Where it is `inverted` the opposite is told; one that is `disabled` counts as healthy before that."""

    id: str
    watched: Watched
    inverted: bool = False
    disabled: bool = False


def health_check_of(listed: HealthCheckTypeDef) -> HealthCheck:
    """Read a health check as the AWS API lists it."""
    config = listed["HealthCheckConfig"]
    kind = config["Type"]
    watched: Watched = Unwatched()
    if kind == "CALCULATED":
        watched = Calculated(tuple(config.get("ChildHealthChecks", ())), config.get("HealthThreshold", 0))
    elif kind.startswith("HTTP") or kind == "TCP":
        default_port = 443 if kind.startswith("HTTPS") else 80
        watched = Endpoint(
            host=config.get("FullyQualifiedDomainName") or config.get("IPAddress", ""),
            port=config.get("Port", default_port),
            path=None if kind == "TCP" else config.get("ResourcePath") or "/",
            search=config.get("SearchString", "") if kind.endswith("STR_MATCH") else "",
            interval=config.get("RequestInterval", _DEFAULT_INTERVAL),
            threshold=config.get("FailureThreshold", _DEFAULT_THRESHOLD),
        )
    return HealthCheck(listed["Id"], watched, inverted=config.get("Inverted", False), disabled=config.get("Disabled", False))


class Checker:
    """One checker of an endpoint: what it holds to be so, None until as many answers in a row as the threshold have agreed."""

    def __init__(self, believed: bool | None = None) -> None:  # noqa: FBT001 - a belief, no switch of behaviour
        self.believes = believed
        self._last: bool | None = None
        self._row = 0

    def hear(self, *, passed: bool, threshold: int) -> None:
        """Take one answer."""
        self._row = self._row + 1 if passed is self._last else 1
        self._last = passed
        if self._row >= threshold:
            self.believes = passed


def share_is_healthy(beliefs: Iterable[bool | None]) -> bool:
    """Whether more than 18 % of the checkers that have made up their minds hold the endpoint to be healthy; with none, it is."""
    known = [belief for belief in beliefs if belief is not None]
    return not known or sum(known) / len(known) > _SHARE_HEALTHY


def is_healthy(id: str, checks: Mapping[str, HealthCheck], beliefs: Mapping[str, tuple[bool | None, ...]]) -> bool:
    """Whether a health check passes, inversion included, by what the checkers of each endpoint believe.

    One that is not there, or that nobody has made up their mind about, is healthy; so is a calculated one that rests on itself.
    """
    return _is_healthy(id, checks, beliefs, frozenset())


def _is_healthy(id: str, checks: Mapping[str, HealthCheck], beliefs: Mapping[str, tuple[bool | None, ...]], above: frozenset[str]) -> bool:
    check = checks.get(id)
    if check is None or id in above:
        return True
    known = beliefs.get(id, ())
    match check.watched:
        case Endpoint() if all(belief is None for belief in known) and not check.disabled:
            return True
        case Endpoint():
            sound = share_is_healthy(known)
        case Calculated(children, least):
            sound = sum(_is_healthy(child, checks, beliefs, above | {id}) for child in children) >= least
        case Unwatched():
            return True
    return (check.disabled or sound) is not check.inverted
