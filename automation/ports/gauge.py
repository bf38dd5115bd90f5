"""What gates measure."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any, Protocol

from automation.core.gates import Sample
from automation.errors import ExitCode, HhctlError
from stacks.house import DEPLOYMENT

if TYPE_CHECKING:
    from automation.core.plan import Gate
    from stacks.spec import Spec

_SECONDS = 5
_DENIED = ("Unauthorized", "Forbidden", "forbidden", "must be logged in")


class Gauge(Protocol):
    """Takes samples; each is bounded in time."""

    def measure(self, gate: Gate) -> Sample:
        """Take one sample for `gate`; what cannot be reached gives one without a value.

        Raises:
            HhctlError: the question cannot be asked, now or later.
        """
        ...


class MeasuringDenied(HhctlError):
    """The cluster does not let us look."""

    code = ExitCode.CREDENTIALS


class ClusterGauge:
    """Asks the clusters of a spec, by the kubectl on PATH and under its kubeconfig."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def measure(self, gate: Gate) -> Sample:
        """Count the Ready pods of the stack's stable Deployment."""
        stack = self._spec.stacks[gate.stack]
        assert stack.workload  # noqa: S101 - planners refuse stacks without one
        context = self._spec.regions[stack.region].context
        words = ["kubectl", "get", "deployment", DEPLOYMENT, f"--namespace={stack.workload.namespace}", f"--context={context}"]
        try:
            done = subprocess.run(
                [*words, "--output=json", "--ignore-not-found", f"--request-timeout={_SECONDS}s"],
                capture_output=True,
                text=True,
                timeout=2 * _SECONDS,
                check=False,
            )
        except FileNotFoundError as missing:
            raise HhctlError("kubectl is not on PATH", hint="hhctl doctor") from missing
        except subprocess.TimeoutExpired:
            return Sample(None, f"the cluster {context} does not answer")
        if done.returncode:
            return _unmeasured(" ".join(done.stderr.split()), context)
        return _counted(done.stdout)


def _unmeasured(says: str, context: str) -> Sample:
    if any(word in says for word in _DENIED):
        raise MeasuringDenied(f"the cluster {context} does not let us count pods: {says}", hint=f"kubectl auth whoami --context {context}")
    return Sample(None, says)


def _counted(answer: str) -> Sample:
    """A Deployment that is not there has no pods; the count of one whose newest wish was not seen yet is of an older wish."""
    if not answer.strip():
        return Sample(0.0, "there is no such deployment")
    deployment: dict[str, Any] = json.loads(answer)
    status = deployment.get("status", {})
    if status.get("observedGeneration", 0) < deployment["metadata"]["generation"]:
        return Sample(None, "the cluster has not come to its newest generation yet")
    return Sample(float(status.get("readyReplicas", 0)))
