"""A region's switch as the world reads it: without credentials."""

from __future__ import annotations

import http.client
import urllib.request
from typing import TYPE_CHECKING

from automation.errors import HhctlError
from components.switch_object import SwitchUnreadable, read_switch

if TYPE_CHECKING:
    from components.switch_object import SwitchState

_SECONDS = 2.0


def read(url: str) -> SwitchState:
    """Read the switch at `url`.

    Raises:
        HhctlError: the world cannot.
    """
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - the spec's endpoint
            return read_switch(answer.read().decode())
    except (OSError, http.client.HTTPException, UnicodeDecodeError, SwitchUnreadable) as error:
        raise HhctlError(f"the switch at {url} cannot be read: {error}", hint="hhctl up dr") from error


def is_on(url: str) -> bool:
    """Tell whether the switch at `url` is on; raises as `read` does."""
    return read(url).active
