"""`hhctl demo`: the four stacks from nothing, versions good and bad, canaries, a rollback, drift, and a region that dies, in one run."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from automation.commands import Command
from automation.errors import ExitCode, HhctlError, Refusal
from localcloud.commands.up import change, raise_cloud
from localcloud.environment import environment
from localcloud.faults import read_faults
from localcloud.here import cloud_here
from localcloud.places import project_root
from localcloud.postgres import Postgres
from localcloud.regions import HOME_REGION, POSTGRES_SERVERS
from localcloud.settings import TRAFFIC_RATE
from stacks.quantities import STACKS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from localcloud.cloud import Cloud


class DemoFailed(HhctlError):
    """A step of the demonstration did not do what it says."""

    code = ExitCode.RESOURCE_FAILED


@dataclass(frozen=True, slots=True)
class _Terminal:
    """Where the demonstration types: the project's folder, with the variables of `hhctl local env`."""

    folder: Path
    variables: Mapping[str, str]

    def type(self, *words: str, code: ExitCode = ExitCode.DONE) -> None:
        """Show a command and carry it out; it must exit with `code`."""
        click.secho(f"\n$ {shlex.join(words)}", bold=True)
        program = [sys.executable, "-m", "automation.cli"] if words[0] == "hhctl" else [words[0]]
        exited = subprocess.run(
            [*program, *words[1:]], cwd=self.folder, env=self.variables, stdin=subprocess.DEVNULL, check=False
        ).returncode
        if exited != code:
            raise DemoFailed(f"`{shlex.join(words)}` exited with {exited} instead of {int(code)}", hint="hhctl local status")


def _terminal(cloud: Cloud) -> _Terminal:
    path = f"{cloud.folder.root / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return _Terminal(project_root(), {**os.environ, **environment(cloud), "PATH": path})


@click.command(cls=Command)
def demo() -> None:
    r"""Show it all: the four stacks from nothing, a good version and a bad one, a rollback, drift, and a region that dies.

    Takes about five minutes once the programs are built. Leaves the local cloud and the stacks for you to look at; `hhctl local down` ends
    them.

    \b
    Example:
      hhctl demo
    """
    cloud = cloud_here()
    refuse_what_is_not_whole(cloud)
    _say("1. Two regions on this machine: real API servers, an AWS API, Postgres with a standby, Valkey, Prometheus, DNS.")
    change(cloud, TRAFFIC_RATE, _TRAFFIC)
    raise_cloud(cloud)
    shell = _terminal(cloud)
    for heading, commands in CHAPTERS:
        _say(f"\n{heading}")
        for words, code in commands:
            shell.type(*words, code=code)
    _say('\nNext: eval "$(hhctl local env)", and use kubectl, helm, psql, aws and hhctl yourself.')
    _say("      hhctl local fault --clear, then hhctl failback us-east-1 --yes --reason home; hhctl local down.")


def refuse_what_is_not_whole(cloud: Cloud) -> None:
    """Refuse a cloud with a fault that stands or a standby that serves, such as this demonstration leaves. Raises `Refusal`."""
    faults = [f"{where} is {fault}" for where, fault in read_faults(cloud.folder).listed()]
    serving = [f"{server.stack} serves" for server in POSTGRES_SERVERS if Postgres(cloud.folder, server).promoted]
    if not (faults or serving):
        return
    clear = ["hhctl local fault --clear"] if faults else []
    home = [f'eval "$(hhctl local env)" and hhctl failback {HOME_REGION} --yes --reason home'] if serving else []
    raise Refusal(
        f"the demonstration begins with both regions whole and prod serving, and here {', '.join((*faults, *serving))}",
        hint=f"{', then '.join((*clear, *home))}; or hhctl local down, to begin anew",
    )


def _say(line: str) -> None:
    click.echo(line)
    sys.stdout.flush()


def _done(command: str) -> tuple[Sequence[str], ExitCode]:
    return shlex.split(command), ExitCode.DONE


_TRAFFIC = 200.0  # requests a second
_BEHIND_ITS_BACK = "kubectl --context us-east-1 --namespace house-helper-prod"
CHAPTERS: Sequence[tuple[str, Sequence[tuple[Sequence[str], ExitCode]]]] = (
    ("2. The four stacks, each as one update.", [_done(f"hhctl up {stack} --yes --reason first") for stack in STACKS]),
    ("3. Nothing is left to do, and a script can rely on it.", [_done("hhctl preview --all --exit-code")]),
    (
        "4. A version, previewed first, to staging, prod and dr, each held to its gates: rollout, smoke checks, and what users meet.",
        [
            _done("hhctl deploy v1.2.3 --soak 5s --plan"),
            _done("hhctl deploy v1.2.3 --soak 5s --yes --reason 'release of the week'"),
        ],
    ),
    (
        "5. A version that fails every fifth request on prod: its numbers stop it, it is taken back (exit code 10), and dr never gets it.",
        [
            _done("hhctl local fault --version v1.2.4 --stack prod --error-rate 20%"),
            # Forced, since after three demonstrations it would be refused for having been taken back so often.
            (shlex.split("hhctl deploy v1.2.4 --soak 20s --force --yes --reason 'show what gates do'"), ExitCode.HALTED),
            _done("hhctl logs prod --errors"),
            _done("hhctl local fault --clear"),
        ],
    ),
    (
        "6. A version beside the stable one, on a part of the requests: judged at each rung, and promoted to all of them.",
        [_done("hhctl canary run v1.3.0 --soak 3s --harm 20% --yes --reason 'a new scheduler'")],
    ),
    (
        "7. Another one, that fails every fifth request: within seconds it has none any more (exit code 10).",
        [
            _done("hhctl local fault --version v1.3.1 --error-rate 20%"),
            (
                shlex.split("hhctl canary run v1.3.1 --soak 3s --harm 20% --force --yes --reason 'show what the judge does'"),
                ExitCode.HALTED,
            ),
            _done("hhctl local fault --clear"),
        ],
    ),
    ("8. Users complain of v1.3.0 as well: back to what ran before, on prod and dr.", [_done("hhctl rollback --yes --reason complaints")]),
    (
        "9. Somebody changes prod behind its back: it is found out (exit code 7), and put right.",
        [
            _done(f"{_BEHIND_ITS_BACK} delete networkpolicy default-deny"),
            (("hhctl", "drift", "prod"), ExitCode.CHANGES_PENDING),
            _done("hhctl up prod --refresh --yes --reason 'the network policy is back'"),
        ],
    ),
    (
        "10. How all is, and who did what, when and why.",
        [
            _done("hhctl status"),
            _done("hhctl health prod"),
            _done("hhctl history prod"),
            _done("hhctl journal list --limit 5"),
            _done("hhctl journal verify"),
        ],
    ),
    ("11. The users go home but for a few, so that this machine is yours again.", [_done("hhctl local up --traffic 10 --time-scale 10")]),
    (
        "12. us-east-1 dies, every process of it. Traffic moves when an operator moves it: the standby is promoted, its switch turned on.",
        [
            _done("hhctl local fault --region us-east-1 --down"),
            _done("hhctl failover us-west-2 --assume-lost us-east-1 --yes --reason 'us-east-1 is gone'"),
            _done("hhctl smoke dr"),
            _done("hhctl history dr"),
        ],
    ),
)
