from __future__ import annotations

from dataclasses import replace

import pytest
from fakes import BEGINNING
from ops.planning import dials

from automation.core.drift import AS_MADE, RESTORE, SETTLED
from automation.core.facts import Facts, StackFacts, Unreachable
from automation.core.gates import rolled_out
from automation.core.plan import Task, Update, lines
from automation.core.updates import Entry, Forecast, Note, Operation, Outcome, ResourceChange
from automation.errors import TimedOut
from automation.looking import Drift
from automation.ops.up import plan_refresh

SET = dials({"image": "v1", "minimum": 1, "maximum": 2})
NEWEST = Entry(4, SET, Outcome.SUCCEEDED, Note("up", "a", ""), BEGINNING, BEGINNING)
FACTS = Facts({"prod": StackFacts("prod", (NEWEST,), None)})
POLICY = ResourceChange("urn:policy", "NetworkPolicy", "deny", Operation.DELETE)
DEPLOYMENT = ResourceChange("urn:release", "Deployment", "prod/api", Operation.UPDATE)
NOTHING = Forecast(())
ANYTHING = Forecast((POLICY,))
UPDATE = Update("prod", SET, SET, rolled_out("prod", SET), refresh=True)
BEFORE_THE_RELEASES = replace(UPDATE, gates=())
RESTORING = Task("restore what its Helm releases made", "prod", SETTLED, RESTORE, AS_MADE)

CASES = {
    "nothing has changed": (Drift(NOTHING, ()), NOTHING, ()),
    "a resource has": (Drift(ANYTHING, ()), NOTHING, (UPDATE,)),
    "the program has": (Drift(NOTHING, ()), ANYTHING, (UPDATE,)),
    "an object of a release has": (Drift(NOTHING, (DEPLOYMENT,)), NOTHING, (RESTORING,)),
    "both have": (Drift(ANYTHING, (DEPLOYMENT,)), NOTHING, (BEFORE_THE_RELEASES, RESTORING)),
    "an update was killed": (Drift(NOTHING, ()), Forecast((), pending=1), (UPDATE,)),
}


@pytest.mark.parametrize(("drift", "foreseen", "steps"), CASES.values(), ids=CASES)
def test_what_has_changed_is_mended_and_nothing_else(drift: Drift, foreseen: Forecast, steps: tuple[Update | Task, ...]) -> None:
    plan = plan_refresh(FACTS, "prod", drift, foreseen)
    assert (plan.steps, plan.bases, plan.operation) == (steps, {"prod": 4}, "up prod --refresh")


def test_the_plan_says_that_the_world_is_read() -> None:
    assert "1. update prod from the world read anew" in lines(plan_refresh(FACTS, "prod", Drift(ANYTHING, ()), NOTHING))


def test_a_stack_out_of_reach_is_not_planned_for() -> None:
    with pytest.raises(TimedOut):
        plan_refresh(Facts({"prod": Unreachable("prod", TimedOut("no answer"))}), "prod", Drift(NOTHING, ()), NOTHING)
