"""The checkers of all endpoints at work: each looks once an interval, in a thread of its own for as long as the look takes."""

from __future__ import annotations

import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from localcloud.dns.health import CHECKERS, Checker, Endpoint, is_healthy, share_is_healthy
from localcloud.dns.looking import look
from localcloud.folder import CloudFolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from localcloud.dns.health import HealthCheck
    from localcloud.dns.looking import Whereabouts

_LOG = logging.getLogger(__name__)
_TICK = 0.05  # seconds between two looks at which checkers are due
_LOOKS_AT_ONCE = 16


class _Watch:
    """The checkers of one endpoint, and when each is due."""

    def __init__(self, endpoint: Endpoint, *, believed: bool | None, now: float, scale: float) -> None:
        self.endpoint = endpoint
        self.checkers = [Checker(believed) for _ in range(CHECKERS)]
        self._interval = endpoint.interval / scale
        self._due = [now + number * self._interval / CHECKERS for number in range(CHECKERS)]

    def due(self, now: float) -> list[Checker]:
        """Return the checkers that are to look now; each is due again an interval later, however long its look takes."""
        found = [number for number, at in enumerate(self._due) if at <= now]
        for number in found:
            self._due[number] += self._interval * (1 + int((now - self._due[number]) / self._interval))
        return [self.checkers[number] for number in found]


class Checking:
    """Knows which health checks pass. Checks may be set from any thread at any time; `run` looks until its process ends.

    What was believed last is kept in `memory`, so that a restart leads nobody back to where they were before.
    """

    def __init__(self, *, scale: float, memory: Path | None) -> None:
        self._scale = scale
        self._memory = memory
        self._lock = threading.Lock()
        self._checks: dict[str, HealthCheck] = {}
        self._watches: dict[str, _Watch] = {}
        self._healthy: dict[str, bool] = {}
        self._believed = _recalled(memory)

    def is_healthy(self, health_check_id: str) -> bool:
        """Whether the check passes, inversion included."""
        return self._healthy.get(health_check_id, True)

    def take(self, checks: Iterable[HealthCheck]) -> None:
        """Watch these from now on; one that is as it was keeps what is known of it."""
        with self._lock:
            self._checks = {check.id: check for check in checks}
            now = time.monotonic()
            self._watches = {
                each: self._watch(each, check.watched, now) for each, check in self._checks.items() if isinstance(check.watched, Endpoint)
            }
            self._judge()

    def run(self, where: Whereabouts) -> None:
        """Look at endpoints `where` they are, and tell the log of every check whose health changes; never ends."""
        with ThreadPoolExecutor(max_workers=_LOOKS_AT_ONCE, thread_name_prefix="checker") as lookers:
            while True:
                now = time.monotonic()
                with self._lock:
                    due = [(watch.endpoint, checker) for watch in self._watches.values() for checker in watch.due(now)]
                for endpoint, checker in due:
                    lookers.submit(self._look, where, endpoint, checker)
                time.sleep(_TICK)

    def _watch(self, id: str, endpoint: Endpoint, now: float) -> _Watch:
        known = self._watches.get(id)
        if known and known.endpoint == endpoint:
            return known
        return _Watch(endpoint, believed=self._believed.get(id), now=now, scale=self._scale)

    def _look(self, where: Whereabouts, endpoint: Endpoint, checker: Checker) -> None:
        passed = look(endpoint, where.find(endpoint), scale=self._scale)
        with self._lock:
            before = checker.believes
            checker.hear(passed=passed, threshold=endpoint.threshold)
            if checker.believes is not before:
                self._judge()

    def _judge(self) -> None:
        """Judge every check anew by what is believed now; the caller has the lock."""
        beliefs = {each: tuple(checker.believes for checker in watch.checkers) for each, watch in self._watches.items()}
        healthy = {each: is_healthy(each, self._checks, beliefs) for each in self._checks}
        for each, passes in healthy.items():
            if self.is_healthy(each) is not passes:
                _LOG.info("health check %s is %s", each, "healthy" if passes else "unhealthy")
        if healthy != self._healthy:
            self._healthy = healthy
            self._keep(beliefs)

    def _keep(self, beliefs: Mapping[str, tuple[bool | None, ...]]) -> None:
        if self._memory is None:
            return
        believed = {each: share_is_healthy(mind) for each, mind in beliefs.items() if set(mind) != {None}}
        try:
            CloudFolder.write_private(self._memory, json.dumps(believed))
        except OSError as error:
            _LOG.warning("what the checkers believe cannot be kept for a restart: %s", error)


def _recalled(memory: Path | None) -> dict[str, bool]:
    try:
        return json.loads(memory.read_text()) if memory else {}
    except (OSError, ValueError):
        return {}
