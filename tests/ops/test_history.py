"""History: what each update changed, told from those that hold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fakes import BEGINNING

from automation.core.updates import Entry, Kind, Note, Outcome
from automation.ops.history import HistoryView, ledger
from automation.show import Table
from stacks.dials import Dials, Image

if TYPE_CHECKING:
    from automation.show import Cell


def entry(revision: int, outcome: Outcome, *, minimum: int, kind: Kind = Kind.UPDATE) -> Entry:
    return Entry(revision, Dials(minimum=minimum, maximum=9), outcome, Note("scale", "alice", "x"), BEGINNING, BEGINNING, kind)


HISTORY = (
    entry(4, Outcome.SUCCEEDED, minimum=5),
    entry(2, Outcome.SUCCEEDED, minimum=4, kind=Kind.REFRESH),
    entry(3, Outcome.FAILED, minimum=4),
    entry(2, Outcome.SUCCEEDED, minimum=3),
    entry(1, Outcome.SUCCEEDED, minimum=1),
)


def changed() -> list[list[str]]:
    return [[f"{change.name} {change.before}>{change.after}" for change in line.changed] for line in ledger(HISTORY)]


def test_an_update_is_compared_with_the_newest_before_it_that_succeeded() -> None:
    newest, refresh, failed, second, first = changed()
    assert newest == ["minimum 3>5"]
    assert refresh == []
    assert failed == ["minimum 3>4"]
    assert second == ["minimum 1>3"]
    assert "minimum >1" in first


def test_the_ledger_reads_newest_first_with_its_oldest_as_first_dials() -> None:
    [table] = HistoryView("prod", ledger(HISTORY)).blocks()
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == [4, 2, 3, 2, 1]
    assert [row[3] for row in table.rows] == ["minimum 3 -> 5", "", "minimum 3 -> 4", "minimum 1 -> 3", "first dials"]


def test_a_document_holds_all_that_is_known() -> None:
    [newest, *_] = HistoryView("prod", ledger(HISTORY)).document()["items"]  # type: ignore[misc]
    assert newest["dials"]["minimum"] == 5
    assert newest["changed"] == [{"dial": "minimum", "before": "3", "after": "5"}]
    assert (newest["outcome"], newest["kind"], newest["operator"]) == ("succeeded", "update", "alice")


V2 = Image("v2", "sha256:0123456789abcdef" + "0" * 48)


def release(chart: str, image: Image | None = V2) -> Cell:
    written = Entry(5, Dials(image=image, schema=7), Outcome.SUCCEEDED, Note("up prod", "alice", ""), BEGINNING, BEGINNING, chart=chart)
    [table] = HistoryView("prod", ledger([written])).blocks()
    assert isinstance(table, Table)
    [row] = table.rows
    return row[-1]


def test_a_row_names_what_ran_together() -> None:
    assert release("0.2.0") == "v2 0123456789ab schema 7 chart 0.2.0"
    assert release("") == "v2 0123456789ab schema 7 chart -", "an entry from before charts were recorded"
    assert release("", image=None) is None, "a stack without a workload"


def test_a_document_names_the_chart_where_it_is_known() -> None:
    [newest, *_] = HISTORY
    written = HistoryView("prod", ledger([replace(newest, chart="0.2.0"), *HISTORY[1:]])).document()["items"]
    assert [each["chart"] for each in written] == ["0.2.0", None, None, None, None]  # type: ignore[index, union-attr]
