"""`hhctl local env`."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from automation.commands import Command
from automation.options import Options, Output
from automation.show import Block, Json, show
from localcloud.environment import environment
from localcloud.here import existing_cloud

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class _Variables:
    """What `-o json` shows; a shell gets `export` lines instead."""

    variables: Mapping[str, str]
    kind: str = "LocalEnvironment"

    def document(self) -> Mapping[str, Json]:
        return {"variables": self.variables}

    def blocks(self) -> Sequence[Block]:
        return ()


@click.command(cls=Command)
@click.pass_obj
def env(options: Options) -> None:
    """Print the variables that your own tools need.

    kubectl and helm find both regions as contexts `us-east-1` and `us-west-2`; aws and psql find us-east-1's API and prod's primary; the
    engine is logged in to the state in us-east-1 and attaches the local providers. The programs themselves join your PATH.

    \b
    Examples:
      eval "$(hhctl local env)"
      kubectl --context us-west-2 get nodes
      dig @127.0.0.1 -p "${HHCTL_DNS#*:}" api.house-helper.com
    """
    cloud = existing_cloud()
    variables = environment(cloud)
    if options.output is not Output.TABLE:
        show(_Variables(variables), options)
        return
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")
    click.echo(f'export PATH={shlex.quote(str(cloud.folder.root / "bin"))}:"$PATH"')
