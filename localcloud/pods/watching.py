"""One process of a container, watched: its probes and its memory."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from localcloud.pods.commands import run_check
from localcloud.pods.manifest import ExecCheck, Unsupported
from localcloud.pods.probes import Tally, ask, listened
from localcloud.pods.starting import working_folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from localcloud.pods.addresses import Address
    from localcloud.pods.container import ContainerLife
    from localcloud.pods.manifest import Pod, Probe
    from localcloud.pods.processes import Process

_LOOK_AT_MEMORY = 0.5  # seconds


class Watching:
    """Watches one process; it tells the container's life what it finds, and kills what takes too much memory."""

    def __init__(self, life: ContainerLife, pod: Pod, address: Address, process: Process) -> None:
        self.over_memory = False
        self._life = life
        self._container = life.container
        self._pod = pod
        self._address = address
        self._process = process

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._measure())
            group.create_task(self._probe())

    async def _measure(self) -> None:
        limit = self._container.memory_limit
        while True:
            self._life.consumption = self._process.consumption()
            if limit is not None and self._life.consumption.memory > limit:
                self.over_memory = True
                self._process.signal(signal.SIGKILL)
            await asyncio.sleep(_LOOK_AT_MEMORY)

    async def _probe(self) -> None:
        """Nothing but the startup probe counts until it has passed; without a readiness probe a started container is ready."""
        container = self._container
        if container.startup and not self._life.standing.started:
            await self._wait_for_start(container.startup)
        self._life.is_ready(self._life.standing.ready if container.readiness else True)
        async with asyncio.TaskGroup() as group:
            if container.readiness:
                group.create_task(self._follow_readiness(container.readiness))
            if container.liveness:
                group.create_task(self._follow_liveness(container.liveness))

    async def _wait_for_start(self, probe: Probe) -> None:
        tally = Tally(passing=False)
        failures = 0
        async for good in self._answers(probe, "Startup"):
            tally = tally.after(probe, good=good)
            failures = 0 if good else failures + 1
            if tally.passing:
                return
            if failures >= probe.failure_threshold:
                failures = 0
                await self._life.restart(self._grace(probe), "failed startup probe, will be restarted")

    async def _follow_readiness(self, probe: Probe) -> None:
        tally = Tally(passing=self._life.standing.ready)
        async for good in self._answers(probe, "Readiness"):
            tally = tally.after(probe, good=good)
            self._life.is_ready(tally.passing)

    async def _follow_liveness(self, probe: Probe) -> None:
        tally = Tally(passing=True)
        async for good in self._answers(probe, "Liveness"):
            tally = tally.after(probe, good=good)
            if not tally.passing:
                await self._life.restart(self._grace(probe), "failed liveness probe, will be restarted")
                tally = Tally(passing=True)

    async def _answers(self, probe: Probe, name: str) -> AsyncIterator[bool]:
        """Whether each check was good, for ever; a failure is told."""
        check, port = probe.check, self._address.ports.get(probe.check.port, 0)
        if isinstance(check, Unsupported):  # a container that has it does not start, but another agent may have started it
            return
        await asyncio.sleep(probe.initial_delay)
        if not isinstance(check, ExecCheck):
            # A kubelet too asks first at some moment of the period; here it is the one in which there is somebody to ask.
            await listened(port, within=probe.period)
        while True:
            if isinstance(check, ExecCheck):
                why_not = await run_check(check.command, self._process, working_folder(self._container, self._process.place), probe.timeout)
            else:
                why_not = await ask(check, port, probe.timeout)
            if why_not:
                self._life.say("Unhealthy", f"{name} probe failed: {why_not}", warning=True)
            yield not why_not
            await asyncio.sleep(probe.period)

    def _grace(self, probe: Probe) -> float:
        return self._pod.grace if probe.grace is None else probe.grace
