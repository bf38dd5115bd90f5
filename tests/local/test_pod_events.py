"""Events of pods that the API server did not take at once, or no longer has."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from local.pod_nodes import Api, manifest, seen

from localcloud.pods.events import Events, Said
from localcloud.pods.manifest import read_pod

if TYPE_CHECKING:
    import pytest

UNHEALTHY = Said(read_pod(manifest()), "Unhealthy", "Readiness probe failed: no", warning=True)


def test_what_happens_while_the_api_server_is_away_is_told_once_it_is_back() -> None:
    api = Api(away=True)
    events = Events(api)

    async def go() -> None:
        telling = asyncio.create_task(events.run())
        events.record(UNHEALTHY)
        await asyncio.sleep(0.1)
        assert api.events == []
        api.away = False
        await seen(lambda: api.reasons() == {"Unhealthy"})
        telling.cancel()

    asyncio.run(go())
    assert len(api.events) == 1


def test_what_happens_again_after_its_event_has_expired_is_told_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localcloud.pods.events._AT_MOST_EVERY", 0.0)
    api = Api()
    events = Events(api)

    async def go() -> None:
        telling = asyncio.create_task(events.run())
        events.record(UNHEALTHY)
        await seen(lambda: api.events)
        api.expired.add(api.events[0]["metadata"]["name"])
        events.record(UNHEALTHY)
        await seen(lambda: [each["count"] for each in api.events] == [1, 2])
        telling.cancel()

    asyncio.run(go())
