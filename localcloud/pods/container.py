"""One container's life: started, watched, started again, until it has ended for good."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from dataclasses import replace
from subprocess import SubprocessError
from typing import TYPE_CHECKING

from localcloud.kube_api import KubeError
from localcloud.pods.channels import open_exec
from localcloud.pods.environment import ConfigFault
from localcloud.pods.events import Said
from localcloud.pods.node import Gone, insist
from localcloud.pods.processes import Consumption
from localcloud.pods.starting import start_container
from localcloud.pods.states import (
    CONFIG_ERROR,
    CRASH_LOOP,
    CREATE_ERROR,
    PULL_BACK_OFF,
    PULL_FAILED,
    BackOff,
    Running,
    Terminated,
    end_reason,
    is_restarted,
    now,
)
from localcloud.pods.watching import Watching

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.pods.addresses import Address
    from localcloud.pods.manifest import Container, Pod
    from localcloud.pods.node import Image, Node
    from localcloud.pods.processes import End, Process
    from localcloud.pods.states import Standing

_SAY_PULL_FAILED = 2.0  # seconds between a failed pull and the word that it is being waited for
_TRY_AGAIN = 2.0  # seconds


class ContainerLife:
    """A container of a pod under a restart policy. `standing` is how it is now; `changed` is called whenever it is another.

    `process` is what another agent has left running.
    """

    def __init__(
        self,
        node: Node,
        pod: Pod,
        container: Container,
        *,
        policy: str,
        address: Address,
        standing: Standing,
        process: Process | None,
        changed: Callable[[], None],
    ) -> None:
        self.container = container
        self.standing = standing
        self.consumption = Consumption(memory=0, cpu=0.0)
        self.has_started = asyncio.Event()
        self._node = node
        self._pod = pod
        self._policy = policy
        self._address = address
        self._changed = changed
        self._starting: asyncio.Task[Process] | None = None
        self._process = process

    async def run(self) -> None:
        """Live until the container has ended and is not to be started again; run again after a fault, it takes up what runs."""
        if self._starting:
            await asyncio.wait({self._starting})  # whatever has come of it
        back_off = BackOff().longer() if self.standing.restarts else BackOff()
        if process := self._process:
            self._is_found(process)
            back_off = await self._live_on(process, back_off)
        elif self.standing.id and not self._is_over():
            await self._hold_back(back_off)
        while not self._is_over():
            back_off = await self._live_on(await self._start(), back_off)

    async def end(self, grace: float) -> None:
        """End the process, if there is one or one is being started, within `grace` seconds. Called once `run` has been cancelled."""
        if self._starting:
            await asyncio.wait({self._starting})  # whatever has come of it
        if self._process:
            self._is_found(self._process)
            self._has_ended(await self._stop(self._process, grace), over_memory=False)

    def kill(self) -> None:
        """Kill the process, if there is one, without more ado."""
        if self._process:
            self._process.signal(signal.SIGKILL)

    def _is_found(self, process: Process) -> None:
        """Another agent has started it, and may have told nobody."""
        if not isinstance(self.standing.state, Running):
            self.become(self.standing.runs(process.id, image_id="", since=now()))

    async def _live_on(self, process: Process, back_off: BackOff) -> BackOff:
        """Watch a process to its end, and wait as long as the next one must; the back-off after that."""
        over = await self._live(process)
        if self._is_over():
            return back_off
        await self._hold_back(back_off)
        return back_off.after(over)

    def _is_over(self) -> bool:
        state = self.standing.state
        return isinstance(state, Terminated) and not is_restarted(self._policy, state.exit_code)

    async def _live(self, process: Process) -> Terminated:
        self._process = process
        watching = Watching(self, self._pod, self._address, process)
        watch = asyncio.create_task(watching.run())
        end = asyncio.create_task(process.ended())
        try:
            await asyncio.wait({watch, end}, return_when=asyncio.FIRST_COMPLETED)
            if watch.done():
                watch.result()  # a watch has no end of its own, only faults
            over = self._has_ended(await end, over_memory=watching.over_memory)
        finally:
            watch.cancel()
            end.cancel()
        return over

    def _has_ended(self, end: End, *, over_memory: bool) -> Terminated:
        self._process = None
        self.consumption = Consumption(memory=0, cpu=0.0)
        reason = "StartError" if end.message else end_reason(end.code, over_memory=over_memory)
        self.become(self.standing.ends(end.code, reason, until=end.at, message=end.message))
        over = self.standing.state
        assert isinstance(over, Terminated)  # noqa: S101 - what `ends` promises
        return over

    async def _hold_back(self, back_off: BackOff) -> None:
        if not back_off.delay:
            return
        pod, name = f"{self._pod.name}_{self._pod.namespace}({self._pod.uid})", self.container.name
        message = f"back-off {back_off.delay:.0f}s restarting failed container={name} pod={pod}"
        self.become(self.standing.waits(CRASH_LOOP, message))
        self.say("BackOff", f"Back-off restarting failed container {name} in pod {pod}", warning=True)
        await asyncio.sleep(back_off.delay)

    async def _start(self) -> Process:
        image = await self._pull()
        # A pod that is deleted meanwhile must know of the process, so the start is not cancelled with the rest.
        while True:
            self._starting = asyncio.create_task(self._bring_up(image))
            try:
                process = await asyncio.shield(self._starting)
                break
            except ConfigFault as fault:
                self._fails_to_start(CONFIG_ERROR, str(fault))
            except (OSError, ValueError, SubprocessError) as fault:
                self._fails_to_start(CREATE_ERROR, f"{type(fault).__name__}: {fault}")
            except KubeError:
                pass  # it has been told where the API server is asked for the pod itself
            await asyncio.sleep(_TRY_AGAIN)
        with suppress(Gone):
            await insist(lambda: open_exec(self._node, self._pod, self._address))
        return process

    def _fails_to_start(self, reason: str, why: str) -> None:
        self.become(self.standing.waits(reason, why))
        self.say("Failed", f"Error: {why}", warning=True)

    async def _bring_up(self, image: Image) -> Process:
        process = await asyncio.to_thread(start_container, self._node, self._pod, self.container, image, self._address)
        self._process = process
        self.say("Created", f"Created container: {self.container.name}")
        self.say("Started", f"Started container {self.container.name}")
        self.become(self.standing.runs(process.id, image_id=f"{self.container.image.partition('@')[0]}@{image.digest}", since=now()))
        return process

    async def _pull(self) -> Image:
        reference, back_off = self.container.image, BackOff()
        if self.standing.id and (image := self._node.images.find(reference)):
            self.say("Pulled", f'Container image "{reference}" already present on machine')
            return image
        self.say("Pulling", f'Pulling image "{reference}"')
        while (image := self._node.images.find(reference)) is None:
            why = f"rpc error: code = NotFound desc = {reference}: not found"
            self.say("Failed", f'Failed to pull image "{reference}": {why}', warning=True)
            self.say("Failed", f"Error: {PULL_FAILED}", warning=True)
            self.become(self.standing.waits(PULL_FAILED, why))
            await asyncio.sleep(_SAY_PULL_FAILED)
            back_off = back_off.longer()
            self.say("BackOff", f'Back-off pulling image "{reference}"')
            self.become(self.standing.waits(PULL_BACK_OFF, f'Back-off pulling image "{reference}": {PULL_FAILED}: {why}'))
            await asyncio.sleep(back_off.delay)
        self.say("Pulled", f'Successfully pulled image "{reference}"')
        return image

    async def restart(self, grace: float, why: str) -> None:
        """End the process, since a probe says that it is not well; the restart policy says what follows."""
        if self._process:
            self.say("Killing", f"Container {self.container.name} {why}")
            await self._stop(self._process, grace)

    async def _stop(self, process: Process, grace: float) -> End:
        try:
            async with asyncio.timeout(grace):
                await asyncio.sleep(self.container.pre_stop)
                process.signal(signal.SIGTERM)
                return await process.ended()
        except TimeoutError:
            process.signal(signal.SIGKILL)
        return await process.ended()

    def become(self, standing: Standing) -> None:
        """Be so from now on, and let it be known if that is news."""
        if standing == self.standing:
            return
        self.standing = standing
        if standing.started:
            self.has_started.set()
        self._changed()

    def is_ready(self, ready: bool) -> None:  # noqa: FBT001 - it is the value that is told, and it chooses nothing
        """Whether the container serves now."""
        self.become(replace(self.standing, started=True, ready=ready))

    def say(self, reason: str, message: str, *, warning: bool = False) -> None:
        """Record an event of this container."""
        self._node.events.record(Said(self._pod, reason, message, container=self.container.name, warning=warning))
