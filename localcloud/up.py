"""Bring every part up: the same from nothing, after a crash and when all is well."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import psycopg

from automation.errors import ExitCode, HhctlError
from localcloud.kube_http import KubeError
from localcloud.ports import port_is_free
from localcloud.process import Running, running, start

if TYPE_CHECKING:
    from collections.abc import Generator

    from localcloud.faults import Faults
    from localcloud.folder import CloudFolder
    from localcloud.part import Part

_READY_WITHIN = 240.0
_SETTLINGS = 3
_SETTLED_AGAIN_AFTER = 0.5
_MENDINGS = 3
_LOG_LINES_SHOWN = 5


class PartFault(HhctlError):
    """A part could not be brought up; the message has the last lines of its log."""

    code = ExitCode.RESOURCE_FAILED


class NotTried(PartFault):
    """A part was left alone because of another one, or because the operator interrupted."""


class Told(Protocol):
    """Hears of parts as they become ready; called from several threads."""

    def ready(self, part: Part, *, seconds: float, started: bool) -> None:
        """`part` is ready and settled; `started` says whether it did not run before, `seconds` how long this took."""
        ...

    def left(self, part: Part, *, needs: str) -> None:
        """`part` is neither started nor waited for, since a fault keeps `needs` stopped."""
        ...


@dataclass(frozen=True, slots=True)
class Settled:
    """What an `up` found and did: parts it started, those that ran already, and those left since a fault stops them or what they need."""

    started: tuple[str, ...]
    running: tuple[str, ...]
    stopped: tuple[str, ...]


def bring_up(folder: CloudFolder, parts: tuple[Part, ...], faults: Faults, told: Told) -> Settled:
    """Start what does not run, each part once those it needs are settled; return when all are ready.

    A part that fails holds up only those that need it; one that needs what a fault keeps stopped is left as it is. Raises `PartFault` once
    all others are up.
    """
    stopped = faults.in_the_way(parts)
    wanted = tuple(part for part in parts if part.name not in stopped)
    for part in parts:
        if (needs := stopped.get(part.name, part.name)) != part.name:
            told.left(part, needs=needs)
    ran = alive = running(folder)
    for _ in range(_MENDINGS):
        _bring_up_once(folder, wanted, alive, told)
        alive = running(folder)
        # One that lost what it needs, such as the store, may have run still at the beginning and ended of it since.
        if all(part.name in alive for part in wanted):
            break
    else:
        [fallen, *_] = (part for part in wanted if part.name not in alive)
        raise PartFault(_with_log(folder, fallen, "does not stay up"), hint=f"hhctl local logs {fallen.name}")
    started = tuple(part.name for part in wanted if part.name not in ran or alive[part.name].pid != ran[part.name].pid)
    return Settled(
        started=started,
        running=tuple(part.name for part in wanted if part.name not in started),
        stopped=tuple(stopped),
    )


def _bring_up_once(folder: CloudFolder, wanted: tuple[Part, ...], alive: dict[str, Running], told: Told) -> None:
    _refuse_taken_ports(wanted, alive)
    raising = _Raising(folder, wanted, alive, told)
    with ThreadPoolExecutor(max_workers=max(1, len(wanted)), thread_name_prefix="part") as pool:
        futures = [pool.submit(raising.bring, part) for part in wanted]
        try:
            wait(futures)
        except KeyboardInterrupt:
            raising.given_up.set()
            raise
    faulty = [error for error in (future.exception() for future in futures) if error]
    if faulty:
        raise _first_cause(faulty)


class _Raising:
    """One `up` under way: a thread a part, each waiting for the parts that it needs."""

    def __init__(self, folder: CloudFolder, wanted: tuple[Part, ...], alive: dict[str, Running], told: Told) -> None:
        self.given_up = threading.Event()
        self._folder = folder
        self._alive = alive
        self._told = told
        self._over = {part.name: threading.Event() for part in wanted}
        self._settled: set[str] = set()

    def bring(self, part: Part) -> None:
        """Start the part if it does not run, wait until it is ready and settle it. Raises `PartFault`."""
        try:
            for name in part.needs:
                self._wait_for(part, name)
            begun = time.monotonic()
            started = part.name not in self._alive
            if started:
                with _told_of(part):
                    part.prepare()
                    start(self._folder, part.launch)
            _wait_until_ready(self._folder, part, self.given_up)
            with _told_of(part):
                _settle(part, self.given_up)
            self._settled.add(part.name)
            self._told.ready(part, seconds=time.monotonic() - begun, started=started)
        finally:
            self._over[part.name].set()

    def _wait_for(self, part: Part, name: str) -> None:
        """Wait for a part that is needed."""
        while not self._over[name].wait(0.1):
            if self.given_up.is_set():
                raise NotTried(f"{part.name} was not started: interrupted")
        if name not in self._settled:
            raise NotTried(f"{part.name} was not started: it needs {name}")


@contextmanager
def _told_of(part: Part) -> Generator[None]:
    """Tell of what foreseeably fails while a part is prepared, started or settled as of its fault."""
    try:
        yield
    except (KubeError, psycopg.Error, OSError) as error:
        words = " ".join(str(error).split()) or type(error).__name__
        raise PartFault(
            f"{part.name} could not be made ready: {words}", hint=f"hhctl local logs {part.name}, then hhctl local up"
        ) from error


def _first_cause(faulty: list[BaseException]) -> BaseException:
    """The fault to report: one that is not the consequence of another, and how many there are beside it."""
    causes = [error for error in faulty if not isinstance(error, NotTried)] or faulty
    first = causes[0]
    if isinstance(first, HhctlError) and len(causes) > 1:
        first.message += f" (and {len(causes) - 1} parts more: hhctl local status)"
    return first


def _refuse_taken_ports(wanted: tuple[Part, ...], alive: dict[str, Running]) -> None:
    """A port is remembered from the first start on; somebody may have taken it while the part was down."""
    for part in wanted:
        if part.name not in alive and not port_is_free(part.port):
            raise PartFault(
                f"port {part.port} of {part.name} is taken by another program",
                hint="end that program and run hhctl local up again, or hhctl local down to choose new ports",
            )


def _wait_until_ready(folder: CloudFolder, part: Part, given_up: threading.Event) -> None:
    deadline = time.monotonic() + _READY_WITHIN
    look_for_process_at = time.monotonic() + 1.0
    while not part.ready():
        if given_up.is_set():
            raise NotTried(f"{part.name} was not waited for: interrupted")
        now = time.monotonic()
        if now > deadline:
            raise PartFault(_with_log(folder, part, f"was not ready after {_READY_WITHIN:.0f} s"), hint=f"hhctl local logs {part.name}")
        if now > look_for_process_at:
            if part.name not in running(folder):
                raise PartFault(_with_log(folder, part, "ended while it was starting"), hint=f"hhctl local logs {part.name}")
            look_for_process_at = now + 1.0
        time.sleep(0.05)


def _settle(part: Part, given_up: threading.Event) -> None:
    """Settle a part that is ready, anew where an API server has become too busy to answer meanwhile. Raises what the last try raises."""
    for _ in range(_SETTLINGS - 1):
        try:
            return part.settle()
        except KubeError as error:
            if not error.passes or given_up.wait(_SETTLED_AGAIN_AFTER):
                raise
    return part.settle()


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
