"""How many pods carry the requests while a canary is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from automation.core.sizing import carrying, kept, undo_kept
from stacks.dials import Canary, Dials, Image

STABLE, NEW = Image("v1", "sha256:" + "1" * 64), Image("v2", "sha256:" + "2" * 64)


@pytest.mark.parametrize(
    ("weight", "ready", "pods"),
    [
        (50, (3, 2), 3),  # nobody has needed more than is kept
        (50, (2, 1), 3),
        (50, (5, 5), 10),
        (50, (5, 2), 7),
        (100, (3, 10), 10),  # stable ones are idle
        (100, (7, 3), 3),  # ... and not gone yet
    ],
)
def test_pods_carry_what_they_get_and_those_that_are_kept_will_do_until_an_autoscaler_has_made_more(
    weight: int, ready: tuple[int, int], pods: int
) -> None:
    canary = Canary(NEW, weight, 2 if weight < 100 else 3, 3)
    stable, own = ready
    assert carrying(canary, stable=stable, own=own) == pods


def test_no_dial_is_lowered_and_a_way_back_that_takes_the_requests_away_waits_for_no_pods() -> None:
    canary = Canary(NEW, 100, 12, 3)
    dials = Dials(image=STABLE, canary=canary, minimum=3, maximum=9)
    assert kept(dials, 10).canary == replace(canary, stable=10)
    assert kept(dials, 0) == dials
    assert undo_kept(dials, 10) == kept(dials, 10)
    without = replace(dials, canary=replace(canary, weight=0))
    assert undo_kept(without, 10) == without
    assert undo_kept(replace(dials, canary=None), 10) == replace(dials, canary=None)
