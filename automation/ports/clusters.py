"""Kubernetes clusters: which one a context of kubectl's leads to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from automation.ports.programs import Programs

FINGERPRINT = ("get", "namespace", "kube-system", "--output=jsonpath={.metadata.uid}")
"""What kubectl is asked for a cluster's fingerprint, by custom the UID of the namespace that every cluster makes for itself."""


class Identities(Protocol):
    """Tells clusters apart."""

    def fingerprint(self, context: str) -> str:
        """Return the fingerprint of the cluster that `context` leads to; bounded in time.

        Raises:
            HhctlError: it cannot be had.
        """
        ...


@dataclass(frozen=True, slots=True)
class Clusters:
    """Asks clusters through the kubectl on PATH."""

    programs: Programs

    def fingerprint(self, context: str) -> str:
        """Ask with one request."""
        words = ["kubectl", *FINGERPRINT, f"--context={context}", f"--request-timeout={self.programs.seconds:g}s"]
        return self.programs.answer(words, told=f"the cluster of context {context} cannot be asked which one it is")
