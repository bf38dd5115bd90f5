"""Whether state may be written, found out without writing."""

from __future__ import annotations

import os

from automation.errors import HhctlError
from automation.ports.objects import folder_of, objects_beside

NO_VERSION = '"no-version-of-anything"'
"""A version that no object ever has."""


def must_be_writable(backend: str) -> None:
    """Ask the place that `backend` names whether it would take a write.

    Raises:
        HhctlError: it would not, or cannot be asked.
    """
    folder = folder_of(backend)
    if folder is None:
        # A write under a condition that nothing meets: whether it is allowed is judged first.
        objects_beside(backend).replace("doctor", b"", version=NO_VERSION)
    elif not os.access(folder, os.W_OK | os.X_OK):
        raise HhctlError(f"{folder} cannot be written", hint=f"ls -ld {folder}")
