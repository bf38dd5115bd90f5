"""What the loop relies on, asked of the real engine and of the fake one that its tests run on: what only the fake does, it must not do."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import pytest
from engine.world import STACK, Heard, World
from fakes import FakeEngine

from automation.core.updates import Change, Engine, Note, Outcome, standing
from stacks.dials import Dials

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from automation.core.updates import Updated
    from automation.engine.engine import PulumiEngine


class Subject(Protocol):
    """An engine, and a hand on its world."""

    @property
    def engine(self) -> Engine: ...

    def refusing(self) -> AbstractContextManager[None]:
        """Let the world refuse what it is asked while the block runs."""
        ...

    def change_behind(self) -> None:
        """Change what the stack has made, behind the engine's back."""
        ...


@dataclass
class FakeSubject:
    engine: FakeEngine

    @contextmanager
    def refusing(self) -> Generator[None]:
        self.engine.failing[STACK] = Outcome.FAILED
        yield
        self.engine.failing.clear()

    def change_behind(self) -> None:
        world = self.engine.world(STACK)
        assert world
        self.engine.change_world(STACK, replace(world, maximum=99))


@dataclass
class RealSubject:
    engine: PulumiEngine
    world: World

    @contextmanager
    def refusing(self) -> Generator[None]:
        fault = self.world.boxes / "prod-first.fault"
        fault.write_text("not today")
        yield
        fault.unlink()

    def change_behind(self) -> None:
        box = self.world.boxes / "prod-first"
        box.write_text(box.read_text().replace('"3"', '"99"'))


@pytest.fixture(params=["fake", "pulumi"])
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Subject:
    if request.param == "fake":
        return FakeSubject(FakeEngine(tmp_path))
    return RealSubject(request.getfixturevalue("engine"), request.getfixturevalue("world"))


def dials(maximum: int) -> Dials:
    return Dials(maximum=maximum)


def change(engine: Engine, wanted: Dials, *, operator: str = "alice", base: int | None = None) -> Change:
    return Change(STACK, standing(engine.recent(STACK)).base if base is None else base, wanted, Note("scale", operator, "a test"))


def update(engine: Engine, maximum: int, *, operator: str = "alice", base: int | None = None) -> Updated:
    return engine.update(change(engine, dials(maximum), operator=operator, base=base), Heard())


def test_a_stack_that_was_never_updated_has_no_entries(subject: Subject) -> None:
    assert subject.engine.history(STACK) == subject.engine.recent(STACK) == ()


def test_an_update_is_an_entry_with_its_dials_and_its_note(subject: Subject) -> None:
    done = update(subject.engine, 3)
    assert (done.outcome, done.revision, bool(done.changes)) == (Outcome.SUCCEEDED, 1, True)
    [entry] = subject.engine.history(STACK)
    assert (entry.revision, entry.dials, entry.outcome) == (1, dials(3), Outcome.SUCCEEDED)
    assert entry.note == Note("scale", "alice", "a test")
    assert subject.engine.outputs(STACK)["revision"] == 1
    assert subject.engine.holders(STACK) == ()


def test_each_update_has_the_next_revision_and_the_newest_stands_first(subject: Subject) -> None:
    assert [update(subject.engine, maximum).revision for maximum in (3, 4)] == [1, 2]
    assert [entry.revision for entry in subject.engine.history(STACK)] == [2, 1]
    assert subject.engine.recent(STACK)[0] == subject.engine.history(STACK)[0]


def test_a_preview_tells_what_an_update_would_do_and_does_nothing(subject: Subject) -> None:
    update(subject.engine, 3)
    assert subject.engine.preview(change(subject.engine, dials(3)), Heard()).changes == ()
    assert subject.engine.preview(change(subject.engine, dials(4)), Heard()).changes
    assert len(subject.engine.history(STACK)) == 1


def test_an_update_from_a_base_that_has_moved_changes_nothing_and_names_who_moved_it(subject: Subject) -> None:
    update(subject.engine, 3)
    update(subject.engine, 4, operator="bob")
    late = update(subject.engine, 5, base=1)
    assert (late.outcome, late.changes, "bob" in late.holder) == (Outcome.STALE, (), True)
    stands = standing(subject.engine.recent(STACK))
    assert stands.succeeded
    assert (stands.base, stands.succeeded.dials) == (2, dials(4))
    assert subject.engine.preview(change(subject.engine, dials(4)), Heard()).changes == ()


def test_a_failed_update_is_what_the_next_one_starts_from_and_sets_no_dials(subject: Subject) -> None:
    update(subject.engine, 3)
    with subject.refusing():
        failed = update(subject.engine, 4)
    assert (failed.outcome, failed.revision, bool(failed.faults)) == (Outcome.FAILED, 2, True)
    stands = standing(subject.engine.recent(STACK))
    assert stands.succeeded
    assert (stands.base, stands.next_revision, stands.succeeded.dials) == (2, 3, dials(3))
    mended = update(subject.engine, 4)
    assert (mended.outcome, mended.revision) == (Outcome.SUCCEEDED, 3)


def test_a_first_update_that_fails_leaves_a_stack_without_dials(subject: Subject) -> None:
    with subject.refusing():
        assert update(subject.engine, 3).outcome is Outcome.FAILED
    stands = standing(subject.engine.recent(STACK))
    assert (stands.base, stands.succeeded) == (1, None)
    assert update(subject.engine, 3).outcome is Outcome.SUCCEEDED


def test_the_same_dials_again_are_an_update_that_changes_nothing(subject: Subject) -> None:
    update(subject.engine, 3)
    again = update(subject.engine, 3)
    assert (again.outcome, again.revision, again.changes) == (Outcome.SUCCEEDED, 2, ())


def test_a_stack_is_destroyed_by_dials_and_comes_back_by_dials(subject: Subject) -> None:
    update(subject.engine, 3)
    gone = subject.engine.update(change(subject.engine, replace(dials(3), present=False)), Heard())
    assert gone.outcome is Outcome.SUCCEEDED
    assert update(subject.engine, 3).changes
    assert subject.engine.preview(change(subject.engine, dials(3)), Heard()).changes == ()


def test_what_was_changed_behind_the_engine_is_drift_until_it_is_repaired(subject: Subject) -> None:
    update(subject.engine, 3)
    assert subject.engine.drift(change(subject.engine, dials(3)), Heard()).changes == ()
    subject.change_behind()
    assert subject.engine.drift(change(subject.engine, dials(3)), Heard()).changes
    assert len(subject.engine.history(STACK)) == 1
    assert subject.engine.repair(change(subject.engine, dials(3)), Heard()).outcome is Outcome.SUCCEEDED
    assert subject.engine.drift(change(subject.engine, dials(3)), Heard()).changes == ()


def test_progress_hears_of_everything_that_is_done(subject: Subject) -> None:
    heard = Heard()
    done = subject.engine.update(change(subject.engine, dials(3)), heard)
    assert {each.urn for each in heard.ended} >= {each.urn for each in done.changes}
