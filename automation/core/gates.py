"""Gates: conditions that a step must meet, judged from samples by pure functions. No data is never a pass."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Verdict(Enum):
    """What a gate says, from best to worst; only PASS goes on.

    INCONCLUSIVE: there was nothing to judge. ERROR: the question could not be asked. FAIL: it was judged, and is not met.
    """

    PASS = "pass"  # noqa: S105 - no password
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    FAIL = "fail"


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of `verdicts`; of none, PASS: a step without gates goes on."""
    order = list(Verdict)
    return max(verdicts, key=order.index, default=Verdict.PASS)


@dataclass(frozen=True, slots=True)
class ReadyPods:
    """At least `minimum` stable pods of `stack` are Ready at once, within `within` seconds."""

    stack: str
    minimum: int
    within: float

    @property
    def query(self) -> str:
        """Say what is measured."""
        return f"stable pods of {self.stack} that are Ready"

    @property
    def threshold(self) -> str:
        """Say what it must be."""
        return f"at least {self.minimum} within {self.within:g} s"


@dataclass(frozen=True, slots=True)
class Sample:
    """One measured value, or None and why there is none."""

    value: float | None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A gate's verdict and what it rests on: `n` samples with a value, of which `value` is the newest."""

    verdict: Verdict
    query: str
    threshold: str
    n: int
    value: float | None
    trouble: str = ""

    def __str__(self) -> str:
        """Give the judgement as one line."""
        value = "no data" if self.value is None else f"{self.value:g}"
        trouble = f" ({self.trouble})" if self.trouble else ""
        return f"{self.verdict.name} {self.query}: {value}, wanted {self.threshold}, n={self.n}{trouble}"


def judge(gate: ReadyPods, samples: Sequence[Sample]) -> Judgement:
    """Judge `gate` by the newest of `samples`, oldest first: pods that were Ready once and are no longer do not count."""
    newest = samples[-1] if samples else Sample(None, "never measured")
    measured = sum(map(_has_value, samples))
    if newest.value is None or not _has_value(newest):
        return _judgement(gate, Verdict.INCONCLUSIVE, n=measured, newest=newest)
    verdict = Verdict.PASS if newest.value >= gate.minimum else Verdict.FAIL
    return _judgement(gate, verdict, n=measured, newest=newest)


def unasked(gate: ReadyPods, trouble: str) -> Judgement:
    """Judge `gate`, whose question could not even be asked because of `trouble`."""
    return _judgement(gate, Verdict.ERROR, n=0, newest=Sample(None, trouble))


def _judgement(gate: ReadyPods, verdict: Verdict, *, n: int, newest: Sample) -> Judgement:
    value = newest.value if _has_value(newest) else None
    return Judgement(verdict, gate.query, gate.threshold, n, value, newest.trouble)


def _has_value(sample: Sample) -> bool:
    return sample.value is not None and math.isfinite(sample.value)
