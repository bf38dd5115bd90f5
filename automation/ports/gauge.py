"""What gates measure."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Protocol

from automation.core.gates import Sample
from automation.errors import TimedOut
from automation.ports.programs import ClusterDenied, Programs
from stacks.house import DEPLOYMENT

if TYPE_CHECKING:
    from automation.core.plan import Gate
    from stacks.spec import Spec

_SECONDS = 5


class Gauge(Protocol):
    """Takes samples; each is bounded in time."""

    def measure(self, gate: Gate) -> Sample:
        """Take one sample for `gate`; what cannot be reached gives one without a value.

        Raises:
            HhctlError: the question cannot be asked, now or later.
        """
        ...


class MeasuringDenied(ClusterDenied):
    """The cluster does not let us look."""


class ClusterGauge:
    """Asks the clusters of a spec, by the kubectl on PATH and under its kubeconfig."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._programs = Programs(os.environ, seconds=2 * _SECONDS)

    def measure(self, gate: Gate) -> Sample:
        """Count the Ready pods of the stack's stable Deployment."""
        stack = self._spec.stacks[gate.stack]
        assert stack.workload  # noqa: S101 - planners refuse stacks without one
        context = self._spec.regions[stack.region].context
        words = ["kubectl", "get", "deployment", DEPLOYMENT, f"--namespace={stack.workload.namespace}", f"--context={context}"]
        try:
            ran = self._programs.run([*words, "--output=json", "--ignore-not-found", f"--request-timeout={_SECONDS}s"])
        except TimedOut:
            return Sample(None, f"the cluster {context} does not answer")
        if ran.denied:
            says = f"the cluster {context} does not let us count pods: {ran.complaint}"
            raise MeasuringDenied(says, hint=f"kubectl auth whoami --context {context}")
        return Sample(None, ran.complaint) if ran.code else _counted(ran.out)


def _counted(answer: str) -> Sample:
    """A Deployment that is not there has no pods; the count of one whose newest wish was not seen yet is of an older wish."""
    if not answer.strip():
        return Sample(0.0, "there is no such deployment")
    deployment: dict[str, Any] = json.loads(answer)
    status = deployment.get("status", {})
    if status.get("observedGeneration", 0) < deployment["metadata"]["generation"]:
        return Sample(None, "the cluster has not come to its newest generation yet")
    return Sample(float(status.get("readyReplicas", 0)))
