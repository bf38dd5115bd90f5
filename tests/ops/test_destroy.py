from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from ops.planning import cases, check

from automation.adoption import Unadopted
from automation.core.facts import Facts, StackFacts
from automation.core.plan import Ending
from automation.ops.destroy import plan_destroy, with_what_is_kept
from automation.options import Options, Output
from automation.reports import reported
from automation.run import Report
from components.switch_object import SwitchState


@pytest.mark.parametrize("case", cases("destroy"))
def test_destroy_plans_or_refuses(case: dict[str, Any]) -> None:
    asks = {"remnants": False, **case["asks"]}
    check(case, partial(plan_destroy, **asks), f"destroy {asks['stack']}")


def test_prod_stays_where_the_switch_was_turned_past_the_engine_until_that_is_adopted() -> None:
    dr = StackFacts("dr", (), None)
    turned = replace(dr, doubt=Unadopted("dr", SwitchState(active=True, revision=9, term=2), base=4))
    facts = Facts({"prod": StackFacts("prod", (), None), "dr": turned, "global": StackFacts("global", (), None)})
    with pytest.raises(Unadopted) as refused:
        plan_destroy(facts, "prod", remnants=False)
    assert refused.value.hint == "hhctl up dr"


@pytest.mark.parametrize(
    ("stack", "ending", "says"),
    [
        ("prod", Ending.DONE, "done; kept: the vault house-helper-backups"),
        ("dr", Ending.DONE, "done; kept: the vault house-helper-backups-replica"),
        ("staging", Ending.DONE, "done"),
        ("dr", Ending.FAILED, "failed"),
    ],
)
def test_the_report_of_a_destroyed_stack_names_its_vault(stack: str, ending: Ending, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    report = with_what_is_kept(Report("01RUN", f"destroy {stack}", ending, ending.word, "", (), {stack: 2}), stack)
    assert reported(report, Options(output=Output.JSON)) is ending.code
    said = capsys.readouterr()
    assert json.loads(said.out)["says"] == says
    assert (f"{says}\n" in said.err) == (says != "done")
