"""What users do: mostly look, sometimes write, now and then log in; drawn by chance, the same for the same seed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localcloud.edge.message import Message

if TYPE_CHECKING:
    import random

_KINDS = {"tasks": 55, "users": 15, "task": 25, "session": 5}  # per cent
_USERS = 20


@dataclass(frozen=True, slots=True)
class Wish:
    """A request to make; `number` is that of the task that it writes, None where it writes none."""

    request: Message
    number: int | None = None


@dataclass(slots=True)
class Wishes:
    """Makes up requests for `host`. Tasks that are written are numbered from `first` up, so that a lost one shows."""

    host: str
    chance: random.Random
    first: int
    users: list[str] = field(default_factory=list[str])
    _written: int = 0

    def next(self) -> Wish:
        """What somebody wants next."""
        [kind] = self.chance.choices(list(_KINDS), weights=list(_KINDS.values()))
        match kind:
            case "tasks":
                return Wish(self._get("/tasks?limit=20"))
            case "task":
                number = self.first + self._written
                self._written += 1
                return Wish(self._post("/tasks", {"title": f"task {number}", "number": number}), number)
            case "session" if self.users:
                return Wish(self._post("/sessions", {"user": self.chance.choice(self.users)}))
            case "session":
                name = f"user-{self.chance.randrange(_USERS)}"
                return Wish(self._post("/users", {"email": f"{name}@{self.host}", "name": name}))
            case _:
                return Wish(self._get("/users?limit=20"))

    def hear(self, wish: Wish, answer: Message) -> None:
        """Learn from an answer who there is."""
        if wish.request.first[1].startswith("/users?") and answer.status == 200:
            self.users = [user["id"] for user in json.loads(answer.body)["users"]]

    def _get(self, path: str) -> Message:
        return Message(("GET", path, "HTTP/1.1"), (("Host", self.host),))

    def _post(self, path: str, fields: dict[str, str | int]) -> Message:
        body = json.dumps(fields).encode()
        headers = (("Host", self.host), ("Content-Type", "application/json"), ("Content-Length", str(len(body))))
        return Message(("POST", path, "HTTP/1.1"), headers, body)
