"""How a version of the workload misbehaves, as its catalogue entry declares it or as a fault makes it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`error_rate` is the share of requests that fail (0 to 1), `latency` what each takes longer, in seconds.

    A version that leaks takes more memory or database connections every second; one that crashes ends with exit code 1 as soon as it knows;
    one that is never ready answers its probe with 503.
    """

    error_rate: float = 0.0
    latency: float = 0.0
    leak_memory: bool = False
    leak_connections: bool = False
    crash: bool = False
    never_ready: bool = False

    def __or__(self, other: Behaviour) -> Behaviour:
        """Both at once, the worse where they differ."""
        return Behaviour(
            error_rate=max(self.error_rate, other.error_rate),
            latency=max(self.latency, other.latency),
            leak_memory=self.leak_memory or other.leak_memory,
            leak_connections=self.leak_connections or other.leak_connections,
            crash=self.crash or other.crash,
            never_ready=self.never_ready or other.never_ready,
        )

    def document(self) -> str:
        """As JSON, for an environment variable."""
        return json.dumps(asdict(self), sort_keys=True)

    def __str__(self) -> str:
        """In the words of `hhctl local fault`, such as `error-rate 5%, latency 1500ms`; empty for a healthy version."""
        told = {
            f"error-rate {self.error_rate * 100:g}%": self.error_rate > 0,
            f"latency {self.latency * 1000:g}ms": self.latency > 0,
            "leak-memory": self.leak_memory,
            "leak-connections": self.leak_connections,
            "crash": self.crash,
            "never-ready": self.never_ready,
        }
        return ", ".join(words for words, shown in told.items() if shown)


HEALTHY = Behaviour()


def read_behaviour(text: str) -> Behaviour:
    """Return what `Behaviour.document` wrote; an empty text is healthy."""
    return Behaviour(**json.loads(text)) if text else HEALTHY
