"""What a look at the machine, the specs or the world found; `hhctl doctor` prints these."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How much a finding matters: only BLOCKING stands in the way of an operation."""

    OK = "ok"
    WARNING = "warning"
    BLOCKING = "blocking"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `subject` names it, `seen` says what was there, `fix` is the next thing to type or change."""

    subject: str
    seen: str
    level: Level
    fix: str = ""
