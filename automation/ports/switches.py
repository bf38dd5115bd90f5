"""A region's switch as the world reads it: without credentials."""

from __future__ import annotations

import http.client
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from automation.core.diagnosis import clock_skew
from automation.errors import HhctlError
from components.switch_object import SwitchUnreadable, read_switch

if TYPE_CHECKING:
    from datetime import timedelta

    from components.switch_object import SwitchState

_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A switch, and how far our clock is ahead of that of the AWS that answered; None where it told no time."""

    switch: SwitchState
    ahead: timedelta | None


def ask(url: str) -> Answer:
    """Read the switch at `url`.

    Raises:
        HhctlError: the world cannot.
    """
    asked = datetime.now(UTC)
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - the spec's endpoint
            date = answer.headers.get("Date")
            switch = read_switch(answer.read().decode())
            return Answer(switch, clock_skew(date, asked=asked, answered=datetime.now(UTC)) if date else None)
    except (OSError, http.client.HTTPException, UnicodeDecodeError, SwitchUnreadable) as error:
        raise HhctlError(f"the switch at {url} cannot be read: {error}", hint="hhctl up dr") from error


def read(url: str) -> SwitchState:
    """Read the switch at `url`; raises as `ask` does."""
    return ask(url).switch


def is_on(url: str) -> bool:
    """Tell whether the switch at `url` is on; raises as `ask` does."""
    return read(url).active
