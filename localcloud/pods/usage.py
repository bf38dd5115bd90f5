"""What containers really use, where the metrics server finds it: in annotations that kwok reads."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from localcloud.pods.node import Gone, insist

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.pods.node import Node
    from localcloud.pods.pod import PodLife

_EVERY = 5.0  # seconds; the metrics server asks every ten
CPU, MEMORY = "cpu.house-helper.com/", "memory.house-helper.com/"


class Usage:
    """Measures the containers of a region's real pods, and tells what has changed enough to matter."""

    def __init__(self, node: Node, lives: Mapping[str, PodLife]) -> None:
        self._node = node
        self._lives = lives
        self._cpu: dict[tuple[str, str], float] = {}
        self._told: dict[str, dict[str, str]] = {}

    async def run(self) -> None:
        """Measure and tell, for ever."""
        before = time.monotonic()
        while True:
            await asyncio.sleep(_EVERY)
            at = time.monotonic()
            lives = dict(self._lives)
            for uid, life in lives.items():
                await self._tell(life, self._annotations(uid, life, at - before))
            before = at
            self._cpu = {key: used for key, used in self._cpu.items() if key[0] in lives}
            self._told = {uid: told for uid, told in self._told.items() if uid in lives}

    def _annotations(self, uid: str, life: PodLife, seconds: float) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, each in life.lives.items():
            used = each.consumption
            before = self._cpu.get((uid, name), used.cpu)
            self._cpu[uid, name] = used.cpu
            # A container that has started anew counts from zero.
            found[CPU + name] = quantity_of_cpu(max(0.0, used.cpu - before) / seconds)
            found[MEMORY + name] = quantity_of_memory(used.memory)
        return found

    async def _tell(self, life: PodLife, annotations: dict[str, str]) -> None:
        uid = life.pod.uid
        if self._told.get(uid) == annotations:
            return
        patch = {"metadata": {"uid": uid, "annotations": annotations}}
        try:
            await insist(lambda: self._node.api.merge("v1", "Pod", life.pod.name, patch, life.pod.namespace))
        except Gone:
            return
        self._told[uid] = annotations


def quantity_of_cpu(cores: float) -> str:
    """Cores as a quantity, to two digits: what moves less is not worth a word. Never zero, which the metrics server takes for no answer."""
    thousandths = max(1, round(cores * 1000))
    digits = len(str(thousandths))
    return f"{round(thousandths, 2 - digits) if digits > 2 else thousandths}m"


def quantity_of_memory(used: int) -> str:
    """Bytes as a quantity, to the mebibyte."""
    return f"{max(1, round(used / 2**20))}Mi"
