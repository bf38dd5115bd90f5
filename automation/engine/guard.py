"""Compare and set: the last look before an update changes anything, taken while the engine holds the stack's lock.

The engine's lock alone is none: it is taken late and held for moments, so an update that was planned before another one can well come
after it. What is asked here is what the history says now.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import pulumi

from automation.core.updates import standing
from automation.engine.history import read_to_change, winner
from automation.engine.store import open_store
from automation.errors import HhctlError
from stacks.dials import DIALS_KEY, Dials, DialsInvalid, dials_in
from stacks.house import PROJECT

if TYPE_CHECKING:
    from automation.engine.orders import Order

_ATTEMPTS = 3


Program: TypeAlias = Callable[[str, Dials], None]
"""Declares the resources of a stack, set by its dials; the revision is in the engine's configuration."""


class Guard:
    """Lets a program declare its resources, or refuses; `winner` names who moved the stack if that is why."""

    def __init__(self, order: Order, declare: Program) -> None:
        self._order = order
        self._declare = declare
        self.refused = False
        self.winner = ""

    def program(self) -> None:
        """Be the inline program: look, declare, and say which revision this is.

        Raises:
            pulumi.RunError: refused; the engine ends the update before it changes anything.
        """
        self.refused = True
        dials = self._dials()
        if not pulumi.runtime.is_dry_run():
            self._compare()
        self.refused = False
        self._declare(self._order.stack, dials)
        pulumi.export("revision", self._order.revision)

    def _dials(self) -> Dials:
        """Read the dials that the engine will record. With its settings file gone the engine goes on with none, and tells nobody."""
        config = pulumi.Config(PROJECT)
        if config.get("revision") != str(self._order.revision):
            raise pulumi.RunError("hhctl's settings for this update were lost on the way; nothing was changed")
        try:
            return dials_in({DIALS_KEY: config.require("dials")})
        except DialsInvalid as wrong:
            raise pulumi.RunError(str(wrong)) from wrong

    def _compare(self) -> None:
        order = self._order
        try:
            entries = read_to_change(open_store(order.backend, attempts=_ATTEMPTS), order.stack, base=order.base)
        except HhctlError as unreadable:
            raise pulumi.RunError(f"refused, since the history cannot be compared: {unreadable.message}") from unreadable
        base = standing(entries).base
        if base != order.base:
            self.winner = winner(entries)
            raise pulumi.RunError(f"refused: stack {order.stack} is at revision {base} by {self.winner}, not at {order.base}")
