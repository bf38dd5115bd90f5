"""What stands in a switch object, for those who write it, read it, or let Route 53 look for a word in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast

ON = '"active":true'
"""What stands in the object's text only while the region's switch is on."""


class SwitchUnreadable(ValueError):
    """A text is no switch object's."""


@dataclass(frozen=True, slots=True)
class SwitchState:
    """Whether the traffic is to go to the region, and the revision that said so."""

    active: bool
    revision: int

    def __str__(self) -> str:
        """Give the object's text, without a blank, so that `ON` is found in it."""
        return json.dumps({"active": self.active, "revision": self.revision}, separators=(",", ":"))


def read_switch(text: str) -> SwitchState:
    """Read a switch object's text.

    Raises:
        SwitchUnreadable: it is no JSON, or lacks `active` or `revision`.
    """
    try:
        document: Any = json.loads(text)
    except ValueError as error:
        raise SwitchUnreadable(f"no JSON: {error}") from error
    fields = cast("dict[str, object]", document) if isinstance(document, dict) else {}
    active, revision = fields.get("active"), fields.get("revision")
    if not isinstance(active, bool) or not isinstance(revision, int) or isinstance(revision, bool):
        raise SwitchUnreadable(f"not an object with active and revision: {text[:80]}")
    return SwitchState(active=active, revision=revision)
