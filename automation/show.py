"""Answers on stdout: a table for people, one json or yaml document for programs. Talk goes to stderr by `tell`."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol, TypeAlias

import click

from automation.errors import HhctlError
from automation.options import Output

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from automation.options import Options

API_VERSION = "hhctl/v1"

# A log line or a provider's words may hold escape sequences; on a terminal they would act.
_VISIBLE = {code: "�" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}

Scalar: TypeAlias = str | int | float | bool | None
Json: TypeAlias = "Scalar | Sequence[Json] | Mapping[str, Json]"


class Tone(Enum):
    """What a cell's colour says; the words in the cell say it too."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    BAD = "bad"
    FAINT = "faint"


@dataclass(frozen=True, slots=True)
class Toned:
    """A cell whose value is coloured on a terminal."""

    value: Scalar
    tone: Tone


Cell: TypeAlias = Scalar | Toned


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `key` names it in documents, `title` heads it on a terminal, where others give way to one that is to stay `whole`."""

    key: str
    title: str
    whole: bool = False


class OutputLost(HhctlError):
    """Stdout cannot be written, as with a full disk."""


class View(Protocol):
    """An answer: `kind` and `document()` are API for programs, `blocks()` is what a person reads."""

    @property
    def kind(self) -> str:
        """Name the document's kind, such as `ExitCodes`."""
        ...

    def document(self) -> Mapping[str, Json]:
        """Return what the document holds beside `apiVersion` and `kind`."""
        ...

    def blocks(self) -> Sequence[Block]:
        """Return what a terminal shows, from top to bottom."""
        ...


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of equal shape, itself a view; a row holds one cell a column."""

    kind: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def document(self) -> Mapping[str, Json]:
        """Return `{"items": [{key: value}, …]}`."""
        keys = [column.key for column in self.columns]
        return {"items": [dict(zip(keys, map(plain, row), strict=True)) for row in self.rows]}

    def blocks(self) -> Sequence[Block]:
        """Return the table alone."""
        return (self,)


@dataclass(frozen=True, slots=True)
class Record:
    """Named values of one thing, itself a view."""

    kind: str
    values: tuple[tuple[Column, Cell], ...]

    def document(self) -> Mapping[str, Json]:
        """Return `{key: value}`."""
        return {column.key: plain(cell) for column, cell in self.values}

    def blocks(self) -> Sequence[Block]:
        """Return the record alone."""
        return (self,)


@dataclass(frozen=True, slots=True)
class Text:
    """Lines between tables; a terminal shows them as they are."""

    text: str


Block: TypeAlias = Table | Record | Text


def plain(cell: Cell) -> Scalar:
    """Return the cell's value without its tone."""
    return cell.value if isinstance(cell, Toned) else cell


def moment(at: datetime) -> str:
    """Write a time in UTC, whole seconds, as people and programs read it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def show(view: View, options: Options) -> None:
    """Write `view` on stdout in the format asked for.

    Raises:
        OutputLost: stdout cannot be written.
        BrokenPipeError: whoever read stdout has gone.
    """
    if options.output is Output.TABLE:
        from automation.paint import paint  # noqa: PLC0415 - rich costs a tenth of a second that documents need not pay

        _write(paint(view.blocks(), colour=options.colour))
    else:
        _write(_document(view, options.output))


def tell(line: str) -> None:
    """Write one line of talk on stderr; nothing in it acts on a terminal."""
    _tell(visible(line))


def tell_blocks(blocks: Sequence[Block], options: Options) -> None:
    """Write on stderr what a terminal would show of an answer."""
    from automation.paint import paint  # noqa: PLC0415 - likewise

    _tell(paint(blocks, colour=options.colour).rstrip())


def visible(words: str) -> str:
    """Return `words` with what would act on a terminal replaced by a mark."""
    return words.translate(_VISIBLE)


def in_one_line(words: str) -> str:
    """Return `words` as one line, whatever their layout."""
    return " ".join(words.split())


def _tell(line: str) -> None:
    # Left to find stderr, click writes past a live table that has taken its place, and so into the middle of it.
    click.echo(line, file=sys.stderr)


def _document(view: View, output: Output) -> str:
    document = {"apiVersion": API_VERSION, "kind": view.kind, **view.document()}
    if output is Output.JSON:
        return json.dumps(document, indent=2, allow_nan=False) + "\n"

    import yaml  # noqa: PLC0415 - likewise

    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _write(text: str) -> None:
    try:
        click.echo(text, nl=False)
    except OSError as error:
        # What could not be written would be tried again when the interpreter ends, which would then choose the exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise OutputLost(f"stdout cannot be written: {error.strerror}") from error
