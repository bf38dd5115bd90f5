"""Bring every part up: the same from nothing, after a crash and when all is well."""

from __future__ import annotations

import threading
import time
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from automation.errors import ExitCode, HhctlError
from localcloud.folder import CloudFolder, port_is_free
from localcloud.process import Running, running, start

if TYPE_CHECKING:
    from localcloud.faults import Faults
    from localcloud.part import Part

_READY_WITHIN = 90.0
_LOG_LINES_SHOWN = 5


class PartFault(HhctlError):
    """A part could not be brought up; the message has the last lines of its log."""

    code = ExitCode.RESOURCE_FAILED


class Told(Protocol):
    """Hears of parts as they become ready; called from several threads."""

    def ready(self, part: Part, *, seconds: float, started: bool) -> None:
        """`part` is ready and settled; `started` says whether it did not run before, `seconds` how long this took."""
        ...


@dataclass(frozen=True, slots=True)
class Settled:
    """What an `up` found and did: the parts it started, those that ran already, and those a fault keeps stopped."""

    started: tuple[str, ...]
    running: tuple[str, ...]
    stopped: tuple[str, ...]


def bring_up(folder: CloudFolder, parts: tuple[Part, ...], faults: Faults, told: Told) -> Settled:
    """Start what does not run, each part once those it needs are settled; return when all are ready. Raises `PartFault`."""
    wanted = tuple(part for part in parts if not faults.keep_stopped(part))
    alive = running(folder)
    _refuse_taken_ports(wanted, alive)
    settled = {part.name: threading.Event() for part in wanted}
    given_up = threading.Event()

    def bring(part: Part) -> bool:
        for name in part.needs:
            while name in settled and not settled[name].wait(0.05):
                if given_up.is_set():
                    return False
        started = _bring_one(folder, part, alive.get(part.name), told, given_up)
        settled[part.name].set()
        return started

    with ThreadPoolExecutor(max_workers=max(1, len(wanted)), thread_name_prefix="part") as pool:
        futures = {part.name: pool.submit(bring, part) for part in wanted}
        try:
            wait(futures.values(), return_when=FIRST_EXCEPTION)
        finally:
            given_up.set()
    started = tuple(name for name, future in futures.items() if _result(future))
    return Settled(
        started=started,
        running=tuple(part.name for part in wanted if part.name not in started),
        stopped=tuple(part.name for part in parts if faults.keep_stopped(part)),
    )


def _result(future: Future[bool]) -> bool:
    """The future's result; the first failure of all is what `up` reports."""
    return future.result()


def _refuse_taken_ports(wanted: tuple[Part, ...], alive: dict[str, Running]) -> None:
    """A port is remembered from the first start on; somebody may have taken it while the part was down."""
    for part in wanted:
        if part.name not in alive and not port_is_free(part.port):
            raise PartFault(
                f"port {part.port} of {part.name} is taken by another program",
                hint="end that program and run hhctl local up again, or hhctl local down to choose new ports",
            )


def _bring_one(folder: CloudFolder, part: Part, process: Running | None, told: Told, given_up: threading.Event) -> bool:
    begun = time.monotonic()
    if process is None:
        part.prepare()
        start(folder, part.launch)
    if not _wait_until_ready(folder, part, given_up):
        return process is None
    part.settle()
    told.ready(part, seconds=time.monotonic() - begun, started=process is None)
    return process is None


def _wait_until_ready(folder: CloudFolder, part: Part, given_up: threading.Event) -> bool:
    deadline = time.monotonic() + _READY_WITHIN
    look_for_process_at = time.monotonic() + 1.0
    while not part.ready():
        if given_up.is_set():
            return False
        now = time.monotonic()
        if now > deadline:
            raise PartFault(_with_log(folder, part, f"was not ready after {_READY_WITHIN:.0f} s"), hint=f"hhctl local logs {part.name}")
        if now > look_for_process_at:
            if part.name not in running(folder):
                raise PartFault(_with_log(folder, part, "ended while it was starting"), hint=f"hhctl local logs {part.name}")
            look_for_process_at = now + 1.0
        time.sleep(0.05)
    return True


def _with_log(folder: CloudFolder, part: Part, what: str) -> str:
    lines = last_lines(folder, part.name, _LOG_LINES_SHOWN)
    return f"{part.name} {what}" + (f"; its last lines: {' | '.join(lines)}" if lines else "")


def last_lines(folder: CloudFolder, part: str, count: int) -> tuple[str, ...]:
    """The newest lines of a part's log, oldest first; empty when it has said nothing."""
    path = folder.log(part)
    if not path.exists():
        return ()
    with path.open("rb") as log:
        size = log.seek(0, 2)
        log.seek(max(0, size - 400 * count))
        text = log.read().decode(errors="replace")
    return tuple(line.strip()[:400] for line in text.splitlines()[-count:])
