"""Forecasts of several stacks, as people and programs read them."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from automation.core.updates import FieldChange, Forecast, Operation, ResourceChange, ResourceFault
from automation.errors import Busy, ExitCode, TimedOut
from automation.forecasts import Forecasts, Unforeseen, drift_of, forecast_all, gravest_first
from automation.show import Table, Text, plain

if TYPE_CHECKING:
    from automation.errors import HhctlError


def change(name: str, operation: Operation, *details: FieldChange) -> ResourceChange:
    fields = tuple(each.path for each in details)
    return ResourceChange(f"urn:pulumi:prod::p::t::{name}", "kubernetes:core/v1:ConfigMap", name, operation, fields, details)


CREATED = change("b", Operation.CREATE)
UPDATED = change("a", Operation.UPDATE, FieldChange("data.mode", "calm", "busy"), FieldChange("data.new", None, "[secret]"))
REPLACED = change("c", Operation.REPLACE)
DELETED = change("d", Operation.DELETE)
FAULT = ResourceFault("urn:pulumi:prod::p::t::a", "AccessDenied: no")
AGAINST_POLICY = ResourceFault("urn:pulumi:prod::p::t::a", "violates the policy house/labels: no label", policy="house/labels")


def forecasts(**stacks: Forecast | Unforeseen) -> Forecasts:
    return Forecasts("Previews", stacks, unchanged="nothing would change")


def test_what_goes_and_what_is_replaced_come_first() -> None:
    assert gravest_first([CREATED, UPDATED, REPLACED, DELETED]) == [DELETED, REPLACED, CREATED, UPDATED]


def test_a_stack_is_a_line_and_a_table_of_its_changes() -> None:
    line, table = forecasts(prod=Forecast((UPDATED, DELETED))).blocks()
    assert line == Text("prod: 1 to delete, 1 to update")
    assert isinstance(table, Table)
    assert [[plain(cell) for cell in row] for row in table.rows] == [
        ["delete", "kubernetes:core/v1:ConfigMap", "d", ""],
        ["update", "kubernetes:core/v1:ConfigMap", "a", "data.mode: calm → busy, data.new: - → [secret]"],
    ]


def test_drift_is_told_as_what_was_found_not_as_what_will_be_done() -> None:
    line, table = drift_of({"prod": Forecast((UPDATED, DELETED))}).blocks()
    assert line == Text("prod: 1 gone, 1 changed")
    assert isinstance(table, Table)
    assert [plain(row[0]) for row in table.rows] == ["gone", "changed"]


def test_a_stack_without_changes_and_one_without_a_forecast_are_a_line_each() -> None:
    unforeseen = Unforeseen(TimedOut("no answer", hint="hhctl status"))
    shown = forecasts(staging=Forecast((), pending=2), prod=unforeseen, dr=Forecast((), (FAULT,))).blocks()
    assert shown == [
        Text("staging: nothing would change, and 2 to settle that an interrupted update has left under way"),
        Text("prod: no answer; next: hhctl status"),
        Text("dr: failed\nt a: AccessDenied: no"),
    ]


def test_a_program_reads_changes_faults_and_errors_by_stack() -> None:
    document = forecasts(prod=Forecast((UPDATED,), (FAULT,)), dr=Unforeseen(TimedOut("no answer"))).document()
    assert document == {
        "items": [
            {
                "stack": "prod",
                "changes": [
                    {
                        "operation": "update",
                        "type": "kubernetes:core/v1:ConfigMap",
                        "name": "a",
                        "urn": "urn:pulumi:prod::p::t::a",
                        "fields": [
                            {"path": "data.mode", "before": "calm", "after": "busy"},
                            {"path": "data.new", "before": None, "after": "[secret]"},
                        ],
                    }
                ],
                "faults": [{"urn": "urn:pulumi:prod::p::t::a", "message": "AccessDenied: no"}],
                "pending": 0,
                "error": None,
            },
            {"stack": "dr", "changes": [], "faults": [], "pending": 0, "error": {"code": 9, "message": "no answer", "hint": ""}},
        ]
    }


ENDINGS = {
    "nothing": (forecasts(prod=Forecast(())), ExitCode.DONE),
    "what is left under way": (forecasts(prod=Forecast((), pending=1)), ExitCode.CHANGES_PENDING),
    "changes": (forecasts(staging=Forecast(()), prod=Forecast((CREATED,))), ExitCode.CHANGES_PENDING),
    "a fault among changes": (forecasts(prod=Forecast((CREATED,), (FAULT,))), ExitCode.RESOURCE_FAILED),
    "a policy among faults": (forecasts(prod=Forecast((CREATED,), (FAULT, AGAINST_POLICY))), ExitCode.POLICY),
    "a stack out of reach": (forecasts(staging=Forecast((CREATED,)), prod=Unforeseen(TimedOut("no"))), ExitCode.TIMED_OUT),
}


@pytest.mark.parametrize(("found", "code"), ENDINGS.values(), ids=ENDINGS)
def test_the_exit_code_is_of_the_worst(found: Forecasts, code: ExitCode) -> None:
    assert found.exit_code(ExitCode.CHANGES_PENDING) is code


def test_stacks_are_forecast_at_once_and_one_that_fails_leaves_the_others_be() -> None:
    together = threading.Barrier(3, timeout=30)
    failure: HhctlError = Busy("held")

    def forecast(stack: str) -> Forecast:
        together.wait()
        if stack == "prod":
            raise failure
        return Forecast(())

    assert forecast_all(("staging", "prod", "dr"), forecast) == {
        "staging": Forecast(()),
        "prod": Unforeseen(failure),
        "dr": Forecast(()),
    }


def test_a_ctrl_c_waits_for_no_forecast() -> None:
    over, begun = threading.Event(), list[threading.Thread]()

    def slowly(_: str) -> Forecast:
        begun.append(threading.current_thread())
        if len(begun) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        over.wait(30)
        return Forecast(())

    with pytest.raises(KeyboardInterrupt):
        forecast_all(("staging", "prod"), slowly)
    assert not over.is_set()
    waiting = [each for each in begun if each.is_alive()]
    assert len(waiting) == 2
    assert all(each.daemon for each in waiting)
    over.set()


def test_what_has_no_forecast_for_a_defect_of_ours_is_none_of_the_stacks() -> None:
    def defective(_: str) -> Forecast:
        raise LookupError("a defect")

    with pytest.raises(LookupError, match="a defect"):
        forecast_all(("staging",), defective)
