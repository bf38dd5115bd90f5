"""Gates: conditions that a step must meet, judged from samples by pure functions. No data is never a pass."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stacks.dials import Dials, Image
    from stacks.objectives import Unit

STABLE, CANARY = "stable", "canary"
"""The tracks of pods: those that serve, and the candidate's beside them."""


class Verdict(Enum):
    """What a gate says, from best to worst; only PASS goes on, and what is NOT_APPLICABLE is in nobody's way.

    NOT_APPLICABLE: there is nothing that it could be compared with, as its planner knows, or hardly anybody asks for what is measured.
    INCONCLUSIVE: there was nothing to judge. ERROR: the question could not be asked. FAIL: it was judged, and is not met.
    """

    NOT_APPLICABLE = "not applicable"
    PASS = "pass"  # noqa: S105 - no password
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    FAIL = "fail"

    @property
    def goes_on(self) -> bool:
        """Whether a run may go on by it."""
        return self in {Verdict.NOT_APPLICABLE, Verdict.PASS}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of `verdicts`; of none, PASS: a step without gates goes on."""
    order = list(Verdict)
    return max(verdicts, key=order.index, default=Verdict.PASS)


@dataclass(frozen=True, slots=True)
class ReadyPods:
    """At least `minimum` pods of a track of `stack` are Ready at once, within `within` seconds."""

    stack: str
    minimum: int
    within: float
    track: str = STABLE

    @property
    def query(self) -> str:
        """Say what is measured."""
        return f"{self.track} pods of {self.stack} that are Ready"

    @property
    def threshold(self) -> str:
        """Say what it must be."""
        return f"at least {self.minimum} within {self.within:g} s"

    @property
    def wanted(self) -> float:
        """The least value that meets it."""
        return self.minimum


class _Whole:
    """A gate whose value is a share, and that only all of it meets."""

    __slots__ = ()
    within: float

    @property
    def threshold(self) -> str:
        """Say what it must be."""
        return f"1 within {self.within:g} s"

    @property
    def wanted(self) -> float:
        """The least value that meets it."""
        return 1.0


@dataclass(frozen=True, slots=True)
class RolledOut(_Whole):
    """All pods of a track of `stack` are Ready, run `image`, and no others are left, within `within` seconds; the value is their share."""

    stack: str
    image: Image
    within: float
    track: str = STABLE

    @property
    def query(self) -> str:
        """Say what is measured."""
        return f"share of {self.stack}'s {self.track} pods that are Ready with {self.image.tag}"


@dataclass(frozen=True, slots=True)
class SmokePasses(_Whole):
    """All smoke checks pass against `stack` within `within` seconds; the value is the share that does. `read_only`: they may not write."""

    stack: str
    within: float
    read_only: bool = False

    @property
    def query(self) -> str:
        """Say what is measured."""
        return f"share of {'read-only ' if self.read_only else ''}smoke checks that pass on {self.stack}"


@dataclass(frozen=True, slots=True)
class Answers(_Whole):
    """The requests among the smoke checks, made once each, are answered by `stack` as wanted; the value is the share that is."""

    stack: str
    within: float

    @property
    def query(self) -> str:
        """Say what is measured."""
        return f"share of smoke requests that {self.stack} answers as wanted"


@dataclass(frozen=True, slots=True)
class Leads(_Whole):
    """The public name leads to the region of `stack` within `within` seconds; the value is 1 where the name server says so."""

    stack: str
    region: str
    within: float

    @property
    def query(self) -> str:
        """Say what is measured."""
        return f"whether the public name leads to {self.region}"


@dataclass(frozen=True, slots=True)
class CarriesTraffic(_Whole):
    """Users' requests come to `stack` within `within` seconds, and no more of them fail than is promised; the value is 1 where that is so.

    Where hardly anybody asks by then it is not applicable: a quiet night is no failure.
    """

    stack: str
    within: float

    @property
    def query(self) -> str:
        """Say what is measured."""
        return f"whether users' requests come to {self.stack} and are answered as promised"


@dataclass(frozen=True, slots=True)
class Routed(_Whole):
    """The gateways split the requests of `stack` as its route says now, within `within` seconds; the value is the share that does."""

    stack: str
    within: float

    @property
    def query(self) -> str:
        """Say what is measured."""
        return f"share of {self.stack}'s gateways that have taken up its newest route"


_ROLLOUT_SECONDS = 300.0
_ROUTED_SECONDS = 60.0
_READY_AGAIN_SECONDS = 30.0
"""For a pod that was evicted to be Ready elsewhere."""
_ANSWERS_AGAIN_SECONDS = 10.0
"""For what makes one answer slow to pass."""


def canary_up(stack: str, dials: Dials) -> tuple[RolledOut | ReadyPods, ...]:
    """The gates of a canary's pods: that they run what the dials say, and that there are as many as the weight to come needs."""
    assert dials.canary  # noqa: S101 - who asks this has set one
    return (
        RolledOut(stack, dials.canary.image, within=_ROLLOUT_SECONDS, track=CANARY),
        ReadyPods(stack, dials.canary.minimum, within=_ROLLOUT_SECONDS, track=CANARY),
    )


def stable_up(stack: str, dials: Dials) -> ReadyPods:
    """The gate of the stable pods that are kept while a canary is there."""
    assert dials.canary  # noqa: S101 - likewise
    return ReadyPods(stack, dials.canary.stable, within=_ROLLOUT_SECONDS)


def rolled_out(stack: str, dials: Dials) -> tuple[RolledOut, ...]:
    """The gate of a stack that is set to `dials`: that its pods run what they say; none where there are to be no pods."""
    if dials.image is None or dials.stopped or not dials.present:
        return ()
    return (RolledOut(stack, dials.image, within=_ROLLOUT_SECONDS),)


def routed(stack: str) -> Routed:
    """The gate of a change of weights: until the gateways have heard of it, requests are split as before."""
    return Routed(stack, within=_ROUTED_SECONDS)


def serving(stack: str, dials: Dials) -> tuple[ReadyPods | Answers, ...]:
    """The gates of a stack that is to go on serving: as many pods as `dials` ask for are Ready, and its users are answered."""
    return (ReadyPods(stack, dials.minimum, within=_READY_AGAIN_SECONDS), Answers(stack, within=_ANSWERS_AGAIN_SECONDS))


Met: TypeAlias = ReadyPods | RolledOut | SmokePasses | Answers | Leads | CarriesTraffic | Routed
"""A gate that is met once: it is looked at until it is, or until its time is over; in a soak, a miss has as long to pass."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One measured value, or None and why there is none.

    `doomed` says that no later sample can be better, `refused` that none will be unless what keeps it down passes, `idle` that it has no
    value since hardly anybody asks for what is measured.
    """

    value: float | None
    trouble: str = ""
    doomed: bool = False
    refused: bool = False
    idle: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers behind a comparison: over `window` seconds, of `planned` requests of the canary that it takes to be sure.

    Each arm was `scraped` then or later, in seconds since the epoch by Prometheus's clock; 0 where never.
    `control` is what the value was compared with, in `unit` as the value, `effect` by how much it differs, and `interval` holds that.
    """

    window: float
    scraped: float
    planned: int
    control: float | None
    effect: float | None
    interval: tuple[float, float] | None
    unit: Unit


@dataclass(frozen=True, slots=True)
class Judgement:
    """A gate's verdict and what it rests on: `n` observations, of which `value` is made.

    `query` is what was asked, in words or in PromQL, `about` names it for people where it is PromQL. `shown` is the value in its unit,
    `compared` what it was compared with: the baseline, the effect and its interval; `figures` are the numbers of a canary's comparison.
    `hint` says what to do where no later look would tell more. `anew`: what was seen so far hinders every later look, too.
    """

    verdict: Verdict
    query: str
    threshold: str
    n: int
    value: float | None
    trouble: str = ""
    about: str = ""
    shown: str = ""
    compared: str = ""
    figures: Figures | None = None
    hint: str = ""
    anew: bool = False

    @property
    def seen(self) -> str:
        """Say what it rests on."""
        value = "no data" if self.value is None else self.shown or f"{self.value:g}"
        trouble = f" ({self.trouble})" if self.trouble else ""
        compared = f", {self.compared}" if self.compared else ""
        return f"{value}, wanted {self.threshold}{compared}, n={self.n}{trouble}"

    def __str__(self) -> str:
        """Give the judgement as one line."""
        asked = f" [{self.query}]" if self.about and not self.figures else ""
        return f"{self.verdict.name} {self.about or self.query}: {self.seen}{asked}"


def judge(gate: Met, samples: Sequence[Sample]) -> Judgement:
    """Judge `gate` by the newest of `samples`, oldest first: what was so once and is no longer does not count."""
    newest = samples[-1] if samples else Sample(None, "never measured")
    measured = sum(map(_has_value, samples))
    if newest.value is None or not _has_value(newest):
        unmet = Verdict.FAIL if newest.doomed else Verdict.NOT_APPLICABLE if newest.idle else Verdict.INCONCLUSIVE
        return _judgement(gate, unmet, n=measured, newest=newest)
    verdict = Verdict.PASS if newest.value >= gate.wanted else Verdict.FAIL
    return _judgement(gate, verdict, n=measured, newest=newest)


def judge_lasting(gate: Met, samples: Sequence[tuple[float, Sample]]) -> Judgement:
    """Judge a gate that has to stay met, by samples and when each was taken, in seconds, oldest first.

    A miss is a failure once a second one has followed it and none of the samples for the gate's time was met; until then nobody can tell.
    """
    judgement = judge(gate, [sample for _, sample in samples])
    if judgement.verdict is not Verdict.FAIL:
        return judgement
    misses: list[float] = []
    for at, sample in reversed(samples):
        if sample.value is not None and sample.value >= gate.wanted:
            break
        if _has_value(sample):
            misses.append(at)
    lasts = misses[0] - misses[-1]
    return judgement if len(misses) > 1 and lasts >= gate.within else replace(judgement, verdict=Verdict.INCONCLUSIVE)


def unasked(gate: Met, trouble: str) -> Judgement:
    """Judge `gate`, whose question could not even be asked because of `trouble`."""
    return _judgement(gate, Verdict.ERROR, n=0, newest=Sample(None, trouble))


def _judgement(gate: Met, verdict: Verdict, *, n: int, newest: Sample) -> Judgement:
    value = newest.value if _has_value(newest) else None
    return Judgement(verdict, gate.query, gate.threshold, n, value, newest.trouble)


def _has_value(sample: Sample) -> bool:
    return sample.value is not None and math.isfinite(sample.value)
