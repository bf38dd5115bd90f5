"""Rows that one database alone has, kept on this machine before it is rebuilt: a file each time, a JSON line a row, after one of counts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.errors import HhctlError
from automation.ports import durable

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from automation.core.losses import Losses


@dataclass(frozen=True, slots=True)
class KeptRows:
    """A folder of files that only their owner reads."""

    folder: Path

    def keep(self, stack: str, losses: Losses, *, at: datetime) -> str:
        """Keep every row in a file of its own, below how much it is, on the disk before this returns, and return its path.

        Raises:
            HhctlError: it cannot be written.
        """
        file = self.folder / f"{stack}-{at:%Y%m%dT%H%M%S.%fZ}.jsonl"
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            durable.write(file, "".join(f"{line}\n" for line in (json.dumps(losses.document()), *losses.rows)))
            durable.settle(self.folder)
        except OSError as error:
            raise HhctlError(f"{file}: {error.strerror or error}", hint=f"ls -ld {file.parent}") from error
        return str(file)

    def has(self, stack: str, losses: Losses) -> bool:
        """Tell whether the newest file of a stack has all of this; where there was nothing to keep, it need not be there.

        What was only deleted has no rows, and is there if it was counted.
        """
        if not losses.transactions:
            return True
        files = sorted(self.folder.glob(f"{stack}-*.jsonl"))
        # A text may hold what Python takes for the end of a line too, such as U+2028, which JSON leaves as it is.
        counts, *rows = (files[-1].read_text(encoding="utf-8") if files else "").split("\n")
        return set(losses.rows) <= set(rows) and _covers(counts, losses)


def _covers(counts: str, losses: Losses) -> bool:
    try:
        held = json.loads(counts)
        return int(held["transactions"]) >= losses.transactions and int(held["deleted"]) >= losses.deleted
    except (ValueError, KeyError, TypeError):
        return False
