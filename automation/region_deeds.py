"""What the tasks of a failover and a failback look at and do, by name: databases, switches, and whither the world is led."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.core.failback import FOLLOWS, KEEP_UP, KEEPS_UP, KEPT, REBUILD
from automation.core.failover import (
    CATCH_UP,
    FOLLOW_SWITCH,
    LEAD_SECONDS,
    LED,
    LEVEL,
    OPEN_DATABASE,
    PROMOTE,
    SHUT,
    SHUT_DATABASE,
    STANDS_BY,
    SWITCH_ON,
    TURN_DIRECTLY,
    TURNABLE,
    UNRIVALLED,
    WRITABLE,
    WRITTEN_DIRECTLY,
)
from automation.errors import Busy, HhctlError, Refusal
from automation.ports.databases import COUNT_SECONDS
from automation.ports.names import NameServer
from automation.ports.switches import is_on
from automation.ports.writable import must_be_writable
from stacks.house import API, edge, other, switch_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from automation.clock import Clock
    from automation.core.updates import Holder
    from automation.ports.databases import RelayedDatabases
    from automation.ports.kept_rows import KeptRows
    from stacks.spec import Spec

_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class RegionDeeds:
    """Conditions and actions on the regions of a spec; `holders` tells whose processes hold the state of a stack."""

    spec: Spec
    databases: RelayedDatabases
    kept: KeptRows
    holders: Callable[[str], Sequence[Holder]]
    clock: Clock

    def conditions(self) -> Mapping[str, Callable[[str], bool]]:
        """Return what can be looked at, by its name."""
        databases = self.databases
        return {
            SHUT: lambda stack: databases.look(stack).shut,
            STANDS_BY: lambda stack: databases.look(stack).replays,
            UNRIVALLED: lambda stack: databases.look(stack).replays and databases.look(other(stack)).shut,
            LEVEL: databases.level,
            WRITABLE: lambda stack: databases.look(stack).takes_writes,
            FOLLOWS: databases.follows,
            KEEPS_UP: databases.keeps_up,
            KEPT: lambda stack: self.kept.has(stack, databases.lost(stack, within=COUNT_SECONDS)),
            TURNABLE: self._is_turnable,
            WRITTEN_DIRECTLY: self._is_written_directly,
            SWITCH_ON: lambda stack: is_on(switch_url(self.spec, self._region(stack))),
            LED: self._leads,
        }

    def actions(self) -> Mapping[str, Callable[[str], None]]:
        """Return what can be done, by its name."""
        return {
            SHUT_DATABASE: self.databases.shut,
            OPEN_DATABASE: self._open,
            CATCH_UP: self.databases.catch_up,
            PROMOTE: self.databases.promote,
            REBUILD: self.databases.follow,
            KEEP_UP: self.databases.keep_up,
            TURN_DIRECTLY: self._turn_directly,
            FOLLOW_SWITCH: self._follow_switch,
        }

    def _region(self, stack: str) -> str:
        return self.spec.stacks[stack].region

    def _open(self, stack: str) -> None:
        if self.databases.has_rival(stack):
            raise Refusal(f"the database of {stack} stays shut: the other one takes writes", hint="hhctl status")
        self.databases.open(stack)

    def _is_turnable(self, stack: str) -> bool:
        """Tell whether the engine could set a stack now; raises what stands against it."""
        for holder in self.holders(stack):
            raise Busy(f"{stack} is held by {holder}", hint=holder.way_out(stack))
        must_be_writable(self.spec.stacks[stack].backend)
        return True

    def _is_written_directly(self, stack: str) -> bool:
        from automation.ports.switch_writer import switch_object  # noqa: PLC0415 - boto3 is paid for where it is used

        switch_object(self.spec, self._region(stack)).must_be_writable()
        return True

    def _turn_directly(self, stack: str) -> None:
        from automation.ports.switch_writer import switch_object  # noqa: PLC0415 - boto3 is paid for where it is used

        switch_object(self.spec, self._region(stack)).turn_on()

    def _leads(self, stack: str) -> bool:
        try:
            return NameServer(self.spec.dns).target(API) == edge(self._region(stack))
        except HhctlError:
            return False

    def _follow_switch(self, stack: str) -> None:
        """Wait until the public name leads to a stack, for as long as Route 53 may need."""
        ends = self.clock.monotonic() + LEAD_SECONDS
        while not self._leads(stack) and self.clock.monotonic() < ends:
            self.clock.sleep(_LOOK_SECONDS)
