"""What stands in a switch object, for those who write it, read it, or let Route 53 look for a word in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeGuard, cast

ON = '"active":true'
"""What stands in the object's text only while the region's switch is on."""


class SwitchUnreadable(ValueError):
    """A text is no switch object's."""


@dataclass(frozen=True, slots=True)
class SwitchState:
    """Whether the traffic is to go to the region, the revision that said so, and the term since which it is to serve.

    Regions count their revisions apart; terms are counted by failovers alone, so that of two switches the higher term is the later one.
    """

    active: bool
    revision: int
    term: int = 0

    def __str__(self) -> str:
        """Give the object's text, without a blank, so that `ON` is found in it."""
        return json.dumps({"active": self.active, "revision": self.revision, "term": self.term}, separators=(",", ":"))


def read_switch(text: str) -> SwitchState:
    """Read a switch object's text.

    Raises:
        SwitchUnreadable: it is no JSON, lacks `active` or `revision`, or has a term that is no number.
    """
    try:
        document: Any = json.loads(text)
    except ValueError as error:
        raise SwitchUnreadable(f"no JSON: {error}") from error
    fields = cast("dict[str, object]", document) if isinstance(document, dict) else {}
    active, revision, term = fields.get("active"), fields.get("revision"), fields.get("term", 0)
    if not isinstance(active, bool) or not _is_number(revision) or not _is_number(term):
        raise SwitchUnreadable(f"not an object with active and revision: {text[:80]}")
    return SwitchState(active=active, revision=revision, term=term)


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
