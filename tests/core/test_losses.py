from __future__ import annotations

from datetime import UTC, datetime

import pytest

from automation.core.losses import Uncountable, is_recycled, read_branch, read_losses
from automation.core.moved import loss_of, unknown_loss
from automation.errors import HhctlError

AT = datetime(2026, 1, 1, 12, 0, 5, tzinfo=UTC)
FIRST, LAST = "2026-01-01T12:00:01+00:00", "2026-01-01T12:00:05+00:00"
ANSWER = f"""{{"emptied" : false, "transactions" : 2, "deleted" : 1, "first" : "{FIRST}", "last" : "{LAST}"}}
{{"table" : "tasks", "row" : {{"id": 9, "title": "lost"}}}}
"""


def test_what_one_side_alone_has_written_is_read_with_its_rows() -> None:
    losses = read_losses(ANSWER)
    assert (losses.transactions, losses.deleted, losses.last) == (2, 1, AT)
    assert losses.rows == ('{"table" : "tasks", "row" : {"id": 9, "title": "lost"}}',)
    assert str(losses) == "2 transactions (1 row written, 1 deleted)"
    nothing = read_losses('{"emptied" : false, "transactions" : 0, "deleted" : 0, "first" : null, "last" : null}\n')
    assert (str(nothing), nothing.rows) == ("nothing", ())


def test_a_row_is_one_however_many_ends_of_lines_its_text_holds_for_python() -> None:
    row = '{"table" : "tasks", "row" : {"id": 9, "title": "a\u2028b\u2029c\u0085d"}}'
    losses = read_losses(f'{{"emptied" : false, "transactions" : 1, "deleted" : 0, "first" : null, "last" : null}}\n{row}\n')
    assert losses.rows == (row,)
    assert str(losses) == "1 transaction (1 row written)"


@pytest.mark.parametrize(
    "answer", ["", "ERROR", "{}", '{"emptied": false, "transactions": "many", "deleted": 0, "first": null, "last": null}']
)
def test_another_answer_is_none(answer: str) -> None:
    with pytest.raises(HhctlError, match="something else than what was written"):
        read_losses(answer)


def test_a_table_that_was_emptied_makes_what_was_written_uncountable_and_not_nothing() -> None:
    for answer in (ANSWER, '{"emptied": false, "transactions": 0, "deleted": 0, "first": null, "last": null}'):
        with pytest.raises(Uncountable, match="their rows leave no trace"):
            read_losses(answer.replace("false", "true"))


def test_where_the_log_parts_is_told_by_one_that_was_promoted() -> None:
    assert read_branch("0/300E7A8\n") == "0/300E7A8"
    with pytest.raises(HhctlError, match="where in the log"):
        read_branch("\n")


def test_a_loss_is_as_old_as_the_newest_write_that_was_kept() -> None:
    lost = loss_of(read_losses(ANSWER), replayed=datetime(2026, 1, 1, 12, tzinfo=UTC))
    assert (lost.transactions, lost.rows, lost.seconds) == (2, 1, 5.0)


def test_what_cannot_be_counted_is_bounded_by_what_was_kept_last() -> None:
    loss = unknown_loss("it is gone", replayed=AT, promoted=datetime(2026, 1, 1, 12, 0, 8, tzinfo=UTC))
    assert (loss.transactions, loss.seconds) == (None, 3.0)
    assert "after 2026-01-01 12:00:05 UTC" in loss.says
    assert unknown_loss("it is gone", replayed=None, promoted=AT).seconds is None


@pytest.mark.parametrize(
    ("complaint", "recycled"),
    [
        ("psql:<stdin>:17: ERROR: requested WAL segment pg_wal/000000010000000000000003 has already been removed", True),
        ("psql:<stdin>:3: ERROR: permission denied to create extension", False),
    ],
)
def test_a_log_that_does_not_reach_back_so_far_is_known_by_the_servers_words(complaint: str, *, recycled: bool) -> None:
    assert is_recycled(complaint) is recycled
