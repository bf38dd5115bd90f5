"""Ports of 127.0.0.1 that a test's server may take."""

from __future__ import annotations

from localcloud import ports

# Beside those of local clouds, and below the range from which the kernel takes ports for outgoing connections.
OF_TESTS = range(5000, 10000)


def free_port() -> int:
    """A port that nothing else listens on."""
    return ports.free_port(OF_TESTS, taken=())
