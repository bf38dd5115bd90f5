"""What a local provider is, apart from the wire: the servicer speaks gRPC with the engine, a `Session` speaks of resources.

Properties are plain JSON values. Secrets arrive unwrapped and are wrapped again by the servicer; an input that the engine does not know
yet is `UNKNOWN` and may stand anywhere in the tree: it is never validated and never sent to the world.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from pulumi.runtime import rpc

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from threading import Event

UNKNOWN: str = rpc.UNKNOWN
"""Stands for a value that only an update will know."""

Properties = Mapping[str, Any]


class Effect(Enum):
    """What a changed property asks of the resource that has it."""

    UPDATE = "update"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class CheckFailure:
    """An input that is missing, unknown to the type or wrong; `property` is its path, `reason` one line."""

    property: str
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Inputs with defaults filled in, and what is wrong with them."""

    inputs: Properties
    failures: tuple[CheckFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """Changed paths (`spec.replicas`, `rules[0].status`) and what each asks; empty means no change."""

    effects: Mapping[str, Effect] = field(default_factory=dict[str, Effect])
    delete_before_replace: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """A resource as the world has it: the id that finds it again, the inputs that would make it, and all that is known of it.

    `secrets` names properties of either that are secret whatever the program said; those that it gave as secrets need not be named.
    """

    id: str
    inputs: Properties
    outputs: Properties
    secrets: frozenset[str] = frozenset()


class ResourceFault(Exception):
    """The world refused, and nothing was made or changed; the text is shown to the operator as it is."""


class PartialFault(ResourceFault):
    """The resource exists in the world but is not as asked; the engine keeps `state` and the next update goes on from it."""

    def __init__(self, reason: str, *, state: State) -> None:
        super().__init__(reason)
        self.state = state


class Session(Protocol):
    """One configured provider instance; the engine may call it from several threads at once.

    `type` is the Pulumi token (`kubernetes:apps/v1:Deployment`). `cancelled` is set when the operator interrupts: calls that wait for the
    world stop waiting and raise `PartialFault`. `timeout` is in seconds, 0 for the type's default. Every method raises `ResourceFault`.
    """

    def check(self, type: str, *, name: str, olds: Properties, news: Properties) -> Checked:
        """Fill in and judge a program's inputs; `name` is the resource's name in the program, `olds` the inputs checked last (or none)."""
        ...

    def diff(self, type: str, *, id: str, old_inputs: Properties, old_outputs: Properties, news: Properties) -> Difference:
        """Compare checked inputs with those that made the resource; never touches the world."""
        ...

    def preview_create(self, type: str, *, inputs: Properties) -> Properties:
        """The outputs that a create would give, unknown ones as `UNKNOWN` or left out; changes nothing in the world."""
        ...

    def preview_update(self, type: str, *, id: str, old_outputs: Properties, news: Properties) -> Properties:
        """The outputs that an update would give, unknown ones as `UNKNOWN` or left out; changes nothing in the world."""
        ...

    def create(self, type: str, *, name: str, inputs: Properties, timeout: float, cancelled: Event) -> State:
        """Make the resource and wait until it is as asked."""
        ...

    def read(self, type: str, *, id: str, inputs: Properties, outputs: Properties) -> State | None:
        """The resource as the world has it now, None when it is gone. `inputs` and `outputs` are empty on an import."""
        ...

    def update(
        self, type: str, *, id: str, old_inputs: Properties, old_outputs: Properties, news: Properties, timeout: float, cancelled: Event
    ) -> State:
        """Change the resource in place and wait until it is as asked."""
        ...

    def delete(self, type: str, *, id: str, inputs: Properties, outputs: Properties, timeout: float, cancelled: Event) -> None:
        """Delete the resource and wait until it is gone; one that is gone already is no fault."""
        ...

    def invoke(self, token: str, *, arguments: Properties) -> Properties:
        """Answer a function of the provider."""
        ...


class Provider(Protocol):
    """A provider plugin: what it is called, and how the configuration of one instance becomes a `Session`."""

    name: str
    version: str

    def check_config(self, news: Properties) -> Checked:
        """Judge the provider resource's inputs, JSON values parsed."""
        ...

    def configure(self, config: Properties, *, folder: Callable[[], Path]) -> Session:
        """`config` has the provider resource's inputs, JSON values parsed; relative paths are meant from `folder`, which costs a look.

        Raises `ResourceFault` when they cannot be used.
        """
        ...
