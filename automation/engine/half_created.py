"""Kubernetes objects that an engine of ours was killed in the creation of: the same creation would be refused, since they are there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from automation.ports.programs import Programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_MANAGER = "pulumi-kubernetes"
"""How the names begin under which pulumi-kubernetes applies what it makes (`provider/pkg/ssa`)."""
_SECONDS = 15


@dataclass(frozen=True, slots=True)
class HalfCreated:
    """An object by its name in the engine's state; `namespace` is empty where it names none, `context` None for kubectl's current one.

    The engine has begun its creation after `since`.
    """

    api_version: str
    kind: str
    name: str
    namespace: str
    context: str | None
    since: datetime

    @property
    def words(self) -> tuple[str, ...]:
        """Name it as kubectl wants it."""
        group, _, version = self.api_version.rpartition("/")
        options = (
            *((f"--namespace={self.namespace}",) if self.namespace else ()),
            *((f"--context={self.context}",) if self.context else ()),
        )
        return (f"{self.kind}.{version}.{group}" if group else self.kind, self.name, *options)


def clear_half_created(objects: Iterable[HalfCreated], environment: Mapping[str, str], confirm: Callable[[], None]) -> None:
    """Take away each object that is there and that an engine has made after its creation was begun; others stay, and are refused as ever.

    To be called for objects whose creation the stack's own state has as under way, and while nobody holds the stack: `confirm` raises where
    that is so no more, and is called right before each is taken away.

    Raises:
        HhctlError: the cluster cannot be had.
    """
    programs = Programs(environment, seconds=2 * _SECONDS)
    for each in objects:
        told = f"{each.kind} {each.name} was left half created, and cannot be looked at"
        options = (*each.words, "--ignore-not-found", f"--request-timeout={_SECONDS}s")
        found = programs.answer(["kubectl", "get", *options, "--output=json", "--show-managed-fields"], told=told)
        if found.strip() and _is_left(json.loads(found), since=each.since):
            confirm()
            programs.answer(["kubectl", "delete", *options], told=told)


def _is_left(found: Mapping[str, Any], *, since: datetime) -> bool:
    """Tell whether an engine has made it since; one of that name from before, through another state, has no part in what was killed."""
    metadata = found["metadata"]
    by_an_engine = any(field["manager"].startswith(_MANAGER) for field in metadata.get("managedFields", ()))
    return by_an_engine and datetime.fromisoformat(metadata["creationTimestamp"]) >= since
