"""`hhctl completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from automation.commands import Command
from automation.errors import HhctlError


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    Let the shell read it at each start: `eval "$(hhctl completion bash)"` in ~/.bashrc, the same with zsh in ~/.zshrc, and
    `hhctl completion fish | source` in ~/.config/fish/config.fish.
    """
    script = get_completion_class(shell)
    if script is None:
        raise HhctlError(f"click has no completion for {shell}")
    click.echo(script(context.find_root().command, {}, "hhctl", "_HHCTL_COMPLETE").source())
