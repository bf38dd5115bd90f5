"""Ports of 127.0.0.1 that a test's server may take."""

from __future__ import annotations

import random

from localcloud.folder import port_is_free


def free_port() -> int:
    """A port that nothing else listens on."""
    return next(port for port in iter(lambda: random.randrange(20000, 32000), None) if port_is_free(port))  # noqa: S311 - no secret
