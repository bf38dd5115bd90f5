"""The secrets that this process was started with, so that nothing of the engine's words gives them away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES_A_SECRET = re.compile(r"(?!.*_FILE$).*(PASSPHRASE|PASSWORD|SECRET|TOKEN|WEBHOOK|_KEY$)", re.IGNORECASE)


def secrets_in(environment: Mapping[str, str]) -> frozenset[str]:
    """Return the values of the variables whose names say that they are secret."""
    return frozenset(value for name, value in environment.items() if _NAMES_A_SECRET.match(name))
