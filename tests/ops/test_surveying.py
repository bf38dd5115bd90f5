"""Looks at a region that may be gone: a slow one is asked once more, a silent one is not waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from automation.core.facts import StackFacts, Unreachable
from automation.errors import HhctlError, TimedOut
from automation.surveying import RegionLooks

if TYPE_CHECKING:
    from collections.abc import Callable

LATE, REFUSED = TimedOut("the cluster does not answer within 2 s"), HhctlError("connection refused")
STANDING = StackFacts("prod", (), first=None)


class Looked:
    """A look that finds one thing after the other, or fails of it."""

    def __init__(self, *finds: object) -> None:
        self.left = list(finds)

    def __call__(self) -> object:
        found = self.left.pop(0)
        if isinstance(found, HhctlError):
            raise found
        return found


@pytest.mark.parametrize("late", [LATE, Unreachable("prod", LATE), StackFacts("prod", (), first=None, doubt=LATE)])
def test_what_came_too_late_of_a_region_that_answers_is_looked_at_once_more(late: object) -> None:
    region, look = RegionLooks(), Looked(late, "found")
    region.look(lambda: "something")
    assert region.look(look) == "found"


def test_it_is_not_looked_at_a_third_time() -> None:
    region, look = RegionLooks(), Looked(LATE, LATE, "found")
    region.look(lambda: "something")
    assert region.look(look) is LATE


def test_a_state_that_answers_tells_that_the_cluster_beside_it_is_slow() -> None:
    assert RegionLooks().look(Looked(StackFacts("prod", (), first=None, doubt=LATE), STANDING)) == STANDING


@pytest.mark.parametrize("before", [Looked(LATE), Looked(REFUSED), Looked(Unreachable("prod", REFUSED))])
def test_a_region_that_has_told_nothing_is_not_waited_for(before: Callable[[], object]) -> None:
    region, look = RegionLooks(), Looked(LATE, "found")
    region.look(before)
    assert region.look(look) is LATE


def test_what_is_refused_is_not_asked_again() -> None:
    region, look = RegionLooks(), Looked(REFUSED, "found")
    region.look(lambda: "something")
    assert region.look(look) is REFUSED
