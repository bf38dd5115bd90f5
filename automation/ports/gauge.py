"""What gates measure."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

from automation.core.gates import STABLE, Answers, CarriesTraffic, Leads, ReadyPods, RolledOut, Routed, Sample, SmokePasses
from automation.core.soak import RECENT, Measured, Promise, is_proven, missing, shown, usual_distance
from automation.errors import HhctlError, TimedOut
from automation.ports.canary_pods import CanaryPods
from automation.ports.checks import smoke
from automation.ports.metrics import MetricsUnreachable, Prometheus, QueryRefused
from automation.ports.names import NameServer
from automation.ports.place import place_of
from automation.ports.programs import ClusterDenied, Programs
from automation.ports.rollouts import DEPLOYMENTS, Rollouts
from automation.ports.sight import RungSight
from stacks.house import API, DEPLOYMENT, edge
from stacks.objectives import Arm, error_rate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from automation.core.gates import Met
    from automation.core.redact import Redactor
    from automation.core.rung import Rung
    from automation.core.soak import Soak
    from automation.ports.checks import Checked
    from automation.ports.metrics import Metrics
    from automation.ports.sight import Sight
    from stacks.objectives import Objective
    from stacks.spec import Spec

_SECONDS = 5
_LEAST_REQUESTS = 20
"""Of users, beside those that the smoke checks make."""
_ROUTE = f"/apis/gateway.networking.k8s.io/v1/namespaces/{{namespace}}/httproutes/{DEPLOYMENT}"


class Gauge(Protocol):
    """Takes samples; each is bounded in time."""

    def measure(self, gate: Met) -> Sample:
        """Take one sample for `gate`; what cannot be reached gives one without a value.

        Raises:
            HhctlError: the question cannot be asked, now or later.
        """
        ...

    def ask(self, stack: str, objective: Objective, arm: Arm, *, window: timedelta, at: datetime | None) -> Measured:
        """Measure an objective over the `window` that ended at a time by this machine's clock, or ends now.

        What cannot be had gives no value and says why.
        """
        ...

    def missing(self, soak: Soak, *, seconds: float) -> float:
        """Return of how many of the last `seconds` there are no samples; all of them where nobody can tell."""
        ...

    def running(self, stack: str, track: str = STABLE) -> str:
        """Return the image that a track of a stack's workload is set to.

        Raises:
            HhctlError: nobody can tell just now.
        """
        ...

    def ahead(self, stack: str) -> float:
        """Return by how many seconds the clock of a stack's Prometheus is ahead of this machine's.

        Raises:
            HhctlError: nobody can tell just now.
        """
        ...

    def watch(self, rung: Rung, *, since: datetime, pods_since: datetime, control: tuple[datetime, datetime] | None) -> Sight:
        """Begin to look at a rung that began at `since`.

        What befell the canary's pods counts from `pods_since`. `control` is when stable was seen, where it has no requests now. All are
        times by this machine's clock.
        """
        ...


class MeasuringDenied(ClusterDenied):
    """The cluster does not let us look."""


@dataclass(frozen=True, slots=True)
class WorldGauge:
    """Asks the clusters of a spec by the kubectl on PATH, their Prometheus, and the workloads themselves."""

    spec: Spec
    redactor: Redactor
    _aheads: dict[str, float] = field(default_factory=dict[str, float], init=False, repr=False, compare=False)

    def measure(self, gate: Met) -> Sample:
        """Take one sample for `gate`."""
        match gate:
            case ReadyPods(stack, track=track):
                return self._ready(stack, track)
            case RolledOut(stack, image, track=track):
                return self._rolled_out(stack, image.digest, track)
            case SmokePasses() | Answers():
                return self._smoked(gate)
            case Leads(_, region):
                return self._leads(region)
            case CarriesTraffic(stack):
                return self._traffic(stack)
            case Routed(stack):
                return self._routed(stack)

    def ask(self, stack: str, objective: Objective, arm: Arm, *, window: timedelta, at: datetime | None) -> Measured:
        """Measure an objective over a window."""
        prometheus = self._prometheus(stack)
        query = objective.value(arm, window=window)
        try:
            at = self._by_its_clock(stack, at)
            n = prometheus.value(objective.count(arm, window=window), at=at)
            value = prometheus.value(query, at=at)
            bounds = objective.bounds(arm, window=window, n=n or 0)
            ends = [prometheus.value(bound, at=at) for bound in bounds or ()]
        except (MetricsUnreachable, QueryRefused) as error:
            return Measured(query, None, None, trouble=error.message)
        low, high = ends or (None, None)
        interval = None if low is None or high is None else (low, high)
        return Measured(query, n, value, interval)

    def missing(self, soak: Soak, *, seconds: float) -> float:
        """Return of how many of the last `seconds` there are no samples."""
        [arm, *_] = {promise.arm for promise in soak.promises}
        try:
            now = self._prometheus(soak.stack).now()
            stamps = self._prometheus(soak.stack).stamps(f"up{{{arm.matchers}}}", seconds=seconds)
        except HhctlError:
            return seconds
        return missing(chain.from_iterable(stamps), usual=usual_distance(stamps), since=now - seconds, until=now)

    def running(self, stack: str, track: str = STABLE) -> str:
        """Return the image that a track of a stack's workload is set to."""
        return self._rollouts.image(place_of(self.spec, stack), track)

    def ahead(self, stack: str) -> float:
        """Return by how many seconds Prometheus's clock is ahead."""
        asked = time.time()
        now = self._prometheus(stack).now()
        return now - (asked + time.time()) / 2

    def watch(self, rung: Rung, *, since: datetime, pods_since: datetime, control: tuple[datetime, datetime] | None) -> Sight:
        """Begin to look at a rung."""
        pods = CanaryPods(self._programs, place_of(self.spec, rung.stack))
        return RungSight(rung, self._prometheus(rung.stack), pods.seen, since, pods_since, control, time.time)

    def _by_its_clock(self, stack: str, at: datetime | None) -> datetime | None:
        """Return a time of this machine's clock by that of a stack's Prometheus; raises as that does."""
        if at is None:
            return None
        if stack not in self._aheads:
            self._aheads[stack] = self.ahead(stack)
        return at + timedelta(seconds=self._aheads[stack])

    def _ready(self, stack: str, track: str) -> Sample:
        """Count the Ready pods of a Deployment of the stack's."""
        place = place_of(self.spec, stack)
        words = ["kubectl", "get", "deployment", DEPLOYMENTS[track], *place.options]
        try:
            ran = self._programs.run([*words, "--output=json", "--ignore-not-found", f"--request-timeout={_SECONDS}s"])
        except TimedOut:
            return Sample(None, f"the cluster {place.context} does not answer")
        if ran.denied:
            says = f"the cluster {place.context} does not let us count pods: {ran.complaint}"
            raise MeasuringDenied(says, hint=f"kubectl auth whoami --context {place.context}")
        return Sample(None, ran.complaint) if ran.code else _counted(ran.out)

    def _rolled_out(self, stack: str, digest: str, track: str) -> Sample:
        try:
            found = self._rollouts.look(place_of(self.spec, stack), track)
        except ClusterDenied:
            raise
        except HhctlError as error:
            return Sample(None, error.message)
        if not found.image.endswith(digest):
            return Sample(0.0, f"it is set to {found.image}")
        share = 1.0 if found.done else min(0.99, found.ready / max(1, found.wanted))
        says = found.doomed or found.refused or f"{found.ready} of {found.wanted}"
        return Sample(share, says, doomed=bool(found.doomed), refused=bool(found.refused))

    def _smoked(self, gate: SmokePasses | Answers) -> Sample:
        if isinstance(gate, SmokePasses):
            return _passed(smoke(self.spec, gate.stack, redactor=self.redactor, read_only=gate.read_only))
        # The program is not made to be run again and again, so it is only where there is nothing else to tell by.
        once = replace(self.spec, smoke=tuple(replace(check, retries=0) for check in self.spec.smoke))
        spec = replace(once, smoke_program=None) if once.smoke else once
        return _passed(smoke(spec, gate.stack, redactor=self.redactor, read_only=False))

    def _routed(self, stack: str) -> Sample:
        place = place_of(self.spec, stack)
        path = _ROUTE.format(namespace=place.namespace)
        try:
            found = self._programs.read(path, context=place.context, told=f"the route of {stack} cannot be read")
        except ClusterDenied:
            raise
        except HhctlError as error:
            return Sample(None, error.message)
        return taken_up(found)

    def _leads(self, region: str) -> Sample:
        try:
            target = NameServer(self.spec.dns).target(API)
        except HhctlError as error:
            return Sample(None, error.message)
        return Sample(float(target == edge(region)), f"it leads to {target}")

    def _traffic(self, stack: str) -> Sample:
        """Look at the requests of the last minute that came to a stack."""
        promised, arm = error_rate(self.spec.objectives), Arm(place_of(self.spec, stack).namespace)
        asked = self.ask(stack, promised, arm, window=RECENT, at=None)
        if asked.value is None or (asked.n or 0) < _LEAST_REQUESTS + len(self.spec.smoke):
            trouble = asked.trouble or self._unscraped(stack, arm)
            return Sample(None, trouble or f"{asked.n or 0:.0f} requests in the last minute", idle=not trouble)
        says = f"{shown(asked.value, promised.unit)} of {asked.n:.0f} requests fail, at most {shown(promised.limit, promised.unit)} may"
        if asked.value > promised.limit and not is_proven(Promise(promised, arm, None), asked):
            return Sample(None, f"{says}, which may be chance", idle=True)
        return Sample(float(asked.value <= promised.limit), says)

    def _unscraped(self, stack: str, arm: Arm) -> str:
        """Say why nobody can tell of requests: Prometheus gets no pod's metrics. Empty where it does."""
        try:
            answering = self._prometheus(stack).value(f"max(max_over_time(up{{{arm.matchers}}}[{RECENT.total_seconds():.0f}s]))", at=None)
        except (MetricsUnreachable, QueryRefused) as error:
            return error.message
        return "" if answering else f"Prometheus gets nothing of the pods of {stack}"

    @property
    def _programs(self) -> Programs:
        return Programs(os.environ, seconds=2 * _SECONDS)

    @property
    def _rollouts(self) -> Rollouts:
        return Rollouts(self._programs, self.redactor)

    def _prometheus(self, stack: str) -> Metrics:
        return Prometheus(self.spec.regions[self.spec.stacks[stack].region].prometheus)


def taken_up(route: dict[str, Any]) -> Sample:
    """Return the share of parents that say of a route's newest generation that they have accepted it (gateway-api, RouteParentStatus)."""
    parents = [
        [each for each in parent.get("conditions", ()) if each.get("observedGeneration") == route["metadata"]["generation"]]
        for parent in route.get("status", {}).get("parents", ())
    ]
    if not parents:
        return Sample(None, "no gateway has taken up the route")
    accepted = [any(each["type"] == "Accepted" and each["status"] == "True" for each in conditions) for conditions in parents]
    return Sample(sum(accepted) / len(accepted))


def _passed(made: Sequence[Checked]) -> Sample:
    """Return the share of checks that passed, and why the others did not."""
    if not made:
        return Sample(None, "the spec names no smoke checks")
    failed = [f"{check.name}: {check.trouble}" for check in made if not check.passed]
    return Sample((len(made) - len(failed)) / len(made), "; ".join(failed))


def _counted(answer: str) -> Sample:
    """A Deployment that is not there has no pods; the count of one whose newest wish was not seen yet is of an older wish."""
    if not answer.strip():
        return Sample(0.0, "there is no such deployment")
    deployment: dict[str, Any] = json.loads(answer)
    status = deployment.get("status", {})
    if status.get("observedGeneration", 0) < deployment["metadata"]["generation"]:
        return Sample(None, "the cluster has not come to its newest generation yet")
    return Sample(float(status.get("readyReplicas", 0)))
