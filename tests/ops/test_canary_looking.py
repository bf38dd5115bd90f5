"""A canary that stands, judged by one look before it is promoted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from desk import FIRST, V2
from fakes import BEGINNING, looked

from automation.core.gates import Verdict
from automation.core.rung import Rung, Seen
from automation.core.updates import Entry, Note, Outcome
from automation.ops.canary import looking
from automation.ops.canary.looking import judged_now
from stacks.dials import Canary, Dials

if TYPE_CHECKING:
    from datetime import datetime

OBJECTIVES = SimpleNamespace(error_rate=0.01, p95=timedelta(seconds=1), degradation=0.5)
SPEC = SimpleNamespace(
    objectives=OBJECTIVES,
    stacks={"prod": SimpleNamespace(region="here", workload=SimpleNamespace(namespace="here"))},
    regions={"here": SimpleNamespace(context="here")},
)


@dataclass(frozen=True)
class Gauge:
    """Sees a sound canary with far more requests than it takes, of which nobody has seen any for `stale` seconds."""

    stale: float

    def watch(self, rung: Rung, *, since: datetime, pods_since: datetime, control: tuple[datetime, datetime] | None) -> Any:
        del since, pods_since, control
        return SimpleNamespace(look=lambda: Seen(looked(rung, 3600.0), 3600.0, 0.0, stale=self.stale))


def entry(revision: int, dials: Dials) -> Entry:
    at = BEGINNING + timedelta(minutes=revision)
    return Entry(revision, dials, Outcome.SUCCEEDED, Note("canary weight 100 --stack prod", "somebody", ""), at, at)


def history(_: str) -> tuple[Entry, ...]:
    canaries = [Dials(image=FIRST.image, canary=Canary(V2, weight, 3, 3)) for weight in (0, 50, 100)]
    return tuple(reversed([entry(number, dials) for number, dials in enumerate((FIRST, *canaries), 1)]))


@pytest.mark.parametrize(("stale", "passes"), [(0.0, True), (45.0, True), (600.0, False)])
def test_what_was_well_before_anybody_saw_the_canary_last_is_no_pass(
    monkeypatch: pytest.MonkeyPatch, stale: float, *, passes: bool
) -> None:
    def gauge(*_: object) -> Gauge:
        return Gauge(stale)

    def journals(_: str) -> Any:
        return SimpleNamespace(known=tuple)

    monkeypatch.setattr(looking, "WorldGauge", gauge)
    app: Any = SimpleNamespace(spec=SPEC, engine=SimpleNamespace(history=history))
    session: Any = SimpleNamespace(redactor=None, journals=journals)
    found = judged_now(app, session, "prod")
    assert found
    assert all(each.verdict.goes_on for each in found) == passes
    unsure = [each for each in found if each.verdict is Verdict.INCONCLUSIVE]
    assert all("lacks samples, or requests" in each.trouble for each in unsure)
