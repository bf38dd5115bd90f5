"""What tasks do and look at, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from automation.errors import HhctlError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Deeds(Protocol):
    """The conditions and actions that tasks name; each call is bounded in time."""

    def holds(self, condition: str, stack: str) -> bool:
        """Tell whether a condition holds on `stack`, by looking.

        Raises:
            HhctlError: it cannot be told.
        """
        ...

    def act(self, action: str, stack: str) -> None:
        """Carry out an action on `stack`.

        Raises:
            HhctlError: it failed; whether it took effect is for the condition to say.
        """
        ...


class NamedDeeds:
    """Conditions and actions in a table each."""

    def __init__(self, conditions: Mapping[str, Callable[[str], bool]], actions: Mapping[str, Callable[[str], None]]) -> None:
        self._conditions = conditions
        self._actions = actions

    def holds(self, condition: str, stack: str) -> bool:
        """Ask the condition of that name."""
        if condition not in self._conditions:
            raise HhctlError(f"there is no condition {condition}")
        return self._conditions[condition](stack)

    def act(self, action: str, stack: str) -> None:
        """Carry out the action of that name."""
        if action not in self._actions:
            raise HhctlError(f"there is no action {action}")
        self._actions[action](stack)
