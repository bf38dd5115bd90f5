"""Kubernetes objects that an engine of ours was killed in the creation of: the same creation would be refused, since they are there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from automation.ports.programs import Programs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MANAGER = "pulumi-kubernetes"
"""How the names begin under which pulumi-kubernetes applies what it makes (`provider/pkg/ssa`)."""
_SECONDS = 15


@dataclass(frozen=True, slots=True)
class HalfCreated:
    """An object by its name in the engine's state; `namespace` is empty where it names none, `context` None for kubectl's current one."""

    api_version: str
    kind: str
    name: str
    namespace: str
    context: str | None

    @property
    def words(self) -> tuple[str, ...]:
        """Name it as kubectl wants it."""
        group, _, version = self.api_version.rpartition("/")
        options = (
            *((f"--namespace={self.namespace}",) if self.namespace else ()),
            *((f"--context={self.context}",) if self.context else ()),
        )
        return (f"{self.kind}.{version}.{group}" if group else self.kind, self.name, *options)


def clear_half_created(objects: Iterable[HalfCreated], environment: Mapping[str, str]) -> None:
    """Take away each object that is there and that an engine has made; what anybody else has made stays, and is refused as ever.

    To be called for objects whose creation the stack's own state has as under way, and while nobody holds the stack.

    Raises:
        HhctlError: the cluster cannot be had.
    """
    programs = Programs(environment, seconds=2 * _SECONDS)
    for each in objects:
        told = f"{each.kind} {each.name} was left half created, and cannot be looked at"
        options = (*each.words, "--ignore-not-found", f"--request-timeout={_SECONDS}s")
        found = programs.answer(["kubectl", "get", *options, "--output=json", "--show-managed-fields"], told=told)
        if found.strip() and _is_an_engines(json.loads(found)):
            programs.answer(["kubectl", "delete", *options], told=told)


def _is_an_engines(found: Mapping[str, Any]) -> bool:
    return any(field["manager"].startswith(_MANAGER) for field in found["metadata"].get("managedFields", ()))
