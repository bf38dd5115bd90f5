"""Blocks become text for a terminal by rich, or plain columns where stdout is none."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, assert_never

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text as RichText

from automation.show import Record, Table, Text, Tone, Toned, plain, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from automation.show import Block, Cell

_STYLES = {Tone.GOOD: "green", Tone.DOUBTFUL: "yellow", Tone.BAD: "bold red", Tone.FAINT: "dim"}

# Without a terminal nothing is wrapped: one row stays one line, whatever reads it.
_UNBOUNDED = 100_000


def paint(blocks: Sequence[Block], *, colour: bool) -> str:
    """Lay `blocks` out for stdout as it is now: as wide as its terminal, in colours only there and if `colour`, apart by blank lines."""
    terminal = sys.stdout.isatty()
    # On a sheet of our own: rich would write a long answer to stdout by itself, where nobody expects an error.
    sheet = io.StringIO()
    console = Console(
        file=sheet,
        width=None if terminal else _UNBOUNDED,
        force_terminal=terminal,
        color_system="auto" if terminal and colour else None,
    )
    for index, block in enumerate(blocks):
        if index:
            console.print()
        console.print(_renderable(block))
    return "".join(f"{line.rstrip()}\n" for line in sheet.getvalue().split("\n")[:-1])


def _renderable(block: Block) -> RenderableType:
    match block:
        case Table():
            return _columns(block)
        case Record():
            return _lines(block)
        case Text():
            return RichText(visible(block.text))
        case _:
            assert_never(block)


def _columns(table: Table) -> RichTable:
    grid = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in table.columns:
        grid.add_column(column.title.upper(), overflow="fold", no_wrap=column.whole)
    for row in table.rows:
        grid.add_row(*map(_cell, row))
    return grid


def _lines(record: Record) -> RichTable:
    grid = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    grid.add_column(style="bold")
    grid.add_column(overflow="fold")
    for column, cell in record.values:
        grid.add_row(RichText(column.title), _cell(cell))
    return grid


def _cell(cell: Cell) -> RichText:
    style = _STYLES[cell.tone] if isinstance(cell, Toned) else ""
    match plain(cell):
        case None:
            words = "-"
        case bool() as answer:
            words = "yes" if answer else "no"
        case value:
            words = str(value)
    return RichText(visible(words), style=style)
