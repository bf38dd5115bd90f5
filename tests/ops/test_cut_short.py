"""Ctrl-C after the traffic has moved, while what it took is counted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import pytest
from click.testing import CliRunner

from automation.core.plan import Ending
from automation.errors import ExitCode
from automation.ops import direct, failback, failover
from automation.options import Options
from automation.run import Report

if TYPE_CHECKING:
    from collections.abc import Callable

REGIONS = {"prod": "us-east-1", "dr": "us-west-2"}
APP = SimpleNamespace(spec=MagicMock(stacks={stack: SimpleNamespace(region=region) for stack, region in REGIONS.items()}), engine=None)
LOOKS = {
    failover: ("survey", "preflight", "predicted_rpo", "_pods_wanted", "request_of", "_tell_preflight", "facts_of"),
    failback: ("_look", "_with_losses", "answers", "tell_checks", "recalled", "without_void_promotion", "to_go_on", "to_lead_back"),
    direct: ("_look", "_facts", "preflight_directly", "predicted_rpo", "tell_checks", "unmeasured", "recalled", "MovingConsent", "measure"),
}
MORE_LOOKS = ("Session", "must_be_able_to_agree", "has_taken", "replays", "measured_last", "begun_at")


def press(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def fail_over() -> object:
    return CliRunner().invoke(failover.failover, ["us-west-2", "--yes", "--reason", "x"], obj=Options(), standalone_mode=False).return_value


def fail_back() -> object:
    return CliRunner().invoke(failback.failback, ["us-east-1", "--yes", "--reason", "x"], obj=Options(), standalone_mode=False).return_value


def fail_over_directly() -> object:
    return direct.directly(MagicMock(app=APP), Options(), "us-west-2", waivers=MagicMock(), left="us-east-1")


CASES = [(failover, fail_over, "_moved"), (failback, fail_back, "_moved"), (direct, fail_over_directly, "what_was_lost")]


def stand_in(monkeypatch: pytest.MonkeyPatch, module: Any, report: Report) -> None:
    """Have a command do nothing but carry out a run that ended as `report` says."""
    for name in (*LOOKS[module], *MORE_LOOKS):
        monkeypatch.setattr(module, name, MagicMock(), raising=False)
    monkeypatch.setattr(module, "open_app", lambda: APP, raising=False)
    monkeypatch.setattr(APP, "engine", MagicMock())
    for name in ("move", "operate"):
        monkeypatch.setattr(module, name, MagicMock(return_value=report), raising=False)


@pytest.mark.parametrize(("ending", "code"), [(Ending.DONE, ExitCode.NOT_EVERYBODY_TOLD), (Ending.NEEDS_A_HUMAN, ExitCode.NEEDS_A_HUMAN)])
@pytest.mark.parametrize(("module", "command", "counts"), CASES)
def test_it_cancels_nothing(
    monkeypatch: pytest.MonkeyPatch, module: Any, command: Callable[[], object], counts: str, *, ending: Ending, code: ExitCode
) -> None:
    report = Report("01RUN", "failover us-west-2", ending, ending.word, "", (), {}, past_return=True)
    stand_in(monkeypatch, module, report)
    monkeypatch.setattr(module, counts, press)
    assert command() is code


def test_who_only_fences_tells_of_the_failover_that_died_before_it_told(monkeypatch: pytest.MonkeyPatch) -> None:
    fenced = Report("02RUN", "failover us-west-2", Ending.DONE, "done", "", (), {})
    untold = Report("01RUN", "failover us-west-2", Ending.DONE, "done before", "", (), {}, past_return=True)
    stand_in(monkeypatch, failover, fenced)
    concluded = MagicMock(return_value=ExitCode.DONE)
    for name in ("_moved", "_tell_what_is_left", "passed_over"):
        monkeypatch.setattr(failover, name, MagicMock())
    monkeypatch.setattr(failover, "conclude", concluded)
    for left, told in ((untold, [untold]), (None, [])):
        concluded.reset_mock()
        monkeypatch.setattr(failover, "left_untold", MagicMock(return_value=left))
        assert fail_over() is ExitCode.DONE
        assert [call.args[2] for call in concluded.call_args_list] == told


@pytest.mark.parametrize(
    ("ending", "taken_over", "named"),
    [
        (Ending.TIMED_OUT, False, True),
        (Ending.FAILED, False, True),
        (Ending.CREDENTIALS, False, True),
        (Ending.BUSY, False, True),
        (Ending.BUSY, True, False),
        (Ending.HALTED, False, False),
        (Ending.CANCELLED, False, False),
        (Ending.STALE, False, False),
    ],
)
def test_the_way_on_without_prod_is_named_whatever_of_it_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, ending: Ending, taken_over: bool, named: bool
) -> None:
    says = "the state in s3://house-helper-state-us-east-1 does not answer within 1.3 s"
    stand_in(monkeypatch, failover, Report("01RUN", "failover us-west-2", ending, says, "", (), {}, taken_over=taken_over))
    invoked = CliRunner().invoke(failover.failover, ["us-west-2", "--yes", "--reason", "x"], obj=Options(), standalone_mode=False)
    assert ("hhctl failover us-west-2 --assume-lost us-east-1" in invoked.output + capsys.readouterr().err) is named
