"""Every type of the local aws provider from its making to its end, against a real moto."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from local.aws_lives import LIVES
from local.aws_moto import Aws, Made, running_moto

from localcloud.providers.resource import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.aws_made import Life


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with running_moto(tmp_path_factory.mktemp("moto") / "moto.log") as url:
        yield Aws(url)


@pytest.fixture(params=LIVES, ids=str)
def life(request: pytest.FixtureRequest) -> Life:
    return request.param


@pytest.fixture
def given(aws: Aws, life: Life) -> dict[str, str]:
    return life.given(aws)


@pytest.fixture
def made(aws: Aws, life: Life, given: dict[str, str]) -> Made:
    return Made(aws.session(), life.type).create(life.inputs(given))


def test_what_was_made_needs_no_change_and_a_refresh_finds_none(life: Life, given: dict[str, str], made: Made) -> None:
    assert made.effects(life.inputs(given)) == {}
    before = made.outputs
    assert made.refresh()
    assert made.effects(life.inputs(given)) == {}
    assert made.outputs == before


def test_a_preview_promises_what_a_create_gives(aws: Aws, life: Life, made: Made) -> None:
    forecast = aws.session().preview_create(life.type, inputs=made.inputs)
    known = {name: value for name, value in forecast.items() if value != UNKNOWN}
    assert known == {name: made.outputs.get(name) for name in known}
    assert set(made.outputs) <= set(forecast)


def test_a_change_is_made_in_place_and_settles(life: Life, given: dict[str, str], made: Made) -> None:
    assert made.effects(life.changed(given)) == life.changes
    made.update(life.changed(given))
    assert made.refresh()
    assert made.effects(life.changed(given)) == {}


def test_a_preview_of_a_change_promises_what_the_change_gives(aws: Aws, life: Life, given: dict[str, str], made: Made) -> None:
    news = made.check(life.changed(given))
    forecast = aws.session().preview_update(life.type, id=made.id, old_outputs=made.outputs, news=news)
    made.update(life.changed(given))
    known = {name: value for name, value in forecast.items() if value != UNKNOWN}
    assert known == {name: made.outputs.get(name) for name in known}


def test_what_cannot_change_asks_for_another(life: Life, given: dict[str, str], made: Made) -> None:
    assert life.replaced is not None
    assert made.effects(life.replaced(given))[life.replaces] == "replace"


def test_a_refresh_sees_what_somebody_else_did(aws: Aws, life: Life, given: dict[str, str], made: Made) -> None:
    life.outside(aws, made)
    assert made.refresh()
    assert made.effects(life.inputs(given)) == life.seen
    made.update(life.inputs(given))
    assert made.refresh()
    assert made.effects(life.inputs(given)) == {}


def test_an_import_finds_the_inputs_that_made_it(life: Life, given: dict[str, str], made: Made) -> None:
    made.state = made.imported()
    assert set(made.effects(life.inputs(given))) == life.not_imported


def test_what_was_deleted_is_gone_and_deleting_it_again_is_no_fault(life: Life, made: Made) -> None:
    made.delete()
    gone = not made.refresh()
    assert gone or str(life) in {"BucketVersioning", "BucketObjectLockConfiguration", "TopicPolicy"}, "these never go, AWS has it so"
    made.delete()
