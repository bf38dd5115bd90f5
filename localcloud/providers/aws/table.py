"""What one resource type is to this provider: its inputs, what forces a replacement, and four functions over an AWS client.

Names of fields are pulumi-aws's. A rule that a change replaces the resource cites the page and argument of the Terraform AWS provider's
documentation (`s3_bucket#bucket`), which pulumi-aws is generated from and which marks such an argument "Forces new resource".
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localcloud.providers.aws.site import Site
    from localcloud.providers.resource import CheckFailure, Properties

Equality = Callable[[Any, Any], bool]


class Kind(Enum):
    """The shapes of an input, each with the words that a wrong one is told off with."""

    TEXT = "a string"
    WHOLE = "an integer"
    NUMBER = "a number"
    FLAG = "a boolean"
    DOCUMENT = "a JSON document"
    ASSET = "an asset"
    MAP = "a map of strings"
    LIST = "a list"
    SET = "a list (its order means nothing)"
    BLOCK = "an object"


@dataclass(frozen=True, slots=True)
class Field:
    """One input, of a type or of a block inside one.

    `replaces` cites the rule that a change needs a new resource. `computed`: the world chooses when the program does not, so its absence
    is no change. `unread`: the world does not give it back, so a refresh keeps what the program said. `wire` is its name in the AWS API
    where that is not the name with a capital. `elsewhere` refuses it and says what to use.
    """

    kind: Kind
    required: bool = False
    replaces: str = ""
    default: Any = None
    computed: bool = False
    unread: bool = False
    choices: tuple[Any, ...] = ()
    between: tuple[int, int] | None = None
    wire: str = ""
    elsewhere: str = ""
    inside: Mapping[str, Field] = field(default_factory=lambda: MappingProxyType[str, "Field"]({}))
    each: Field | None = None
    same: Equality = operator.eq


def texts(kind: Kind = Kind.SET, *, wire: str = "", computed: bool = False) -> Field:
    """An input that lists strings."""
    return Field(kind, each=Field(Kind.TEXT), wire=wire, computed=computed)


def blocks(kind: Kind, inside: Mapping[str, Field], *, required: bool = False, computed: bool = False) -> Field:
    """An input that lists blocks of one shape."""
    return Field(kind, each=Field(Kind.BLOCK, inside=inside), required=required, computed=computed)


REGION = Field(Kind.TEXT, computed=True, replaces="enhanced-region-support#region")
TAGS = Field(Kind.MAP)
TAGS_ALL = Field(Kind.MAP)


@dataclass(frozen=True, slots=True)
class Naming:
    """How an input that names the resource is filled in when the program gives none."""

    field: str
    automatic: Callable[[str, Properties], str]
    """The name for a logical name and the other inputs."""
    beside: str = ""
    """The input (`namePrefix`) that asks for a name at create time instead."""


@dataclass(frozen=True, slots=True)
class World:
    """A resource as AWS has it: the inputs that would make it, and what else is known of it."""

    inputs: Properties
    outputs: Properties


Create = Callable[["Site", "Properties"], str]
"""Makes the resource of these inputs, tells `site.made` its id as soon as it exists, and returns the id."""

Read = Callable[["Site", str, "Properties"], World | None]
"""The resource of that id, None when there is none; the last outputs come with it, or nothing on an import."""

Update = Callable[["Site", str, "Properties", "Properties"], None]
"""Makes the resource of that id, made as the old inputs say, as the new ones say."""

Delete = Callable[["Site", str, "Properties"], None]
"""Removes the resource of that id, given the inputs and outputs that it was last seen with."""


def _no_demands(_inputs: Properties) -> Iterator[CheckFailure]:
    return iter(())


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One row of the table.

    `gone` are the error codes that say that there is no such resource. `demands` are rules between fields. `moves` names outputs that
    only AWS knows again once one of the inputs beside them has changed. `older` are further names of the same type.
    """

    type: str
    inputs: Mapping[str, Field]
    outputs: tuple[str, ...]
    create: Create
    read: Read
    update: Update
    delete: Delete
    gone: frozenset[str]
    demands: Callable[[Properties], Iterator[CheckFailure]] = _no_demands
    naming: Naming | None = None
    moves: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType[str, frozenset[str]]({}))
    older: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """`s3` of `aws:s3/bucket:Bucket`."""
        return self.type.split(":")[1].split("/")[0]

    @property
    def name(self) -> str:
        """`Bucket` of `aws:s3/bucket:Bucket`."""
        return self.type.rpartition(":")[2]

    @property
    def is_regional(self) -> bool:
        """Whether it lives in a region, as against Route 53 and IAM."""
        return "region" in self.inputs
