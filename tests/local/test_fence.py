"""The fence: which region may serve by what the two switches said last, and what a switch that is silent changes of that."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import threading
from contextlib import closing

import pytest

from components.switch_object import SwitchState
from localcloud.pods.probes import listened
from localcloud.sidecars.fence import Fence, _watch, may_serve
from tests.free_ports import free_port

ON, OFF = SwitchState(active=True, revision=1, term=7), SwitchState(active=False, revision=1, term=7)


@pytest.mark.parametrize(
    ("own", "other", "serves"),
    [
        (SwitchState(active=True, revision=9, term=6), ON, False),
        (SwitchState(active=True, revision=9, term=8), ON, True),
        (SwitchState(active=True, revision=9, term=6), OFF, True),
        (SwitchState(active=False, revision=9, term=6), ON, True),
        (None, ON, False),
        (None, OFF, True),
        (ON, None, True),
        (OFF, None, True),
        (None, None, True),
    ],
)
def test_a_region_is_fenced_by_a_newer_switch_and_where_its_own_was_never_read_by_any(
    *, own: SwitchState | None, other: SwitchState | None, serves: bool
) -> None:
    assert may_serve(own=own, other=other) is serves


def test_a_region_whose_own_store_is_down_is_fenced_by_what_it_knew_of_its_own_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    read: dict[str, SwitchState | None] = {"own": SwitchState(active=True, revision=9, term=6), "other": OFF}
    monkeypatch.setattr("localcloud.sidecars.fence.look_at", lambda switch: read[switch])
    fence = Fence(own="own", other="other")

    def answers() -> bool:
        for switch in fence.switches:
            asyncio.run(fence.look(switch))
        return fence.serves

    served = [answers()]
    read.update(own=None)
    served.append(answers())
    read.update(other=ON)
    served.append(answers())
    read.update(own=None, other=None)
    served.append(answers())
    read.update(own=SwitchState(active=True, revision=10, term=8))
    served.append(answers())
    assert served == [True, True, False, False, True]


def test_a_switch_that_hangs_holds_up_neither_the_other_one_nor_the_first_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    never, port = threading.Event(), free_port()

    def look(switch: str) -> SwitchState | None:
        return ON if switch == "other" else (never.wait(), None)[1]

    monkeypatch.setattr("localcloud.sidecars.fence.look_at", look)
    monkeypatch.setattr("localcloud.sidecars.fence._PATIENCE", 0.1)

    async def ask() -> int:
        watching = asyncio.create_task(_watch(Fence(own="own", other="other"), port, 0.05))
        await listened(port, within=10)
        status = await asyncio.to_thread(status_of, port)
        os.kill(os.getpid(), signal.SIGTERM)
        never.set()
        await watching
        return status

    assert asyncio.run(ask()) == 503


def status_of(port: int) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as probe:
        probe.request("GET", "/ready")
        return probe.getresponse().status
