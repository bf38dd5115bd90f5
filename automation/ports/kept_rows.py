"""Rows that one database alone has, kept on this machine before it is rebuilt: a file each time, a JSON line a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.errors import HhctlError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from automation.core.losses import Losses


@dataclass(frozen=True, slots=True)
class KeptRows:
    """A folder of files that only their owner reads."""

    folder: Path

    def keep(self, stack: str, losses: Losses, *, at: datetime) -> str:
        """Keep every row in a file of its own, and return its path.

        Raises:
            HhctlError: it cannot be written.
        """
        file = self.folder / f"{stack}-{at:%Y%m%dT%H%M%S.%fZ}.jsonl"
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            file.touch(mode=0o600)
            file.write_text("".join(f"{row}\n" for row in losses.rows))
        except OSError as error:
            raise HhctlError(f"{file}: {error.strerror or error}", hint=f"ls -ld {file.parent}") from error
        return str(file)

    def has(self, stack: str, losses: Losses) -> bool:
        """Tell whether the newest file of a stack has every one of these rows; where there was nothing to keep, it need not be there."""
        if not losses.transactions:
            return True
        files = sorted(self.folder.glob(f"{stack}-*.jsonl"))
        return bool(files) and set(losses.rows) <= set(files[-1].read_text().splitlines())
