"""The outbox: what people are to be told, kept on this machine from before it is sent until it is heard."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from automation.core.messages import MessageInvalid, message_in
from automation.errors import HhctlError
from automation.ports import durable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from automation.core.messages import Message


def state_folder(environment: Mapping[str, str]) -> Path:
    """Return where hhctl keeps what it remembers for this user (XDG Base Directory: state)."""
    return Path(environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "hhctl"


@dataclass(frozen=True, slots=True)
class Outbox:
    """A folder with a file for each message that nobody has heard yet."""

    folder: Path

    def put(self, messages: Iterable[Message]) -> None:
        """Keep messages, on the disk before this returns; one that is there already is left as it is.

        Raises:
            HhctlError: they cannot be kept.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for message in messages:
                if not (file := self._file(message)).exists():
                    draft = self.folder / f".{message.id}"
                    durable.write(draft, json.dumps(message.document()))
                    draft.replace(file)
            durable.settle(self.folder)
        except OSError as error:
            raise HhctlError(f"{self.folder}: {error.strerror or error}", hint=f"ls -ld {self.folder}") from error

    def left(self) -> tuple[Message, ...]:
        """Return what nobody has heard yet, oldest first.

        Raises:
            HhctlError: a file of it cannot be read.
        """
        found: list[Message] = []
        for file in sorted(self.folder.glob("[!.]*.json")):
            try:
                found.append(message_in(json.loads(file.read_text())))
            except FileNotFoundError:
                continue  # another process has sent it meanwhile
            except (OSError, ValueError, MessageInvalid) as error:
                raise HhctlError(f"{file}: {error}", hint=f"mend or remove {file}") from error
        return tuple(found)

    def heard(self, message: Message) -> None:
        """Forget a message."""
        self._file(message).unlink(missing_ok=True)

    def _file(self, message: Message) -> Path:
        return self.folder / f"{message.id}.json"
