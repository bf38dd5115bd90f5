"""What the workload needs and cannot have at the moment."""

from __future__ import annotations


class Unavailable(Exception):
    """A database or cache that does not answer, in time or at all, or that refuses; trying again later may help."""
