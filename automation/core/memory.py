"""Amounts of memory as the Kubernetes API writes them."""

from __future__ import annotations

import re

_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)([A-Za-z]*)")


def in_bytes(quantity: str) -> int:
    """Return a quantity of memory in bytes. Raises `ValueError` for one that the API server would not have let in."""
    found = _QUANTITY.fullmatch(quantity)
    if not found or found[2] not in _UNITS:
        raise ValueError(f"{quantity!r} is no quantity of memory")
    return int(float(found[1]) * _UNITS[found[2]])
