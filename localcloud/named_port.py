"""`NAME=PORT`, as parts are told where on 127.0.0.1 something stands."""

from __future__ import annotations


def named_port(written: str) -> tuple[str, int]:
    """Read a name and a port; raises ValueError where the port is no number, as argparse wants it."""
    name, _, port = written.rpartition("=")
    return name, int(port)
