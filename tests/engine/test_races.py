"""Two operators who plan from the same revision and update at once, however the update before theirs ended."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from engine.bases import BASES
from engine.world import STACK, in_a_folder_and_in_a_bucket, update

from automation.core.updates import Kind, Outcome, standing
from automation.engine.checkpoint import read_checkpoint
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
            ended_before = BASES[race % len(BASES)]
            ended_before(world, engine)
            carried_out, base = _carried_out(engine), standing(engine.recent(STACK)).base
            wanted = {"alice": 100 + race, "bob": 200 + race}
            for operator, name in ((alice, "alice"), (bob, "bob")):
                operator.update(wanted[name], base=base, after=chance.uniform(*_HEAD_START_SECONDS))
            answers = {"alice": alice.answer(), "bob": bob.answer()}
            told = f"race {race}, {ended_before.__name__}: {answers}"
            assert sorted(answer["outcome"] == "succeeded" for answer in answers.values()) == [False, True], told
            [winner] = [name for name, answer in answers.items() if answer["outcome"] == "succeeded"]
            [loser] = answers.keys() - {winner}
            assert answers[loser]["outcome"] in {"stale", "busy"}, told
            named = winner if answers[loser]["outcome"] == "stale" else f"{here().user}@{here().host} (pid "
            assert answers[loser]["holder"].startswith(named), told
            _agree(world, engine, maximum=wanted[winner], operator=winner)
            [revision, *others] = _carried_out(engine)
            assert revision > base, told
            assert others == carried_out, told


def _carried_out(engine: PulumiEngine) -> list[int]:
    """The revisions of the updates that changed something, newest first."""
    updates = [entry for entry in engine.history(STACK) if entry.kind is Kind.UPDATE]
    return [entry.revision for entry in updates if entry.outcome is not Outcome.REFUSED]


def _agree(world: World, engine: PulumiEngine, *, maximum: int, operator: str) -> None:
    """History, dials, state and the world tell of the same update, and nothing of the one before is left."""
    newest = standing(engine.history(STACK)).succeeded
    assert newest
    assert (newest.dials.maximum, newest.note.operator) == (maximum, operator)
    assert world.content("prod-first") == str(maximum)
    assert world.content("prod-second") is not None
    assert engine.holders(STACK) == ()
    checkpoint = read_checkpoint(world.store, STACK)
    assert checkpoint
    assert checkpoint.pending == 0
