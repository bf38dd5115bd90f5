"""What hhctl asks of its worker, a line each on the worker's stdin, and the file that an operation leaves behind."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any

EVENTS = "events.jsonl"
"""What the CLI tells of resources; secrets are masked in it."""

SETTINGS = "settings.json"
ENDED = "ended.json"
STDOUT = "stdout.txt"
STDERR = "stderr.txt"
PROGRAM_LOG = "program.txt"


class Verb(Enum):
    """What the CLI is started for.

    DRIFT is a preview that reads the world; REPAIR is an update that reads it first. SETTLE reads the world and forgets the creations
    that an engine was killed in; like the updates it runs the program, and so its guard. CREATE makes a stack without resources.
    """

    CREATE = "create"
    PREVIEW = "preview"
    DRIFT = "drift"
    UPDATE = "update"
    REPAIR = "repair"
    SETTLE = "settle"


@dataclass(frozen=True, slots=True)
class Order:
    """One start of the CLI. `folder` is the operation's own, with its settings; `base` and `revision` are what the guard holds it to."""

    verb: Verb
    stack: str
    backend: str
    secrets_provider: str
    folder: Path
    message: str
    base: int
    revision: int

    def to_line(self) -> str:
        """Write the order as one line."""
        return json.dumps({"start": {**asdict(self), "verb": self.verb.value, "folder": str(self.folder)}})


class Signal(Enum):
    """What reaches an operation from its operator: STOP lets calls in flight finish, KILL does not."""

    STOP = "stop"
    KILL = "kill"

    def to_line(self, folder: Path) -> str:
        """Write the signal as one line, to the operation of `folder`."""
        return json.dumps({self.value: str(folder)})


def read_line(line: str) -> Order | tuple[Signal, Path]:
    """Read what `to_line` wrote."""
    told: dict[str, Any] = json.loads(line)
    [(word, held)] = told.items()
    if word == "start":
        order: dict[str, Any] = {**held, "verb": Verb(held["verb"]), "folder": Path(held["folder"])}
        return Order(**order)
    return Signal(word), Path(held)


@dataclass(frozen=True, slots=True)
class Ended:
    """How an operation ended: the CLI's exit code, negative for a signal, and whether the guard refused; `winner` had moved the stack."""

    exit_code: int
    refused: bool = False
    winner: str = ""

    def write(self, folder: Path) -> None:
        """Leave it in the operation's folder, whole or not at all."""
        unfinished = folder / f"{ENDED}.new"
        unfinished.write_text(json.dumps(asdict(self)), encoding="utf-8")
        unfinished.rename(folder / ENDED)


def read_ended(folder: Path) -> Ended | None:
    """How the operation of `folder` ended, None while it runs."""
    try:
        return Ended(**json.loads((folder / ENDED).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
