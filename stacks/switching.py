"""How soon the world follows a switch: Route 53 reads it every so often, and clients keep an answer for its time to live."""

from __future__ import annotations

INTERVAL_SECONDS = 10
THRESHOLD = 3
"""How many readings that agree change what Route 53 answers."""
TTL_SECONDS = 60
