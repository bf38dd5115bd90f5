"""Lines of logs: which tell of errors, and which say the same. Pure."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

# The words for levels that logging libraries of several languages share.
_ERROR_LEVELS = frozenset({"error", "err", "fatal", "critical", "crit", "panic", "alert", "emerg", "severe"})
_LEVELS = _ERROR_LEVELS | {"trace", "debug", "info", "notice", "warn", "warning"}
_LEVEL_KEYS = ("level", "severity", "lvl", "levelname")
_MESSAGE_KEYS = ("message", "msg", "event")
_ERROR_WORDS = re.compile(r"\b(error|fatal|panic|exception|traceback|critical)\b", re.IGNORECASE)

# What differs between two lines that say the same, the longest shapes first.
_VARIABLE = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "<uuid>"),
    (re.compile(r"\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?"), "<time>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "<address>"),
    (re.compile(r"\b(?:0x)?(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b", re.IGNORECASE), "<hex>"),
    (re.compile(r"\d+(?:\.\d+)?"), "<n>"),
)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a container: `at` as the cluster stamped it (RFC 3339, so that text sorts by time), `level` in lower case or empty."""

    at: str
    pod: str
    level: str
    says: str

    @property
    def is_error(self) -> bool:
        """Whether it tells of an error: by its level, or by its words where it has none."""
        return self.level in _ERROR_LEVELS if self.level else _ERROR_WORDS.search(self.says) is not None


@dataclass(frozen=True, slots=True)
class Pattern:
    """Lines that say the same but for numbers and names: how many, of which pods, when first and last, and the newest of them."""

    says: str
    count: int
    pods: tuple[str, ...]
    first: str
    last: str
    newest: str


def read_line(text: str, *, pod: str) -> LogLine:
    """Read a line as `kubectl logs --timestamps` gives it: a time, and either JSON with level and message or words."""
    at, _, said = text.partition(" ")
    table = _table(said)
    level = next((str(table[key]).lower() for key in _LEVEL_KEYS if table.get(key)), "")
    says = next((str(table[key]) for key in _MESSAGE_KEYS if table.get(key)), said)
    return LogLine(at, pod, level or _level_in(says), says)


def patterns(lines: Iterable[LogLine]) -> tuple[Pattern, ...]:
    """Group lines that say the same, the most frequent first."""
    groups: defaultdict[str, list[LogLine]] = defaultdict(list)
    for line in lines:
        groups[pattern_of(line.says)].append(line)
    found = [_pattern(says, sorted(group, key=lambda line: line.at)) for says, group in groups.items()]
    return tuple(sorted(found, key=lambda pattern: (-pattern.count, pattern.says)))


def pattern_of(says: str) -> str:
    """Return what a line says with a word in place of everything that differs from one time to the next."""
    for shape, word in _VARIABLE:
        says = shape.sub(word, says)
    return says


def _pattern(says: str, group: list[LogLine]) -> Pattern:
    pods = tuple(sorted({line.pod for line in group}))
    return Pattern(says, len(group), pods, first=group[0].at, last=group[-1].at, newest=group[-1].says)


def _table(said: str) -> dict[str, Any]:
    if not said.startswith("{"):
        return {}
    try:
        read: object = json.loads(said)
    except ValueError:
        return {}
    return cast("dict[str, Any]", read) if isinstance(read, dict) else {}


def _level_in(says: str) -> str:
    """Find a level that a line of words begins with, as in `ERROR: …` or `[warn] …`."""
    first = says.split(maxsplit=1)[0].strip("[]:<>()").lower() if says.strip() else ""
    return first if first in _LEVELS else ""
