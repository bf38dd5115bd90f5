"""The dials: how a stack is set right now. They are kept in the engine's history, as configuration of the newest succeeded update."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, TypeAlias

from stacks.quantities import Quantity
from stacks.reading import Unreadable, read_table

Document: TypeAlias = "dict[str, str | int | bool | Document]"
"""What JSON can hold of dials."""


class DatabaseRole(Enum):
    """What a stack's database does: take writes, replay another's, or neither, since it was shut out."""

    PRIMARY = "primary"
    STANDBY = "standby"
    FENCED = "fenced"


def _matching(pattern: str) -> Callable[[object], str]:
    compiled = re.compile(pattern)

    def parse(value: object) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise ValueError
        return value

    return parse


def _whole(lowest: int, highest: float = float("inf")) -> Callable[[object], int]:
    def parse(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            raise ValueError
        return value

    return parse


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError  # noqa: TRY004 - a quantity says by ValueError that a value is not allowed
    return value


Tag = Annotated[str, Quantity("an image tag, such as v1.4.2", _matching(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"))]
Digest = Annotated[str, Quantity("a digest: 'sha256:' and 64 of 0-9 and a-f", _matching(r"sha256:[0-9a-f]{64}"))]
Weight = Annotated[int, Quantity("a whole number from 0 to 100", _whole(0, 100))]
Pods = Annotated[int, Quantity("a whole number from 1", _whole(1))]
Memory = Annotated[str, Quantity("an amount of memory, such as 512Mi or 4Gi", _matching(r"[1-9]\d*(Ki|Mi|Gi)"))]
Flag = Annotated[bool, Quantity("true or false", _flag)]
Role = Annotated[DatabaseRole, Quantity("a role: primary, standby or fenced", DatabaseRole)]
Term = Annotated[int, Quantity("a whole number from 0", _whole(0))]
SchemaVersion = Annotated[int, Quantity("a whole number from 0", _whole(0))]


@dataclass(frozen=True, slots=True)
class Image:
    """An image of the API: `tag` is its name for people, `digest` is what is pulled."""

    tag: Tag
    digest: Digest


@dataclass(frozen=True, slots=True)
class Canary:
    """The candidate beside the stable workload: `weight` is its per cent of requests, `minimum` its least number of pods.

    `stable` is the least number of stable pods while there is a canary, however few requests they get: the way back is through them.
    """

    image: Image
    weight: Weight
    minimum: Pods
    stable: Pods = 1


@dataclass(frozen=True, slots=True)
class Dials:
    """How a stack is set; a stack without a workload has no `image`, and what is said of pods means nothing there.

    `present`: false once the stack is destroyed. `minimum` and `maximum`: the bounds that the autoscaler keeps the stable pods in.
    `stopped`: no pods at all, whatever the bounds. `memory`: a pod's limit; None leaves it to the chart. `active`: the region's switch,
    true where the traffic is to go. `term` counts the failovers: of two regions that are on, the one of the higher term serves. `schema`:
    the newest migration that the database has, as far as hhctl has recorded it.
    """

    present: Flag = True
    image: Image | None = None
    canary: Canary | None = None
    minimum: Pods = 1
    maximum: Pods = 1
    stopped: Flag = False
    memory: Memory | None = None
    active: Flag = False
    term: Term = 0
    database_role: Role | None = None
    schema: SchemaVersion = 0

    def __post_init__(self) -> None:
        if self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} is more than maximum {self.maximum}")
        if self.canary and not self.image:
            raise ValueError("a canary needs a stable image beside it")


def least_stable(dials: Dials) -> int:
    """Return the least number of stable pods that the dials ask for; a canary may ask for more than the bounds do."""
    return max(dials.minimum, dials.canary.stable) if dials.canary else dials.minimum


@dataclass(frozen=True, slots=True)
class DialChange:
    """One dial as it was and as it is wanted, in words; an empty `before` was not set."""

    name: str
    before: str
    after: str


class DialsInvalid(ValueError):
    """What should hold dials does not; the message names each fault."""


DIALS_KEY = "house-helper:dials"
REVISION_KEY = "house-helper:revision"
FIRST_KEY = "house-helper:first"
"""Where `stacks/Pulumi.<stack>.yaml` says, under `config`, how a stack without history is set."""


def to_config(dials: Dials, *, revision: int) -> Mapping[str, str]:
    """Return the configuration of the update that sets `dials` as `revision`; the dials are one JSON value."""
    return {REVISION_KEY: str(revision), DIALS_KEY: json.dumps(to_document(dials))}


def dials_in(config: Mapping[str, str]) -> Dials:
    """Return the dials that an update's configuration holds.

    Raises:
        DialsInvalid: it holds none, or some that this version of hhctl does not know.
    """
    try:
        document: object = json.loads(config[DIALS_KEY])
    except KeyError:
        raise DialsInvalid(f"{DIALS_KEY} is missing") from None
    except ValueError as error:
        raise DialsInvalid(f"{DIALS_KEY} is no JSON: {error}") from error
    return from_document(document, place=DIALS_KEY)


def revision_in(config: Mapping[str, str]) -> int:
    """Return the revision that an update's configuration names.

    Raises:
        DialsInvalid: it names none from 1.
    """
    written = config.get(REVISION_KEY, "")
    if not re.fullmatch(r"[1-9]\d*", written, re.ASCII):
        raise DialsInvalid(f"{REVISION_KEY}: {written!r} is not a whole number from 1")
    return int(written)


def to_document(dials: Dials) -> Document:
    """Return what JSON holds of `dials`; what is None stands nowhere in it."""
    document: dict[str, str | int | bool | Document | None] = {
        "present": dials.present,
        "image": dials.image and _image_document(dials.image),
        "canary": dials.canary and _canary_document(dials.canary),
        "minimum": dials.minimum,
        "maximum": dials.maximum,
        "stopped": dials.stopped,
        "memory": dials.memory,
        "active": dials.active,
        "term": dials.term,
        "database_role": dials.database_role and dials.database_role.value,
        "schema": dials.schema,
    }
    return {name: value for name, value in document.items() if value is not None}


def from_document(document: object, *, place: str) -> Dials:
    """Read dials from what JSON or YAML held at `place`; a dial that is left out has its default.

    Raises:
        DialsInvalid: with every fault, unknown dials among them.
    """
    try:
        return read_table(Dials, document)
    except Unreadable as wrong:
        faults = (": ".join(filter(None, (".".join(map(str, misread.path)), misread.says))) for misread in wrong.misreads)
        raise DialsInvalid(f"{place}: {'; '.join(faults)}") from wrong


def changes(before: Dials | None, after: Dials) -> tuple[DialChange, ...]:
    """Name the dials in which `after` differs from `before`; every dial that is set, where there is no before."""
    old = dict(_words(to_document(before))) if before else {}
    new = dict(_words(to_document(after)))
    names = [*new, *(name for name in old if name not in new)]
    return tuple(DialChange(name, old.get(name, ""), new.get(name, "")) for name in names if old.get(name) != new.get(name))


def _image_document(image: Image) -> Document:
    return {"tag": image.tag, "digest": image.digest}


def _canary_document(canary: Canary) -> Document:
    return {"image": _image_document(canary.image), "weight": canary.weight, "minimum": canary.minimum, "stable": canary.stable}


def _words(document: Document, prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in document.items():
        if isinstance(value, dict):
            yield from _words(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value).lower() if isinstance(value, bool) else str(value)
