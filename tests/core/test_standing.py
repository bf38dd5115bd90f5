"""Base and dials: what a stack's history says of how it is set, and from where the next update starts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from automation.core.updates import Entry, Kind, Note, Outcome, standing
from stacks.dials import Dials

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def entry(written: str) -> Entry:
    """`3 failed`: revision 3, which set a minimum of 3 pods; `3 refresh` is somebody's bare Pulumi command."""
    revision, word = written.split()
    kind = Kind.UPDATE if word in {outcome.value for outcome in Outcome} else Kind(word)
    outcome = Outcome(word) if kind is Kind.UPDATE else Outcome.SUCCEEDED
    return Entry(int(revision), Dials(minimum=int(revision), maximum=99), outcome, Note("", "", ""), NOW, NOW, kind)


@pytest.mark.parametrize(
    ("history", "base", "next_revision", "holds"),
    [
        ([], 0, 1, None),
        (["1 succeeded"], 1, 2, 1),
        (["1 failed"], 1, 2, None),
        (["1 refused"], 0, 2, None),
        (["1 succeeded", "2 failed"], 2, 3, 1),
        (["1 succeeded", "2 cancelled"], 2, 3, 1),
        (["1 succeeded", "2 refused"], 1, 3, 1),
        (["1 succeeded", "2 succeeded", "2 refused"], 2, 3, 2),
        (["1 succeeded", "3 refused", "2 succeeded"], 2, 4, 2),
        (["1 succeeded", "2 failed", "3 refused", "4 refused"], 2, 5, 1),
        (["1 succeeded", "1 refresh"], 1, 2, 1),
        (["1 succeeded", "2 failed", "2 refresh", "2 other"], 2, 3, 1),
        (["1 failed", "2 succeeded", "3 failed", "4 failed"], 4, 5, 2),
    ],
)
def test_dials_are_the_newest_that_succeeded_and_the_base_is_the_newest_that_was_not_refused(
    history: list[str], base: int, next_revision: int, holds: int | None
) -> None:
    found = standing([entry(written) for written in reversed(history)])
    assert (found.base, found.next_revision) == (base, next_revision)
    assert (found.succeeded.dials.minimum if found.succeeded else None) == holds
