"""`hhctl completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from automation.commands import Command
from automation.errors import HhctlError

_EXAMPLES = """\b
Examples, each for a shell's own start file:
  eval "$(hhctl completion bash)"
  eval "$(hhctl completion zsh)"
  hhctl completion fish | source"""


@click.command(cls=Command, epilog=_EXAMPLES)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    A shell that reads it at each start completes what the installed hhctl knows: commands, options and their values.
    """
    script = get_completion_class(shell)
    if script is None:
        raise HhctlError(f"click has no completion for {shell}")
    click.echo(script(context.find_root().command, {}, "hhctl", "_HHCTL_COMPLETE").source())
