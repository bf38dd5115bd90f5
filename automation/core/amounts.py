"""Amounts of memory, processors and whatever else nodes have, as the Kubernetes API writes them."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal

_DECIMAL = {
    unit: Decimal(10) ** power
    for unit, power in {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}.items()
}
_BINARY = {unit: Decimal(2) ** power for unit, power in {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}.items()}
_UNITS = _DECIMAL | _BINARY
_QUANTITY = re.compile(r"\+?([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]+)|([A-Za-z]*))")
_MOST = Decimal(2**63 - 1)
_WIDEST = 100  # a power of ten beyond which it makes no difference


def in_bytes(quantity: str) -> int:
    """Return a quantity of memory in bytes, rounded up; raises as `amount` does, and names memory."""
    try:
        return int(amount(quantity).to_integral_value(ROUND_CEILING))
    except ValueError as error:
        raise ValueError(f"{error} of memory") from None


def amount(quantity: str) -> Decimal:
    """Return a quantity as a number, at most 2^63 - 1. Raises `ValueError` for one that the API server would not have let in.

    Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    found = _QUANTITY.fullmatch(quantity)
    unit = _unit(found[2], found[3]) if found else None
    if not found or unit is None:
        raise ValueError(f"{quantity!r} is no quantity")
    return min(_MOST, Decimal(found[1]) * unit)


def _unit(exponent: str | None, suffix: str) -> Decimal | None:
    """What a number is multiplied by, None for a suffix that there is not."""
    if exponent is None:
        return _UNITS.get(suffix)
    return Decimal(10) ** max(-_WIDEST, min(_WIDEST, int(exponent[:9])))
