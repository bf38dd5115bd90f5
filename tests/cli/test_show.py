from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import yaml

from automation.options import Options, Output
from automation.show import Block, Column, Json, Record, Table, Text, Tone, Toned, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PARTS = Table(
    kind="Parts",
    columns=(Column("part", "Part"), Column("state", "State"), Column("pid", "Pid"), Column("asked", "Asked")),
    rows=(("etcd", Toned("ready", Tone.GOOD), 12, True), ("moto", Toned("crashed", Tone.BAD), None, False)),
)


@dataclass(frozen=True, slots=True)
class Report:
    kind: str = "Report"

    def document(self) -> Mapping[str, Json]:
        return {"parts": 2}

    def blocks(self) -> Sequence[Block]:
        return (Text("[bold]two parts[/bold]"), Record("Sum", ((Column("sum", "Sum of all"), 3),)))


def test_a_table_is_columns_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    show(PARTS, Options())
    assert capsys.readouterr().out == (
        "PART  STATE    PID  ASKED\n"
        "etcd  ready    12   yes\n"
        "moto  crashed  -    no\n"
    )  # fmt: skip


@pytest.mark.parametrize(("output", "parse"), [(Output.JSON, json.loads), (Output.YAML, yaml.safe_load)])
def test_a_table_is_a_list_of_items_for_programs(capsys: pytest.CaptureFixture[str], output: Output, parse: type) -> None:
    show(PARTS, Options(output=output))
    assert parse(capsys.readouterr().out) == {
        "apiVersion": "hhctl/v1",
        "kind": "Parts",
        "items": [
            {"part": "etcd", "state": "ready", "pid": 12, "asked": True},
            {"part": "moto", "state": "crashed", "pid": None, "asked": False},
        ],
    }


def test_blocks_stand_apart_and_their_words_are_not_markup(capsys: pytest.CaptureFixture[str]) -> None:
    show(Report(), Options())
    assert capsys.readouterr().out == "[bold]two parts[/bold]\n\nSum of all  3\n"


def test_escape_sequences_in_data_are_shown_and_not_sent(capsys: pytest.CaptureFixture[str]) -> None:
    show(Record("Log", ((Column("line", "Line"), "\x1b[2J\x07gone\x9b31m"),)), Options())
    assert capsys.readouterr().out == "Line  �[2J�gone�31m\n"


def test_a_number_that_json_lacks_is_a_defect() -> None:
    with pytest.raises(ValueError, match="JSON"):
        show(Record("Rate", ((Column("rate", "Rate"), float("nan")),)), Options(output=Output.JSON))


def test_a_row_of_another_length_is_a_defect() -> None:
    with pytest.raises(ValueError, match="shorter"):
        Table("Parts", PARTS.columns, (("etcd",),)).document()
