"""The world outside the engine, as gates and tasks see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from automation.core.gates import Sample
    from automation.core.plan import Gate


class World(Protocol):
    """What can be measured and done besides updates; each call is bounded in time."""

    def measure(self, gate: Gate) -> Sample:
        """Take one sample for `gate`; what cannot be reached gives one without a value.

        Raises:
            HhctlError: the question cannot be asked, now or later.
        """
        ...

    def holds(self, condition: str, stack: str) -> bool:
        """Tell whether a condition that a task names holds on `stack`, by looking.

        Raises:
            HhctlError: it cannot be told.
        """
        ...

    def act(self, action: str, stack: str) -> None:
        """Carry out an action that a task names on `stack`.

        Raises:
            HhctlError: it failed; whether it took effect is for the condition to say.
        """
        ...
