"""One pod's life, from the moment that it is bound to a real node until it is gone."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from localcloud.pods.channels import open_channels
from localcloud.pods.container import ContainerLife
from localcloud.pods.manifest import read_pod
from localcloud.pods.node import Gone, insist, let_go
from localcloud.pods.processes import found
from localcloud.pods.recall import recalled, started_at
from localcloud.pods.states import Running, Terminated, now
from localcloud.pods.status import Document, PodStanding, contradicts, gates_of, status_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.pods.manifest import Container, Manifest
    from localcloud.pods.node import Node
    from localcloud.pods.processes import Process
    from localcloud.pods.states import Standing

_LAST_WORD = 30.0  # seconds, in which an API server takes the status of a pod that goes, unless it refuses it or is away


class PodLife:
    """A pod on one of the real nodes. `alive` are the processes, by mark, that another agent has left running."""

    def __init__(self, node: Node, manifest: Manifest, alive: Mapping[str, int]) -> None:
        self.pod = read_pod(manifest)
        self.address = node.book.give(self.pod.uid, (port for each in self.pod.every_container for port in each.ports))
        self._node = node
        self._alive = alive
        self._since = started_at(self.pod) or now()
        self._known: Document = manifest.get("status", {})
        self._pushed: Document | None = None
        self._gates: dict[str, str] = {}
        self._changed = asyncio.Event()
        self._asked_to_end = asyncio.Event()
        self._grace = self.pod.grace
        self._vanished = False
        self._is_ending = False
        # What an agent before this one has seen to its end; else a pod that is Ready would be told to be Pending for a moment.
        self._initialized = _is_initialized(self._known)
        standings = recalled(self.pod)
        self.lives = {each.name: self._life(each, standings[each.name]) for each in self.pod.every_container}
        self.hear(manifest)

    @property
    def is_over(self) -> bool:
        """Whether it is asked to end, or its containers have ended for good."""
        return self._asked_to_end.is_set() or self._known.get("phase") in {"Succeeded", "Failed"}

    def hear(self, manifest: Manifest) -> None:
        """Take note of the pod as the API has it now."""
        metadata, status = manifest["metadata"], manifest.get("status", {})
        if "deletionTimestamp" in metadata:
            self._grace = metadata.get("deletionGracePeriodSeconds", self.pod.grace)
            self._asked_to_end.set()
        if (gates := gates_of(self.pod, status)) != self._gates:
            self._gates = gates
            self._changed.set()
        if self._pushed is not None and contradicts(status, self._pushed):
            # The node controller calls every pod of a node unready that kwok has not kept alive, and takes nothing back.
            self._pushed, self._known = None, status
            self._changed.set()

    def vanish(self) -> None:
        """The pod is gone without having been asked to end: kill what it runs."""
        self._vanished, self._grace = True, 0
        self._asked_to_end.set()
        for life in self.lives.values():
            life.kill()

    async def run(self, delay: float = 0.0) -> None:
        """Live until the pod is gone. Cancelled, it leaves all processes alone.

        After a fault it may be run again, which takes up what runs; `delay` is for how many seconds it leaves everything as it is, unless
        it is asked to end meanwhile.
        """
        await self._pause(delay)
        if not self._asked_to_end.is_set():
            await self._live_until_asked()
        self._is_ending = True
        await self._end()

    async def _live_until_asked(self) -> None:
        living = asyncio.create_task(self._live())
        asked = asyncio.create_task(self._asked_to_end.wait())
        try:
            await asyncio.wait({living, asked}, return_when=asyncio.FIRST_COMPLETED)
            if living.done():
                living.result()
                await asked
        finally:
            living.cancel()
            asked.cancel()
            await asyncio.wait({living})

    async def _pause(self, delay: float) -> None:
        if self._is_ending:
            await asyncio.sleep(delay)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._asked_to_end.wait()

    async def _live(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell())
            group.create_task(self._work())

    def _life(self, container: Container, standing: Standing) -> ContainerLife:
        policy = self.pod.restart_policy
        if container in self.pod.init_containers:
            policy = "Always" if container.stays else "Never" if policy == "Never" else "OnFailure"
        return ContainerLife(
            self._node,
            self.pod,
            container,
            policy=policy,
            address=self.address,
            standing=standing,
            process=self._left(container, standing),
            changed=self._changed.set,
        )

    async def _work(self) -> None:
        """Start the containers in their order, and keep them running until all have ended for good."""
        self._changed.set()
        await insist(lambda: open_channels(self._node, self.pod, self.address))
        if self._known.get("phase") in {"Succeeded", "Failed"}:
            self._initialized = True
            self._changed.set()
            return
        async with asyncio.TaskGroup() as group:
            sidecars: dict[str, asyncio.Task[None]] = {}
            for container in self.pod.init_containers:
                life = self.lives[container.name]
                task = group.create_task(life.run())
                if container.stays:
                    sidecars[container.name] = task
                    await life.has_started.wait()
                    continue
                await task
                if isinstance(life.standing.state, Terminated) and life.standing.state.exit_code:
                    return
            self._initialized = True
            self._changed.set()
            await self._run_all()
            for name, task in sidecars.items():
                task.cancel()
                await self.lives[name].end(self.pod.grace)

    async def _run_all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for container in self.pod.containers:
                group.create_task(self.lives[container.name].run())

    def _left(self, container: Container, standing: Standing) -> Process | None:
        """The process that another agent has left to this one; it may have ended since."""
        process = found(self._node.place(self.pod.uid, container.name), self._alive)
        return process if isinstance(standing.state, Running) or process.is_there else None

    async def _tell(self) -> None:
        """Tell the API whenever the pod stands otherwise."""
        with suppress(Gone):
            while True:
                await self._changed.wait()
                self._changed.clear()
                await self._push()

    async def _push(self) -> None:
        standing = PodStanding(
            pod=self.pod,
            ip=self.address.ip,
            since=self._since,
            containers={name: life.standing for name, life in self.lives.items()},
            initialized=self._initialized,
            ending=self._asked_to_end.is_set(),
            gates=self._gates,
        )
        document = status_document(standing, self._known, now())
        if document == self._pushed:
            return
        patch = {"metadata": {"uid": self.pod.uid}, "status": document}
        await insist(lambda: self._node.api.patch_status("v1", "Pod", self.pod.name, patch, self.pod.namespace))
        self._pushed = self._known = document

    async def _end(self) -> None:
        """End all containers within the pod's grace, tell how they ended, and let the pod go."""
        for life in self.lives.values():
            if isinstance(life.standing.state, Running):
                life.say("Killing", f"Stopping container {life.container.name}")
        await asyncio.gather(*(life.end(self._grace) for life in self.lives.values()))
        if not self._vanished:
            with suppress(Gone, TimeoutError):
                async with asyncio.timeout(_LAST_WORD):
                    await self._push()
            await let_go(self._node, self.pod)
        shutil.rmtree(self._node.pod_folder(self.pod.uid), ignore_errors=True)


def _is_initialized(status: Document) -> bool:
    return any((each["type"], each["status"]) == ("Initialized", "True") for each in status.get("conditions", ()))
