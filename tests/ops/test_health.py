"""Health: how the command exits by what it has seen."""

from __future__ import annotations

import pytest

from automation.core.health import Fitness, Sign
from automation.errors import ExitCode, TimedOut
from automation.ops.health import HealthView, StackHealth, worst_code
from automation.show import Text

WELL, QUIET = Sign("pods", Fitness.WELL, "3 Running"), Sign("gate Requests that fail", Fitness.UNKNOWN, "no data")
ILL, UNASKED = Sign("pods", Fitness.ILL, "3 CrashLoopBackOff"), Sign("gate Requests that fail", Fitness.UNKNOWN, "no data", asked=False)


@pytest.mark.parametrize(
    ("health", "code"),
    [
        (StackHealth("prod", (WELL, QUIET)), ExitCode.DONE),
        (StackHealth("prod", (WELL, UNASKED)), ExitCode.INCONCLUSIVE),
        (StackHealth("prod", (ILL, UNASKED)), ExitCode.RESOURCE_FAILED),
        (StackHealth("prod", (), TimedOut("no answer")), ExitCode.TIMED_OUT),
    ],
)
def test_no_traffic_is_no_trouble_and_no_prometheus_is_no_proof_of_health(health: StackHealth, code: ExitCode) -> None:
    assert health.code is code


@pytest.mark.parametrize(
    ("codes", "worst"),
    [
        ([], ExitCode.DONE),
        ([ExitCode.DONE, ExitCode.INCONCLUSIVE], ExitCode.INCONCLUSIVE),
        ([ExitCode.INCONCLUSIVE, ExitCode.RESOURCE_FAILED], ExitCode.RESOURCE_FAILED),
        ([ExitCode.TIMED_OUT, ExitCode.RESOURCE_FAILED], ExitCode.TIMED_OUT),
    ],
)
def test_of_several_stacks_what_is_known_to_be_wrong_counts_first(codes: list[ExitCode], worst: ExitCode) -> None:
    assert worst_code(codes) is worst


def test_a_stack_that_cannot_be_asked_says_what_to_type_next() -> None:
    view = HealthView([StackHealth("prod", (), TimedOut("no answer", hint="hhctl doctor")), StackHealth("dr", (), TimedOut("none"))])
    assert view.blocks() == (Text("prod: no answer; next: hhctl doctor"), Text("dr: none"))
    assert view.document() == {
        "items": [
            {"stack": "prod", "fitness": "ill", "error": "no answer", "hint": "hhctl doctor", "signs": []},
            {"stack": "dr", "fitness": "ill", "error": "none", "hint": None, "signs": []},
        ]
    }
