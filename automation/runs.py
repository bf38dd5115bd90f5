"""The names of runs: unique anywhere, and in the order in which the runs began (ULID, https://github.com/ulid/spec)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_run(now: datetime, chance: Random) -> str:
    """Name a run that begins `now`: 10 digits of milliseconds and 16 of `chance`, in Crockford's base 32."""
    value = int(now.timestamp() * 1000) << 80 | chance.getrandbits(80)
    return "".join(_DIGITS[value >> 5 * place & 31] for place in reversed(range(26)))
