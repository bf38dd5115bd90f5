"""What gates measure."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from automation.core.gates import ReadyPods, RolledOut, Sample, SmokePasses
from automation.core.soak import Measured, missing
from automation.errors import HhctlError, TimedOut
from automation.ports.checks import make_checks, run_program
from automation.ports.metrics import MetricsUnreachable, Prometheus, QueryRefused
from automation.ports.pod_logs import Place
from automation.ports.programs import ClusterDenied, Programs
from automation.ports.rollouts import Rollouts
from stacks.house import DEPLOYMENT

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from automation.core.gates import Met
    from automation.core.redact import Redactor
    from automation.core.soak import Soak
    from stacks.objectives import Arm, Objective
    from stacks.spec import Spec, Workload

_SECONDS = 5


class Gauge(Protocol):
    """Takes samples; each is bounded in time."""

    def measure(self, gate: Met) -> Sample:
        """Take one sample for `gate`; what cannot be reached gives one without a value.

        Raises:
            HhctlError: the question cannot be asked, now or later.
        """
        ...

    def ask(self, stack: str, objective: Objective, arm: Arm, *, window: timedelta, at: datetime) -> Measured:
        """Measure an objective over the `window` that ended at a time; what cannot be had gives no value and says why."""
        ...

    def missing(self, soak: Soak, *, seconds: float) -> float:
        """Return of how many of the last `seconds` there are no samples; all of them where nobody can tell."""
        ...

    def running(self, stack: str) -> str:
        """Return the image that the stable workload of a stack is set to.

        Raises:
            HhctlError: nobody can tell just now.
        """
        ...


class MeasuringDenied(ClusterDenied):
    """The cluster does not let us look."""


@dataclass(frozen=True, slots=True)
class WorldGauge:
    """Asks the clusters of a spec by the kubectl on PATH, their Prometheus, and the workloads themselves."""

    spec: Spec
    redactor: Redactor

    def measure(self, gate: Met) -> Sample:
        """Take one sample for `gate`."""
        match gate:
            case ReadyPods(stack):
                return self._ready(stack)
            case RolledOut(stack, image):
                return self._rolled_out(stack, image.digest)
            case SmokePasses(stack):
                return self._smoke(stack)

    def ask(self, stack: str, objective: Objective, arm: Arm, *, window: timedelta, at: datetime) -> Measured:
        """Measure an objective over a window."""
        prometheus = self._prometheus(stack)
        query = objective.value(arm, window=window)
        try:
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
        now = time.time()
        try:
            stamps = self._prometheus(soak.stack).stamps(f"up{{{arm.matchers}}}", seconds=seconds)
        except HhctlError:
            return seconds
        return missing(stamps, since=now - seconds, until=now)

    def running(self, stack: str) -> str:
        """Return the image that the stable workload of a stack is set to."""
        return self._rollouts.look(self._place(stack)).image

    def _ready(self, stack: str) -> Sample:
        """Count the Ready pods of the stack's stable Deployment."""
        place = self._place(stack)
        words = ["kubectl", "get", "deployment", DEPLOYMENT, f"--namespace={place.namespace}", f"--context={place.context}"]
        try:
            ran = self._programs.run([*words, "--output=json", "--ignore-not-found", f"--request-timeout={_SECONDS}s"])
        except TimedOut:
            return Sample(None, f"the cluster {place.context} does not answer")
        if ran.denied:
            says = f"the cluster {place.context} does not let us count pods: {ran.complaint}"
            raise MeasuringDenied(says, hint=f"kubectl auth whoami --context {place.context}")
        return Sample(None, ran.complaint) if ran.code else _counted(ran.out)

    def _rolled_out(self, stack: str, digest: str) -> Sample:
        try:
            found = self._rollouts.look(self._place(stack))
        except ClusterDenied:
            raise
        except HhctlError as error:
            return Sample(None, error.message)
        if not found.image.endswith(digest):
            return Sample(0.0, f"it is set to {found.image}")
        share = 1.0 if found.done else min(0.99, found.ready / max(1, found.wanted))
        return Sample(share, found.doomed or f"{found.ready} of {found.wanted}", doomed=bool(found.doomed))

    def _smoke(self, stack: str) -> Sample:
        url = self._workload(stack).url
        made = [*make_checks(url, self.spec.smoke)]
        if program := self.spec.smoke_program:
            made.append(run_program(program, stack=stack, url=url, environment=os.environ))
        if not made:
            return Sample(None, "the spec names no smoke checks")
        failed = [f"{check.name}: {self.redactor.text(check.trouble)}" for check in made if not check.passed]
        return Sample((len(made) - len(failed)) / len(made), "; ".join(failed))

    @property
    def _programs(self) -> Programs:
        return Programs(os.environ, seconds=2 * _SECONDS)

    @property
    def _rollouts(self) -> Rollouts:
        return Rollouts(self._programs, self.redactor)

    def _prometheus(self, stack: str) -> Prometheus:
        return Prometheus(self.spec.regions[self.spec.stacks[stack].region].prometheus)

    def _workload(self, stack: str) -> Workload:
        workload = self.spec.stacks[stack].workload
        assert workload  # noqa: S101 - planners refuse stacks without one
        return workload

    def _place(self, stack: str) -> Place:
        return Place(self.spec.regions[self.spec.stacks[stack].region].context, self._workload(stack).namespace)


def _counted(answer: str) -> Sample:
    """A Deployment that is not there has no pods; the count of one whose newest wish was not seen yet is of an older wish."""
    if not answer.strip():
        return Sample(0.0, "there is no such deployment")
    deployment: dict[str, Any] = json.loads(answer)
    status = deployment.get("status", {})
    if status.get("observedGeneration", 0) < deployment["metadata"]["generation"]:
        return Sample(None, "the cluster has not come to its newest generation yet")
    return Sample(float(status.get("readyReplicas", 0)))
