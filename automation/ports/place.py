"""Where a workload runs, and what its pods are called there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.errors import UsageFault

if TYPE_CHECKING:
    from stacks.spec import Spec

API_CONTAINER = "api"
"""The container of the API's pods that is the API; others are its sidecars."""


@dataclass(frozen=True, slots=True)
class Place:
    """A context of kubectl's, and a namespace."""

    context: str
    namespace: str

    @property
    def options(self) -> tuple[str, str]:
        """What leads kubectl there."""
        return f"--namespace={self.namespace}", f"--context={self.context}"


def place_of(spec: Spec, stack: str) -> Place:
    """Find where the workload of `stack` runs.

    Raises:
        UsageFault: it has none.
    """
    found = spec.stacks[stack]
    if found.workload is None:
        with_one = ", ".join(name for name, each in spec.stacks.items() if each.workload)
        raise UsageFault(f"{stack} has no workload", hint=f"one of: {with_one}")
    return Place(spec.regions[found.region].context, found.workload.namespace)
