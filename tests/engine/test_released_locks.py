"""A lock that its holder lets go of while somebody else's CLI looks at it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from engine.world import STACK, in_a_bucket, update

from automation.core.updates import Outcome
from automation.engine.names import LOCKS
from automation.engine.troubles import Overtaken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from engine.world import World
    from moto.server import ThreadedMotoServer

    from automation.engine.engine import PulumiEngine

LOCK = f"{LOCKS.format(stack=STACK)}/6d9a.json"


class Brief:
    """What stands before a bucket: the CLI's lists of locks have one of somebody's, which is gone when it is read, `times` times."""

    def __init__(self, server: Callable[..., Iterable[bytes]], world: World, *, times: int) -> None:
        self._server = server
        self._world = world
        self.left = times

    def __call__(self, asked: dict[str, Any], answer: Callable[..., object]) -> Iterable[bytes]:
        if self.left and "aws-sdk-go" in asked["HTTP_USER_AGENT"] and asked["REQUEST_METHOD"] == "GET":
            if asked["PATH_INFO"].endswith(LOCK):
                self.left -= 1
                self._world.store.delete(LOCK)
            elif "locks" in asked["QUERY_STRING"]:
                self._world.put(LOCK, json.dumps(_SOMEBODYS).encode())
        return self._server(asked, answer)


_SOMEBODYS = {"pid": 1, "username": "bob", "hostname": "elsewhere", "timestamp": datetime.now(UTC).isoformat()}


@pytest.fixture
def briefly_locked(s3_server: ThreadedMotoServer, world: World) -> Iterator[Callable[[int], Brief]]:
    """Let the CLI see, so many times, a lock that is gone when it reads it."""
    server = s3_server._server
    assert server
    whole = server.app

    def begin(times: int) -> Brief:
        server.app = Brief(whole, world, times=times)
        return server.app

    yield begin
    server.app = whole


@in_a_bucket
def test_an_update_that_meets_one_is_tried_again(engine: PulumiEngine, briefly_locked: Callable[[int], Brief]) -> None:
    update(engine, 3)
    brief = briefly_locked(2)
    done = update(engine, 4)
    assert (done.outcome, done.revision, brief.left) == (Outcome.SUCCEEDED, 2, 0)
    assert engine.holders(STACK) == ()


@in_a_bucket
def test_an_update_that_meets_them_for_ever_says_so(engine: PulumiEngine, briefly_locked: Callable[[int], Brief]) -> None:
    update(engine, 3)
    briefly_locked(100)
    with pytest.raises(Overtaken, match="the state of stack prod was changed while the engine read it"):
        update(engine, 4)
