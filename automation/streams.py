"""The streams that this process begins with, such that none of them can end what it does: what matters of talk is in the journal too."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Talk(io.FileIO):
    """A file for talk: once it cannot be written, as with a reader that has gone or a full disk, what is told goes nowhere."""

    def write(self, told: ReadableBuffer, /) -> int:
        """Write it whole, or else lead the descriptor nowhere, for the programs that are started later too."""
        left = memoryview(told).cast("B")
        try:
            while left:
                # A pipe that is full and does not wait for its reader takes None: the rest is for nobody.
                left = left[super().write(left) or len(left) :]
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
        return memoryview(told).nbytes


def talk(stream: TextIO) -> TextIO:
    """Return a stream on the descriptor of `stream` that takes all that is told, whoever hears it."""
    # A buffer in between would tell once more what a Ctrl-C has interrupted just after it was written.
    file = _Talk(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(file, encoding=stream.encoding, errors="backslashreplace", write_through=True)


def secure_streams() -> None:
    """Have each stream that is closed lead nowhere, and stderr take all that is told."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # The descriptor lasts as long as the process, whatever becomes of the stream: another file in its place would be talked into.
            setattr(sys, name, open(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    sys.stderr = talk(sys.stderr)
