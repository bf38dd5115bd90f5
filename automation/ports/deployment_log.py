"""The deployment log, in objects beside a stack's state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.core.deployment_log import keys_of_release, log_entry, log_key
from automation.core.updates import standing
from automation.errors import HhctlError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from automation.core.updates import Entry
    from automation.ports.objects import Objects


@dataclass(frozen=True, slots=True)
class DeploymentLog:
    """Tells of the newest succeeded update of a stack; `objects` opens the store beside its state, `recent` reads its history."""

    objects: Callable[[str], Objects]
    recent: Callable[[str], tuple[Entry, ...]]

    def names_what_runs(self, stack: str) -> bool:
        """Tell whether the entry is there; raises `HhctlError` where that cannot be told."""
        return self.objects(stack).read(log_key(stack, self._newest(stack))) is not None

    def tells_of_release(self, stack: str, entries: Sequence[Entry]) -> bool:
        """Tell whether the release that runs by `entries`, the whole history with the newest first, is logged, under whichever revision.

        Raises:
            HhctlError: that cannot be told.
        """
        return any(self.objects(stack).read(key) is not None for key in keys_of_release(stack, entries))

    def write(self, stack: str) -> None:
        """Write the entry, unless it is there; raises `HhctlError` where that cannot be done."""
        entry = self._newest(stack)
        self.objects(stack).create(log_key(stack, entry), log_entry(stack, entry).encode())

    def _newest(self, stack: str) -> Entry:
        newest = standing(self.recent(stack)).succeeded
        if newest is None:
            raise HhctlError(f"{stack} has no succeeded update to log")
        return newest
