"""What a failback counts before it is planned, and keeps."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import pytest
from click.testing import CliRunner
from core.test_preflight import PRIMARY
from fakes import BEGINNING
from ops.test_cut_short import stand_in

from automation.core.facts import Facts, StackFacts
from automation.core.failback import Found, answers
from automation.core.losses import Losses
from automation.core.plan import Ending
from automation.core.preflight import Answer
from automation.core.updates import Entry, Note, Outcome
from automation.ops import failback
from automation.options import Options
from automation.ports.kept_rows import KeptRows
from automation.run import Report
from stacks.dials import Dials

if TYPE_CHECKING:
    from pathlib import Path

    from automation.core.preflight import Check

LOST = Losses(2, 0, None, None, ('{"a": 1}', '{"a": 2}'))


def facts_of(stack: str, *, active: bool) -> StackFacts:
    entry = Entry(1, Dials(active=active), Outcome.SUCCEEDED, Note("up", "alice", ""), BEGINNING, BEGINNING)
    return StackFacts(stack, (entry,), None)


def counted(folder: Path, *, keep: bool, losses: Losses = LOST) -> Check:
    """What a failback says of the writes that only prod has."""
    databases = SimpleNamespace(lost=MagicMock(return_value=losses))
    session: Any = SimpleNamespace(databases=databases, kept_rows=KeptRows(folder), now=lambda: BEGINNING)
    facts = Facts({"prod": facts_of("prod", active=False), "dr": facts_of("dr", active=True)})
    seen = Found(PRIMARY, PRIMARY, switch=False, losses=None)
    found = failback._with_losses(session, facts, seen, keep=keep)  # pyright: ignore[reportPrivateUsage] - the command alone calls it
    return answers(found, data_loss=False)[-1]


def test_what_only_prod_has_is_kept_in_the_file_that_is_named(tmp_path: Path) -> None:
    check = counted(tmp_path / "lost", keep=True)
    [file] = (tmp_path / "lost").iterdir()
    assert (check.answer, check.says) == (Answer.NO_GO, f"2 transactions (2 rows written), kept in {file}, are lost when it is rebuilt")


def test_who_only_looks_at_the_plan_is_told_the_number_and_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "lost"
    check = counted(folder, keep=False)
    assert not folder.exists()
    kept = f"kept in {folder} by the same command without --plan"
    assert (check.answer, check.says) == (Answer.NO_GO, f"2 transactions (2 rows written), {kept}, are lost when it is rebuilt")


@pytest.mark.parametrize("keep", [True, False])
def test_where_nothing_was_written_nothing_is_kept(tmp_path: Path, *, keep: bool) -> None:
    assert counted(tmp_path / "lost", keep=keep, losses=Losses(0, 0, None, None, ())).says == "none"
    assert not (tmp_path / "lost").exists()


@pytest.mark.parametrize(("words", "keeps"), [(["--plan"], False), (["--yes", "--reason", "x"], True)])
def test_only_a_plan_keeps_nothing(monkeypatch: pytest.MonkeyPatch, words: list[str], *, keeps: bool) -> None:
    stand_in(monkeypatch, failback, Report("01RUN", "failback us-east-1", Ending.HALTED, "halted", "", (), {}))
    looked = MagicMock()
    monkeypatch.setattr(failback, "_with_losses", looked)
    CliRunner().invoke(failback.failback, ["us-east-1", *words], obj=Options(), standalone_mode=False)
    assert [call.kwargs for call in looked.call_args_list] == [{"keep": keeps}]
