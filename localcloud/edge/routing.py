"""Keeps a gateway's table as the cluster has it."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from localcloud.edge.announcing import GATEWAY, Announcer
from localcloud.edge.table import Namespaced, Objects, named
from localcloud.kube_watch import Deleted, Listed, News, Seen, Watched, follow
from localcloud.pods.addresses import read_addresses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.edge.gateway import Gateway
    from localcloud.folder import CloudFolder
    from localcloud.kube_api import KubeApi, Manifest

_ROUTES = Watched("gateway.networking.k8s.io/v1", "HTTPRoute")
_SERVICES = Watched("v1", "Service")
_SLICES = Watched("discovery.k8s.io/v1", "EndpointSlice")
_SETTLES = 0.02  # seconds; a rollout changes several objects at once


class Routing:
    """Follows the cluster of one region."""

    def __init__(self, api: KubeApi, gateway: Gateway, *, folder: CloudFolder, region: str) -> None:
        self._api = api
        self._announcer = Announcer(api)
        self._gateway = gateway
        self._folder = folder
        self._region = region
        self._objects = Objects()
        self._held: Mapping[Watched, dict[Namespaced, Manifest]] = {
            _ROUTES: self._objects.routes,
            _SERVICES: self._objects.services,
            _SLICES: self._objects.slices,
        }
        self._unlisted = set(self._held)

    async def run(self) -> None:
        """Follow, for ever."""
        await asyncio.to_thread(self._announcer.announce)
        news: asyncio.Queue[News] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def tell(each: News) -> None:
            loop.call_soon_threadsafe(news.put_nowait, each)

        for watched in self._held:
            # Daemons: a watch that waits for an API server delays no end.
            threading.Thread(target=follow, args=(self._api, watched, tell), name=f"watch-{watched.kind}", daemon=True).start()
        while True:
            self._take(await news.get())
            await asyncio.sleep(_SETTLES)
            while not news.empty():
                self._take(news.get_nowait())
            if not self._unlisted:
                self._gateway.take(self._objects.table(GATEWAY), read_addresses(self._folder, self._region))
                for route in list(self._objects.routes.values()):
                    await asyncio.to_thread(self._announcer.tell, route, self._objects.missing(route))

    def _take(self, news: News) -> None:
        held = self._held[news.watched]
        match news:
            case Listed(watched, manifests):
                held.clear()
                held.update((named(manifest), manifest) for manifest in manifests)
                self._unlisted.discard(watched)
            case Seen(_, manifest):
                held[named(manifest)] = manifest
            case Deleted(_, manifest):
                held.pop(named(manifest), None)
