"""The console script: the root of the commands, and the one place where every failure ends as a line and an exit code."""

from __future__ import annotations

import atexit
import gc
import os
import sys

import click

from automation.commands import Group, LazyCommand
from automation.errors import Cancelled, ExitCode, HhctlError
from automation.failures import saved_crash, tell_failure, usage_fault
from automation.options import options_from_environment, options_in
from automation.plugins import load_plugins
from automation.streams import secure_streams

_COMMANDS = (
    LazyCommand("up", target="automation.ops.up:up", summary="Bring STACK to what its program, its files and its dials say."),
    LazyCommand("deploy", target="automation.ops.deploy:deploy", summary="Bring VERSION to staging, then prod, then dr."),
    LazyCommand("canary", target="automation.ops.canary:canary", summary="Try a version beside the stable one, on a part of the requests."),
    LazyCommand("rollback", target="automation.ops.rollback:rollback", summary="Bring an older release back, as a new revision."),
    LazyCommand("failover", target="automation.ops.failover:failover", summary="Have REGION serve, the standby's."),
    LazyCommand(
        "failback",
        target="automation.ops.failback:failback",
        summary="Have REGION serve again, from which a failover has moved the traffic.",
    ),
    LazyCommand("smoke", target="automation.ops.smoke:smoke", summary="Make the smoke checks against STACK."),
    LazyCommand("scale", target="automation.ops.scale:scale", summary="Keep N pods of a workload, or from N to M as its load wants."),
    LazyCommand("preview", target="automation.ops.preview:preview", summary="Show what `hhctl up STACK` would change, and change nothing."),
    LazyCommand(
        "drift", target="automation.ops.drift:drift", summary="Read the world anew, and show what was changed behind Pulumi's back."
    ),
    LazyCommand(
        "destroy", target="automation.ops.destroy:destroy", summary="Take away everything that a stack has made, but its vault of backups."
    ),
    LazyCommand(
        "status", target="automation.ops.status:status", summary="Show how every stack is set, what was done last, and who holds it."
    ),
    LazyCommand("history", target="automation.ops.history:history", summary="Show every update of STACK, the newest first."),
    LazyCommand("health", target="automation.ops.health:health", summary="Show whether the workload of a stack is well."),
    LazyCommand("logs", target="automation.ops.logs:logs", summary="Show what the pods of STACK have said, or their errors by pattern."),
    LazyCommand("outputs", target="automation.ops.outputs:outputs", summary="Show the outputs of STACK, secrets masked."),
    LazyCommand("journal", target="automation.ops.journal:journal", summary="Show what was done, by whom and why, and prove it."),
    LazyCommand("notify", target="automation.ops.notify:notify", summary="Tell people what they have not been told yet."),
    LazyCommand("unlock", target="automation.ops.unlock:unlock", summary="Take a stack from a process that died on another host."),
    LazyCommand(
        "doctor",
        target="automation.ops.doctor:doctor",
        summary="Look at this machine, the spec and all that it names, and say what to mend.",
    ),
    LazyCommand("help", target="automation.ops.help:help_", summary="Show help for a command, or the exit codes."),
    LazyCommand("version", target="automation.ops.version:version", summary="Show the version of hhctl and of its Python."),
    LazyCommand("completion", target="automation.ops.completion:completion", summary="Print the completion script of a shell."),
)


class _Root(Group):
    """The group of all commands; folders outside are asked for theirs only where ours do not answer."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every name, those of the folders outside too."""
        self._join_plugins()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name, from here or else from a folder outside."""
        if cmd_name not in self.commands:
            self._join_plugins()
        return super().get_command(ctx, cmd_name)

    def _join_plugins(self) -> None:
        for name, command in load_plugins("hhctl.commands"):
            if not isinstance(command, click.Command):
                raise TypeError(f"the entry point {name} of hhctl.commands names no click command")
            self.commands.setdefault(name, command)


root = _Root(
    "hhctl",
    commands=_COMMANDS,
    help="Run House Helper's operational runbooks as planned, gated, recorded stack updates.",
)


def main() -> int:
    """Run the command line of this process and return its exit code; nothing but a closed pipe or `SystemExit` gets past it."""
    secure_streams()
    # Else an interpreter that ends looks for cycles in all that was ever imported, for a seventh of a second after the last word.
    atexit.register(gc.freeze)
    arguments = sys.argv[1:]
    try:
        answer = root.main(arguments, prog_name="hhctl", standalone_mode=False, obj=options_from_environment(os.environ))
        return int(answer or ExitCode.DONE)
    except click.exceptions.NoArgsIsHelpError as bare:
        click.echo(bare.format_message(), err=True)
        return ExitCode.USAGE
    except click.ClickException as wrong:
        failure = usage_fault(wrong)
    except (click.Abort, KeyboardInterrupt):
        failure = Cancelled("cancelled")
    except HhctlError as error:
        failure = error
    except Exception as crash:  # noqa: BLE001 - the one place where the unforeseen ends as a line, with its traceback kept
        failure = saved_crash(crash, verbose=options_in(arguments, os.environ).verbose)
    tell_failure(failure, options_in(arguments, os.environ))
    return failure.code


if __name__ == "__main__":
    sys.exit(main())
