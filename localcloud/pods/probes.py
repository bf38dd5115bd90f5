"""Probes: what a row of answers means, and the question itself."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from localcloud.pods.manifest import HttpCheck

if TYPE_CHECKING:
    from localcloud.pods.manifest import Probe, TcpCheck

_LOOK_AGAIN = 0.05  # seconds


@dataclass(frozen=True, slots=True)
class Tally:
    """What the answers so far amount to: `passing` changes once as many in a row say otherwise as the probe's threshold."""

    passing: bool
    in_a_row: int = 0

    def after(self, probe: Probe, *, good: bool) -> Tally:
        """The tally with one answer more."""
        if good == self.passing:
            return replace(self, in_a_row=0)
        threshold = probe.success_threshold if good else probe.failure_threshold
        if self.in_a_row + 1 >= threshold:
            return Tally(passing=good)
        return replace(self, in_a_row=self.in_a_row + 1)


async def ask(check: HttpCheck | TcpCheck, port: int, limit: float) -> str:
    """Make the check at 127.0.0.1:`port` within `limit` seconds; empty when it is good, else a kubelet's words for why not."""
    try:
        async with asyncio.timeout(limit):
            return await (_get(check, port) if isinstance(check, HttpCheck) else _connect(port))
    except TimeoutError:
        return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    except (OSError, ValueError, asyncio.LimitOverrunError) as error:
        return str(error) or type(error).__name__


async def listened(port: int, *, within: float) -> None:
    """Wait until somebody listens at 127.0.0.1:`port`, at most `within` seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            while True:
                with suppress(OSError):
                    await _connect(port)
                    return
                await asyncio.sleep(_LOOK_AGAIN)


async def _connect(port: int) -> str:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    return ""


async def _get(check: HttpCheck, port: int) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        headers = {
            "Host": f"127.0.0.1:{port}",
            "User-Agent": "kube-probe/local",
            "Accept": "*/*",
            "Connection": "close",
            **dict(check.headers),
        }
        lines = (f"GET {check.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", "")
        writer.write("\r\n".join(lines).encode())
        answer = (await reader.readline()).split()
        if len(answer) < 2:
            return "EOF"
        code = int(answer[1])
        return "" if 200 <= code < 400 else f"HTTP probe failed with statuscode: {code}"
    finally:
        writer.close()
