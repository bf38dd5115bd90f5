"""`hhctl outputs`: what a stack says of itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import click

from automation.app import open_app
from automation.commands import Command
from automation.show import Column, Table, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from automation.options import Options
    from automation.show import Block, Json


@dataclass(frozen=True, slots=True)
class OutputsView:
    """A stack's outputs as an answer."""

    stack: str
    outputs: Mapping[str, object]
    kind: str = "Outputs"

    def document(self) -> Mapping[str, Json]:
        """Return `{"stack": …, "outputs": {name: value}}`."""
        return {"stack": self.stack, "outputs": cast("Mapping[str, Json]", self.outputs)}

    def blocks(self) -> Sequence[Block]:
        """Return a row an output; what is no text is written as JSON."""
        rows = [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in sorted(self.outputs.items())]
        return (Table(self.kind, (Column("name", "name"), Column("value", "value")), tuple(rows)),)


@click.command(cls=Command, epilog="\b\nExamples:\n  hhctl outputs prod\n  hhctl outputs dr -o json")
@click.argument("stack")
@click.pass_obj
def outputs(options: Options, stack: str) -> None:
    """Show the outputs of STACK, secrets masked."""
    app = open_app()
    [name] = app.named([stack])
    show(OutputsView(name, app.engine.outputs(name)), options)
