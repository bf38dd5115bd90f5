"""The options that every command understands, wherever on the line they stand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stacks.quantities import Quantity


class QuantityType(click.ParamType[Any]):
    """An option or argument whose value is a quantity of the spec, such as 5% or 1500ms."""

    def __init__(self, name: str, quantity: Quantity[Any]) -> None:
        self.name = name
        self._quantity = quantity

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the quantity; one that is none is a usage error that says what is allowed."""
        try:
            return self._quantity.parse(value)
        except ValueError:
            self.fail(f"{value!r} is not {self._quantity.allowed}", param, ctx)


class Output(Enum):
    """How an answer is written: for people, or as one document for programs."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


@dataclass(frozen=True, slots=True)
class Options:
    """What the line and the environment ask of every command; a command takes it with `click.pass_obj`.

    `plan`, `reason` and `incident` are asked of operations only: show what would be done, and why it is done.
    """

    output: Output = Output.TABLE
    colour: bool = True
    yes: bool = False
    verbose: bool = False
    plan: bool = False
    reason: str = ""
    incident: str = ""


def options_from_environment(environment: Mapping[str, str]) -> Options:
    """Return the defaults, under `NO_COLOR` (https://no-color.org: set and not empty means none)."""
    return Options(colour=not environment.get("NO_COLOR"))


def options_in(arguments: Sequence[str], environment: Mapping[str, str]) -> Options:
    """Read what `arguments` ask for even where they are otherwise wrong, so that a usage error is told in the format asked for."""
    lenient = click.Command(
        "hhctl",
        params=shared_parameters(),
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    context = lenient.make_context("hhctl", list(arguments), obj=options_from_environment(environment), resilient_parsing=True)
    return context.ensure_object(Options)


def shared_parameters() -> list[click.Parameter]:
    """Make the parameters to add to a command; each changes the context's `Options`, so the word nearest to the command wins."""
    return [
        click.Option(
            ["-o", "--output"],
            type=click.Choice(Output, case_sensitive=False),
            callback=_changing(lambda options, output: replace(options, output=output)),
            expose_value=False,
            help="How to write the answer (default: table).",
        ),
        click.Option(
            ["--no-color"],
            is_flag=True,
            callback=_changing(lambda options, _: replace(options, colour=False)),
            expose_value=False,
            help="Write no colours; NO_COLOR does the same.",
        ),
        click.Option(
            ["--yes"],
            is_flag=True,
            callback=_changing(lambda options, _: replace(options, yes=True)),
            expose_value=False,
            help="Answer every confirmation with yes.",
        ),
        click.Option(
            ["-v", "--verbose"],
            is_flag=True,
            callback=_changing(lambda options, _: replace(options, verbose=True)),
            expose_value=False,
            help="Show the traceback of a defect.",
        ),
    ]


def operation_parameters() -> list[click.Parameter]:
    """Make the parameters to add to a command that changes stacks."""
    return [
        click.Option(
            ["--plan"],
            is_flag=True,
            callback=_changing(lambda options, _: replace(options, plan=True)),
            expose_value=False,
            help="Show what would be done, and do nothing.",
        ),
        click.Option(
            ["--reason"],
            metavar="TEXT",
            callback=_changing(lambda options, reason: replace(options, reason=reason)),
            expose_value=False,
            help="Why; required to change prod, dr and global.",
        ),
        click.Option(
            ["--incident"],
            metavar="ID",
            callback=_changing(lambda options, incident: replace(options, incident=incident)),
            expose_value=False,
            help="The incident for which it is done, instead of a reason.",
        ),
    ]


def _changing(change: Callable[[Options, Any], Options]) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(context: click.Context, _: click.Parameter, value: Any) -> None:
        if value:
            context.obj = change(context.ensure_object(Options), value)

    return callback
