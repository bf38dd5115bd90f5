"""The node agent of a region: a life for each pod that is bound to one of the real nodes."""

from __future__ import annotations

import asyncio
import logging
import shutil
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

from automation.errors import HhctlError
from localcloud.kube_watch import Deleted, Listed, News, Seen, Watched, follow
from localcloud.pods import NODES
from localcloud.pods.events import Said
from localcloud.pods.manifest import refused_pod
from localcloud.pods.node import let_go
from localcloud.pods.pod import PodLife
from localcloud.pods.processes import end_strays, processes_by_mark
from localcloud.pods.states import BackOff
from localcloud.pods.targets import Targets
from localcloud.pods.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.pods.manifest import Manifest, Pod
    from localcloud.pods.node import Node

_THREADS = 12
# What reading a manifest can come to that is not as this agent expects it.
_FAULTS = (ArithmeticError, AttributeError, HhctlError, LookupError, OSError, TypeError, ValueError)

_log = logging.getLogger(__name__)


class Agent:
    """Keeps the pods of one region's real nodes alive; `ready` once it has seen all that there are."""

    def __init__(self, node: Node) -> None:
        self.ready = asyncio.Event()
        self._node = node
        self._lives: dict[str, PodLife] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._alive: Mapping[str, int] = {}
        self._nodes: dict[Watched, str] = {}
        self._unlisted = set(NODES)

    async def run(self) -> None:
        """Work until cancelled; processes outlive it."""
        self._alive = await asyncio.to_thread(processes_by_mark, self._node.folder, self._node.region)
        self._node.book.recall(path.name for path in self._node.pods_folder.iterdir())
        news: asyncio.Queue[News] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def tell(each: News) -> None:
            loop.call_soon_threadsafe(news.put_nowait, each)

        for name in NODES:
            # Daemons: a watch that waits for an API server delays no end.
            bound = Watched("v1", "Pod", f"spec.nodeName={name}")
            self._nodes[bound] = name
            threading.Thread(target=follow, args=(self._node.api, bound, tell), name=f"watch-{name}", daemon=True).start()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._node.events.run())
            group.create_task(Usage(self._node, self._lives).run())
            group.create_task(Targets(self._node, self._lives, self.ready).run())
            while True:
                self._take(await news.get())

    def _take(self, news: News) -> None:
        match news:
            case Listed(watched, pods):
                self._compare(self._nodes[watched], pods)
            case Seen(_, pod):
                self._see(pod)
            case Deleted(_, pod):
                self._lose(pod["metadata"]["uid"])

    def _compare(self, node: str, pods: tuple[Manifest, ...]) -> None:
        for manifest in pods:
            self._see(manifest)
        there = {manifest["metadata"]["uid"] for manifest in pods}
        for uid, life in list(self._lives.items()):
            if life.pod.manifest["spec"]["nodeName"] == node and uid not in there:
                self._lose(uid)
        self._unlisted.discard(node)
        if not self._unlisted and not self.ready.is_set():
            self._clear_up()
            self.ready.set()

    def _clear_up(self) -> None:
        """End what an agent before this one has left of pods that are no more."""
        end_strays(self._alive, keep=self._lives)
        for folder in self._node.pods_folder.iterdir():
            if folder.name not in self._lives:
                shutil.rmtree(folder, ignore_errors=True)  # its keeper may be writing down the end at this moment
                self._node.book.take_back(folder.name)

    def _see(self, manifest: Manifest) -> None:
        uid = manifest["metadata"]["uid"]
        try:
            if life := self._lives.get(uid):
                life.hear(manifest)
                return
            life = self._lives[uid] = PodLife(self._node, manifest, self._alive)
        except _FAULTS as fault:
            self._refuse(refused_pod(manifest), fault)
            return
        self._start(life, BackOff())

    def _start(self, life: PodLife, back_off: BackOff) -> None:
        self._tasks[life.pod.uid] = task = asyncio.create_task(life.run(back_off.delay))
        task.add_done_callback(lambda task: self._over(life, task, back_off))

    def _refuse(self, pod: Pod, fault: Exception) -> None:
        """Tell what is wrong with a manifest; without a life that could do so, let its pod go once it is asked to."""
        _log.error("pod %s/%s cannot be read", pod.namespace, pod.name, exc_info=fault)
        message = f"Failed to create pod sandbox: {_words_of(fault)}"
        self._node.events.record(Said(pod, "FailedCreatePodSandBox", message, warning=True))
        if "deletionTimestamp" in pod.manifest["metadata"] and pod.uid not in self._tasks:
            self._tasks[pod.uid] = task = asyncio.create_task(let_go(self._node, pod))
            task.add_done_callback(lambda _: self._tasks.pop(pod.uid))

    def _lose(self, uid: str) -> None:
        if life := self._lives.get(uid):
            life.vanish()
        else:
            self._forget(uid)

    def _forget(self, uid: str) -> None:
        self._node.book.take_back(uid)
        self._node.events.forget(uid)

    def _over(self, life: PodLife, task: asyncio.Task[None], back_off: BackOff) -> None:
        if task.cancelled():
            return
        pod, uid = life.pod, life.pod.uid
        if fault := task.exception():
            # The others live on; this one's processes are left as they are until it is taken up again.
            _log.error("pod %s/%s", pod.namespace, pod.name, exc_info=fault)
            message = f"error syncing pod: {_words_of(fault)}"
            self._node.events.record(Said(pod, "FailedSync", message, warning=True))
            self._start(life, back_off.longer())
            return
        del self._lives[uid], self._tasks[uid]
        self._forget(uid)


def _words_of(fault: BaseException) -> str:
    """What is wrong at the bottom of a fault of several tasks."""
    if isinstance(fault, BaseExceptionGroup):
        return _words_of(cast("BaseExceptionGroup[BaseException]", fault).exceptions[0])
    return f"{type(fault).__name__}: {fault}"


async def serve(agent: Agent, port: int) -> None:
    """Run the agent until SIGTERM or SIGINT; 127.0.0.1:`port` answers 200 once it has seen its pods."""
    work = asyncio.create_task(agent.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        words = b"200 OK" if agent.ready.is_set() else b"503 Service Unavailable"
        writer.write(b"HTTP/1.1 " + words + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    # Starting processes and calling the API server wait in threads; a rollout does both for many pods at once.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max_workers=_THREADS))
    async with await asyncio.start_server(answer, "127.0.0.1", port):
        await work
