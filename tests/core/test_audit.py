"""Journals compared: whatever is done to one of two, it is found, and what could not be kept at the time is excused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from automation.core.audit import Copy, summaries, verified
from automation.core.chain import link_after, read_line
from automation.core.record import Event, Record, to_json
from automation.errors import ExitCode, TimedOut

if TYPE_CHECKING:
    from automation.core.plan import Json

HERE, SHARED = "laptop:journal", "s3://state/journal"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def run(name: str, *events: Event, journals: tuple[str, ...] = (HERE, SHARED)) -> list[Record]:
    def data(event: Event) -> dict[str, Json]:
        return {"journals": list(journals)} if event in {Event.BEGUN, Event.TAKEN_UP} else {"ending": "done", "journal": SHARED}

    return [Record(name, NOW + timedelta(seconds=second), event, 0, event.value, data(event)) for second, event in enumerate(events)]


def copy(name: str, *runs: list[Record]) -> Copy:
    lines: list[str] = []
    for record in (record for run in runs for record in run):
        newest = read_line(lines[-1]) if lines else None
        lines.append(link_after(newest, to_json(record)).line)
    return Copy(name, tuple(lines))


def said(*copies: Copy) -> dict[str, str]:
    return {finding.name: finding.says for finding in verified(copies) if finding.code is not ExitCode.DONE}


FIRST = run("A", Event.BEGUN, Event.STARTED, Event.DONE, Event.ENDED)
SECOND = run("B", Event.BEGUN, Event.STARTED, Event.DONE, Event.ENDED)


def test_two_whole_journals_are_whole() -> None:
    findings = verified([copy(HERE, FIRST, SECOND), copy(SHARED, FIRST, SECOND)])
    assert [(finding.lines, finding.says, finding.code) for finding in findings] == [(8, "", ExitCode.DONE)] * 2


@pytest.mark.parametrize("kept", range(8))
@pytest.mark.parametrize("cut", [HERE, SHARED])
def test_lines_cut_off_at_the_end_are_found_by_the_other_journal(cut: str, kept: int) -> None:
    whole = copy(SHARED if cut == HERE else HERE, FIRST, SECOND)
    torn = Copy(cut, copy(cut, FIRST, SECOND).lines[:kept])
    assert said(whole, torn).keys() == {cut}
    assert f"of run {'A' if kept < 4 else 'B'}" in said(whole, torn)[cut]


def test_a_journal_written_anew_without_a_run_is_found_by_the_other() -> None:
    assert said(copy(HERE, SECOND), copy(SHARED, FIRST, SECOND)).keys() == {HERE}


def test_a_broken_link_is_told_by_its_line() -> None:
    lines = copy(HERE, FIRST).lines
    edited = Copy(HERE, (lines[0], lines[1].replace('"says":"started"', '"says":"strated"'), *lines[2:]))
    assert edited.lines != lines
    assert said(edited, copy(SHARED, FIRST)) == {HERE: "line 2 holds something else than was written"}


def test_runs_of_other_operators_are_not_asked_of_this_journal() -> None:
    others = run("C", Event.BEGUN, Event.ENDED, journals=("desktop:journal", SHARED))
    assert said(copy(HERE, FIRST), copy(SHARED, FIRST, others)) == {}


def test_what_another_operator_took_up_is_theirs_from_there_on() -> None:
    begun = run("A", Event.BEGUN, Event.STARTED)
    taken_up = run("A", Event.TAKEN_UP, Event.UNDONE, journals=("desktop:journal", SHARED))
    later = [Record(each.run, each.at + timedelta(minutes=1), each.event, each.step, each.says, each.data) for each in taken_up]
    assert said(copy(HERE, begun), copy(SHARED, begun, later)) == {}


def test_what_a_journal_did_not_take_at_the_time_is_excused_and_nothing_else() -> None:
    begun, started, lacking, ended = run("A", Event.BEGUN, Event.STARTED, Event.LACKING, Event.ENDED)
    whole = [begun, started, replace(lacking, says=f"{SHARED} lacks: started"), ended]
    assert said(copy(HERE, whole), copy(SHARED, [begun, ended])) == {}
    assert said(copy(HERE, whole), copy(SHARED, [begun])) == {SHARED: f"lacks a line that {HERE} has: 'ended: ended' of run A"}


def test_a_line_that_was_written_anew_with_all_after_it_is_found_by_the_other_journal() -> None:
    forged = [*FIRST[:1], replace(FIRST[1], says="somebody else did"), *FIRST[2:]]
    found = said(copy(HERE, forged), copy(SHARED, FIRST))
    assert found == {
        HERE: f"holds another line than {SHARED}: 'started: started' of run A",
        SHARED: f"holds another line than {HERE}: 'started: somebody else did' of run A",
    }


@pytest.mark.parametrize("written", [1, 2])
def test_a_process_that_died_between_two_journals_is_told_and_accuses_nobody(written: int) -> None:
    died = run("C", Event.BEGUN, Event.STARTED)[:written]
    [here, shared] = verified([copy(HERE, FIRST, died, SECOND), copy(SHARED, FIRST, died[:-1], SECOND)])
    assert (here.says, here.code, shared.code) == ("", ExitCode.DONE, ExitCode.DONE)
    assert shared.says == f"a process died after it had written to {HERE}, and not here: '{died[-1].event.value}: {died[-1].says}' of run C"


def test_a_process_that_died_between_two_journals_is_told_after_its_run_was_taken_up() -> None:
    died, later = run("C", Event.BEGUN, Event.STARTED), run("C", Event.TAKEN_UP, Event.UNDONE, Event.ENDED)
    taken_up = [Record(each.run, each.at + timedelta(minutes=1), each.event, each.step, each.says, each.data) for each in later]
    [here, shared] = verified([copy(HERE, died, taken_up), copy(SHARED, died[:1], taken_up)])
    assert (here.code, shared.code) == (ExitCode.DONE, ExitCode.DONE)
    assert "'started: started' of run C" in shared.says


def test_the_journal_that_is_written_first_lacks_nothing_when_a_process_dies() -> None:
    died = run("C", Event.BEGUN, Event.STARTED)
    assert said(copy(HERE, died[:1]), copy(SHARED, died)).keys() == {HERE}


def test_more_than_one_line_is_lacking_only_where_they_were_cut_off() -> None:
    died = run("C", Event.BEGUN, Event.STARTED, Event.DONE)
    assert said(copy(HERE, died), copy(SHARED, died[:1])).keys() == {SHARED}


def test_a_journal_that_cannot_be_read_is_told_and_accuses_nobody() -> None:
    findings = verified([copy(HERE, FIRST), Copy(SHARED, (), TimedOut("no answer"))])
    assert [(finding.says, finding.code) for finding in findings] == [("", ExitCode.DONE), ("no answer", ExitCode.TIMED_OUT)]


def test_runs_are_summed_up_with_the_newest_first() -> None:
    unfinished = run("C", Event.BEGUN, Event.STARTED)
    found = summaries([*FIRST, *SECOND, *unfinished])
    assert [(summary.begun.run, summary.ending) for summary in found] == [("C", ""), ("B", "done"), ("A", "done")]
