"""Looking at a rung: Prometheus's clock, its gaps, and what becomes of the pods."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from automation.core.gates import Verdict
from automation.core.judge import judge_rung
from automation.core.look import ArmSeen, Limits, PodsSeen
from automation.core.rung import Rung, Seen
from automation.core.tallies import Series
from automation.errors import HhctlError
from automation.ports.metrics import MetricsUnreachable
from automation.ports.sight import RungSight
from stacks.dials import Image
from stacks.objectives import REQUESTS, STARTED

BEGAN = 10_000.0
DAY = 86_400.0
QUIET = PodsSeen(0, 0, 0)


@dataclass
class Prometheus:
    """Scrapes two pods at other moments of every second; one answers `rates` requests a second. Its clock is `ahead` of the operator's.

    From `fails` on the canary fails one more request a second; one that is `mute` has never answered any. Query `stumbles` has no answer,
    and each takes `slow` seconds. It takes times to the millisecond, and gives no more than so many points.
    """

    ahead: float = 0.0
    interval: float = 1.0
    clock: float = BEGAN
    down: bool = False
    dark: tuple[float, float] = (0.0, 0.0)
    unreached: tuple[float, float] = (0.0, 0.0)
    ended: float = math.inf
    fails: float = math.inf
    mute: bool = False
    stumbles: int = 0
    slow: float = 0.0
    asked: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])

    def now(self) -> float:
        if self.down:
            raise MetricsUnreachable("Prometheus does not answer")
        return self.clock + self.ahead

    def series(self, query: str, *, start: float, end: float, step: float) -> tuple[Series, ...]:
        self.asked.append((start, end))
        if len(self.asked) == self.stumbles:
            raise MetricsUnreachable("Prometheus answers 503")
        self.clock += self.slow
        first, last, apart = (round(each * 1000) for each in (start, end, step))
        times = [at / 1000 for at in range(first, last + 1, apart)]
        assert len(times) <= 11_000
        tracks = [track for track in ("canary", "stable") if re.search(rf'track=~"[^"]*{track}', query)]
        found = [self._one(query, track, times) for track in tracks]
        if not query.startswith("{"):
            return tuple(found)
        canary = {"track": "canary", "pod": "canary"}
        alive = Series({"__name__": STARTED, **canary}, [(at, BEGAN - 60) for at in times])
        failures = Series(
            {"__name__": REQUESTS, "code": "500", **canary},
            [(at, at - self.ahead - self.fails + 1) for at in times if at - self.ahead >= self.fails],
        )
        heard = [series for series in found if not self.mute or series.labels["track"] != "canary"]
        return (*heard, alive, failures) if failures.values else (*heard, alive)

    def _one(self, query: str, track: str, times: list[float]) -> Series:
        offset, rate = (0.3, 10.0) if track == "canary" else (0.8, 90.0)
        values: list[tuple[float, float]] = []
        for at in times:
            scraped = at - (at - self.ahead - offset) % self.interval
            if self.dark[0] <= scraped - self.ahead < self.dark[1]:
                scraped = self.dark[0] + self.ahead
            unreached = track == "canary" and self.unreached[0] <= at - self.ahead < self.unreached[1]
            if query.startswith("up"):
                values.append((at, float(not unreached)))
            elif not unreached:
                counted = rate * (min(scraped - self.ahead, self.ended) - BEGAN + 5000)
                values.append((at, scraped if "timestamp(" in query else counted))
        return Series({"__name__": REQUESTS, "track": track, "pod": track, "code": "200"}, values)

    def value(self, query: str, *, at: datetime | None = None) -> float | None:
        raise NotImplementedError

    def stamps(self, selector: str, *, seconds: float) -> tuple[tuple[float, ...], ...]:
        raise NotImplementedError


def sight(prometheus: Prometheus, *, weight: int = 10, control: tuple[float, float] | None = None) -> RungSight:
    rung = Rung("prod", "here", Image("v2", "sha256:2"), Image("v1", "sha256:1"), weight, 60.0, Limits())
    when = (datetime.fromtimestamp(control[0], UTC), datetime.fromtimestamp(control[1], UTC)) if control else None
    began = datetime.fromtimestamp(BEGAN, UTC)
    return RungSight(rung, prometheus, lambda _: QUIET, began, began, when, lambda: prometheus.clock)


@pytest.mark.parametrize("ahead", [0.0, 3600.0, -3600.0])
def test_both_arms_are_counted_over_windows_of_equal_length_by_prometheus_own_clock(ahead: float) -> None:
    prometheus = Prometheus(ahead=ahead)
    looking = sight(prometheus)
    looking.look()
    prometheus.clock += 31
    seen = looking.look()
    assert seen.look.canary
    assert seen.look.stable
    assert seen.window == pytest.approx(30, abs=1)
    assert seen.look.canary.requests == pytest.approx(10 * seen.window, rel=0.01)
    assert seen.look.stable.requests == pytest.approx(90 * seen.window, rel=0.01)
    assert seen.missing == 0


@pytest.mark.parametrize("looks", [1, 20])
def test_failures_that_begin_within_the_rung_are_counted_from_the_first_on_however_often_it_is_looked_at(looks: int) -> None:
    prometheus = Prometheus(fails=BEGAN + 10)
    looking = sight(prometheus)
    for _ in range(looks):
        prometheus.clock += 20 / looks
        seen = looking.look()
    assert seen.look.canary
    assert seen.look.canary.failures == pytest.approx(11, abs=1)


def test_a_canary_that_has_never_answered_has_an_arm_without_requests() -> None:
    prometheus = Prometheus(mute=True)
    looking = sight(prometheus)
    prometheus.clock += 60
    seen = looking.look()
    assert seen.look.canary == ArmSeen(0, 0, None)
    [split, *_] = judge_rung(seen.look, Limits())
    assert split.verdict is Verdict.ERROR


def test_each_look_asks_only_for_what_is_new() -> None:
    prometheus = Prometheus()
    looking = sight(prometheus)
    for _ in range(5):
        prometheus.clock += 10
        looking.look()
    counted = prometheus.asked[1::3]
    assert len(counted) == 5
    assert all(later[0] > earlier[1] - 1 for earlier, later in itertools.pairwise(counted))


@pytest.mark.parametrize("late", [-0.02, 0.0, 0.02])
def test_each_look_counts_the_scrapes_up_to_it_though_looks_come_a_little_early_or_late(late: float) -> None:
    prometheus = Prometheus(interval=15.0)
    looking = sight(prometheus)
    prometheus.clock += 20
    looking.look()
    for _ in range(20):
        prometheus.clock += 15 + late
        seen = looking.look()
        assert seen.counted
        assert seen.counted[1] == pytest.approx(prometheus.clock, abs=0.001)
    assert seen.look.canary
    assert seen.look.canary.requests == pytest.approx(10 * seen.window, rel=0.1)
    assert seen.missing == 0


def test_scrapes_that_are_far_apart_are_waited_for() -> None:
    prometheus = Prometheus(interval=15.0)
    looking = sight(prometheus)
    looking.look()
    assert looking.interval == pytest.approx(15)


@pytest.mark.parametrize("interval", [1.0, 15.0])
def test_the_distance_of_scrapes_is_not_taken_for_that_of_an_outage_which_has_just_ended(interval: float) -> None:
    prometheus = Prometheus(interval=interval, dark=(BEGAN - 250, BEGAN + 10), clock=BEGAN + 10.5)
    looking = sight(prometheus)
    for _ in range(70):
        prometheus.clock += 1
        seen = looking.look()
        assert looking.interval <= interval
    assert looking.interval == pytest.approx(interval)
    assert seen.window == pytest.approx(80 - interval, abs=2 * interval)
    assert seen.missing == pytest.approx(10, abs=2 * interval)


def test_one_outage_after_another_is_no_distance_of_scrapes_either() -> None:
    prometheus = Prometheus(dark=(BEGAN - 250, BEGAN + 410), clock=BEGAN + 5)
    looking = sight(prometheus)
    looking.look()
    prometheus.down = True
    looking.look()
    prometheus.down, prometheus.clock = False, BEGAN + 411
    for _ in range(5):
        assert looking.interval == 1
        looking.look()
        prometheus.clock += 1


def test_an_arm_that_is_scraped_by_nobody_keeps_the_other_from_no_count() -> None:
    prometheus = Prometheus(interval=15.0, unreached=(BEGAN - 999, math.inf))
    looking = sight(prometheus)
    prometheus.clock += 300
    seen = looking.look()
    assert looking.interval == pytest.approx(15)
    assert seen.look.stable
    assert seen.look.stable.requests == pytest.approx(90 * seen.window, rel=0.1)


def test_scrapes_that_are_minutes_apart_are_counted_all_the_same() -> None:
    prometheus = Prometheus(interval=120.0)
    looking = sight(prometheus)
    for _ in range(20):
        prometheus.clock += 60
        seen = looking.look()
    assert looking.interval == 60
    assert seen.look.canary
    assert seen.look.canary.requests == pytest.approx(10 * seen.window, rel=0.2)


GAP = (BEGAN + 600, BEGAN + 660)


@pytest.mark.parametrize("elapsed", [700.4, 3000.4, DAY])
@pytest.mark.parametrize("interval", [1.0, 15.0])
@pytest.mark.parametrize(("dark", "missing"), [((0.0, 0.0), 0), (GAP, 60)])
def test_of_a_rung_that_is_taken_up_later_only_what_was_not_scraped_is_missing(
    elapsed: float, interval: float, dark: tuple[float, float], missing: float
) -> None:
    prometheus = Prometheus(interval=interval, dark=dark)
    looking = sight(prometheus)
    prometheus.clock += elapsed + missing
    assert looking.look().missing == pytest.approx(missing, abs=interval)


def test_without_prometheus_there_are_no_arms_and_the_reason_is_told() -> None:
    prometheus = Prometheus(down=True)
    looking = sight(prometheus)
    prometheus.clock += 20
    seen = looking.look()
    assert (seen.look.canary, seen.look.stable, seen.look.pods) == (None, None, QUIET)
    assert seen.trouble == "Prometheus does not answer"
    assert seen.missing == 20


def test_prometheus_that_was_away_has_lost_no_requests_and_the_time_is_missing() -> None:
    prometheus = Prometheus()
    looking = sight(prometheus)
    prometheus.clock += 10
    looking.look()
    prometheus.down = True
    prometheus.clock += 30
    assert looking.look().look.canary is None
    prometheus.down, prometheus.dark = False, (BEGAN + 10, BEGAN + 40)
    prometheus.clock += 10
    seen = looking.look()
    assert seen.look.canary
    assert seen.look.canary.requests == pytest.approx(10 * seen.window, rel=0.05)
    assert seen.missing == pytest.approx(30, abs=2)


@pytest.mark.parametrize(("weight", "control"), [(10, None), (100, (BEGAN - 500, BEGAN - 1))])
def test_it_tells_when_the_arms_were_reached_last(weight: int, control: tuple[float, float] | None) -> None:
    prometheus = Prometheus(dark=(BEGAN + 20, BEGAN + 99))
    looking = sight(prometheus, weight=weight, control=control)
    scraped: list[float] = []
    for _ in range(6):
        prometheus.clock += 10
        scraped.append(looking.look().scraped)
    assert scraped == [pytest.approx(BEGAN + min(10 * look, 20), abs=1) for look in range(1, 7)]


@pytest.mark.parametrize(
    ("until", "every", "scraped"),
    [
        pytest.param(BEGAN + 99, 10, BEGAN + 9, id="an arm that is not reached is not told of by the other"),
        pytest.param(BEGAN + 12, 2, BEGAN + 12, id="both are told of while a pod beside them is waited for"),
    ],
)
def test_it_tells_when_the_arm_that_is_out_of_reach_was_reached_last(until: float, every: float, scraped: float) -> None:
    prometheus = Prometheus(unreached=(BEGAN + 10, until))
    looking = sight(prometheus)
    for _ in range(6):
        prometheus.clock += every
        seen = looking.look()
    assert seen.scraped == pytest.approx(scraped, abs=1)


def looked_at_often(prometheus: Prometheus, *, weight: int, control: tuple[float, float] | None) -> list[Seen]:
    looking = sight(prometheus, weight=weight, control=control)
    seen: list[Seen] = []
    for _ in range(8):
        prometheus.clock += 5
        seen.append(looking.look())
    return seen


@pytest.mark.parametrize("stumbles", range(1, 15))
@pytest.mark.parametrize(("weight", "control"), [(10, None), (100, (BEGAN - 500, BEGAN - 1))])
def test_a_query_without_an_answer_costs_one_look_and_corrupts_no_count(
    stumbles: int, weight: int, control: tuple[float, float] | None
) -> None:
    undisturbed = looked_at_often(Prometheus(fails=BEGAN + 10), weight=weight, control=control)
    stumbling = looked_at_often(Prometheus(fails=BEGAN + 10, stumbles=stumbles), weight=weight, control=control)
    assert [seen.trouble for seen in stumbling if seen.trouble] == ["Prometheus answers 503"]
    assert [seen for seen in stumbling if not seen.trouble] == [
        each for each, seen in zip(undisturbed, stumbling, strict=True) if not seen.trouble
    ]


@pytest.mark.parametrize("looks", [1, 60])
def test_time_in_which_no_requests_come_any_more_is_missing(looks: int) -> None:
    prometheus = Prometheus(ended=BEGAN + 20)
    looking = sight(prometheus)
    for _ in range(looks):
        prometheus.clock += 60 / looks
        seen = looking.look()
    assert seen.missing == pytest.approx(40, abs=2)
    prometheus.ended = math.inf
    prometheus.clock += 2
    assert looking.look().missing == 0


@pytest.mark.parametrize(
    ("prometheus", "stale"),
    [
        pytest.param(Prometheus(), 0, id="scraped, with requests"),
        pytest.param(Prometheus(ended=BEGAN + DAY - 600), 600, id="the requests have ended"),
        pytest.param(Prometheus(dark=(BEGAN + DAY - 600, math.inf)), 600, id="no pod is scraped any more"),
        pytest.param(Prometheus(unreached=(BEGAN + DAY - 600, math.inf)), 600, id="the canary is out of reach"),
    ],
)
@pytest.mark.parametrize(("weight", "control"), [(10, None), (100, (BEGAN - 500, BEGAN - 1))])
def test_one_look_over_a_day_tells_for_how_long_nobody_has_seen_the_canary(
    prometheus: Prometheus, stale: float, weight: int, control: tuple[float, float] | None
) -> None:
    prometheus.clock = BEGAN + DAY
    found = sight(prometheus, weight=weight, control=control).look().stale
    assert stale / 2 <= found <= 2 * stale


def test_at_full_weight_stable_is_what_it_was_seen_to_do_before() -> None:
    prometheus = Prometheus()
    looking = sight(prometheus, weight=100, control=(BEGAN - 500, BEGAN - 1))
    prometheus.clock += 10
    seen = looking.look()
    assert seen.look.stable
    assert seen.look.stable.requests == pytest.approx(90 * 498, rel=0.01)
    assert seen.counted == (pytest.approx(BEGAN + 1, abs=1), pytest.approx(BEGAN + 10, abs=1))
    assert seen.control == (pytest.approx(BEGAN - 499, abs=1), pytest.approx(BEGAN - 1, abs=1))


@pytest.mark.parametrize("slow", [0.0, 3.0])
@pytest.mark.parametrize("ahead", [0.0, 3600.0, -3600.0])
def test_pods_are_looked_at_from_a_time_of_their_own_by_the_clock_of_their_cluster(ahead: float, slow: float) -> None:
    asked: list[datetime] = []

    def pods(since: datetime) -> PodsSeen:
        asked.append(since)
        return QUIET

    looking = sight(Prometheus(ahead=ahead, slow=slow))
    looking.pods, looking.pods_since = pods, datetime.fromtimestamp(BEGAN - 29.5, UTC)
    looking.look()
    assert asked == [datetime.fromtimestamp(BEGAN - 30 + ahead, UTC)]


def test_a_cluster_out_of_reach_leaves_the_pods_unknown() -> None:
    def unreachable(_: datetime) -> PodsSeen:
        raise HhctlError("the cluster does not answer")

    looking = sight(Prometheus())
    looking.pods = unreachable
    seen = looking.look()
    assert seen.look.pods is None
    assert seen.trouble == "the cluster does not answer"


@pytest.mark.parametrize("unreached", [(BEGAN - 9, BEGAN + 12), (BEGAN + 10, BEGAN + 22), (BEGAN + 25, BEGAN + 99)])
def test_a_pod_that_cannot_be_scraped_for_a_while_makes_no_arm_look_smaller(unreached: tuple[float, float]) -> None:
    prometheus = Prometheus(unreached=unreached)
    looking = sight(prometheus)
    for _ in range(30):
        prometheus.clock += 1
        seen = looking.look()
        if seen.look.canary and seen.look.stable and seen.window > 3:
            assert seen.look.canary.requests * 9 == pytest.approx(seen.look.stable.requests, rel=0.35 if seen.window < 10 else 0.12)
    assert seen.look.canary


@pytest.mark.parametrize("since", [-9, 10])
def test_a_pod_that_cannot_be_scraped_for_long_is_waited_for_only_once(since: int) -> None:
    prometheus = Prometheus(unreached=(BEGAN + since, BEGAN + 999))
    looking = sight(prometheus)
    windows: list[float] = []
    for _ in range(60):
        prometheus.clock += 1.5
        seen = looking.look()
        windows.append(prometheus.clock - BEGAN - seen.window)
    assert max(windows) == pytest.approx(16, abs=3)
    assert windows[-1] == pytest.approx(1, abs=3)
    assert seen.look.stable
    assert seen.look.stable.requests == pytest.approx(90 * seen.window, rel=0.05)


def test_the_longer_one_looks_the_sharper_the_split_is_seen() -> None:
    prometheus = Prometheus()
    looking = sight(prometheus)
    blurs: list[float] = []
    for seconds in (4, 40, 400):
        prometheus.clock = BEGAN + seconds
        blurs.append(looking.look().look.blur)
    assert blurs == [pytest.approx(2 / (seconds - 2), rel=0.1) for seconds in (4, 40, 400)]


def test_an_arm_whose_pod_cannot_be_scraped_is_not_taken_for_a_mismatch() -> None:
    prometheus = Prometheus(unreached=(BEGAN + 10, BEGAN + 999))
    looking = sight(prometheus)
    for seconds in (5, 100, 400):
        prometheus.clock = BEGAN + seconds
        seen = looking.look()
    assert seen.look.canary
    assert seen.look.canary.requests < 200
    assert judge_rung(seen.look, Limits())[0].verdict is Verdict.INCONCLUSIVE
