"""Two operators who plan from the same revision and update at once."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from engine.world import STACK, in_a_folder_and_in_a_bucket, update

from automation.core.updates import Outcome, standing
from automation.engine.locks import here

if TYPE_CHECKING:
    from engine.world import World

    from automation.engine.engine import PulumiEngine

RACES = 20
_HEAD_START_SECONDS = (0.0, 0.4)
"""From both at once to one a whole start of the CLI ahead, which is how the loser comes past the lock."""


@in_a_folder_and_in_a_bucket
def test_of_two_operators_one_wins_and_the_other_is_told_who(world: World, engine: PulumiEngine) -> None:
    update(engine, 1)
    chance = random.Random(20)  # noqa: S311 - to try many interleavings, the same ones in each run
    with world.operator("alice") as alice, world.operator("bob") as bob:
        for race in range(RACES):
            base = standing(engine.recent(STACK)).base
            wanted = {"alice": 100 + race, "bob": 200 + race}
            for operator, name in ((alice, "alice"), (bob, "bob")):
                operator.update(wanted[name], base=base, after=chance.uniform(*_HEAD_START_SECONDS))
            answers = {"alice": alice.answer(), "bob": bob.answer()}
            [winner] = [name for name, answer in answers.items() if answer["outcome"] == "succeeded"]
            [loser] = answers.keys() - {winner}
            assert answers[loser]["outcome"] in {"stale", "busy"}
            named = winner if answers[loser]["outcome"] == "stale" else f"{here().user}@{here().host} (pid "
            assert answers[loser]["holder"].startswith(named), answers
            _agree(world, engine, maximum=wanted[winner], operator=winner, updates=race + 2)


def _agree(world: World, engine: PulumiEngine, *, maximum: int, operator: str, updates: int) -> None:
    """History, dials and the world tell of the same update."""
    entries = engine.history(STACK)
    newest = standing(entries).succeeded
    assert newest
    assert (newest.dials.maximum, newest.note.operator) == (maximum, operator)
    assert world.content("prod-first") == str(maximum)
    carried_out = [entry.revision for entry in entries if entry.outcome is not Outcome.REFUSED]
    assert len(carried_out) == updates
    assert carried_out == sorted(set(carried_out), reverse=True)
