"""Makes the pictures of the README from a real run, on a local cloud of its own: `make pictures`, some four minutes."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

PROJECT = Path(__file__).resolve().parent.parent
PICTURES = PROJECT / "docs" / "pictures"
WIDTH = 130
LONGEST = 34
_FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-family: arial; font-weight: bold; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""Rich's own template without the fonts that it would fetch: a picture must not reach for the network."""


@dataclass(frozen=True)
class Shell:
    """A terminal in the project, with a local cloud of its own."""

    environment: dict[str, str]

    def run(self, line: str) -> str:
        """Run a command, whatever its exit code; what it wrote, in colour where it would be."""
        ours, theirs = pty.openpty()
        words = [sys.executable, "-m", "automation.cli", *shlex.split(line)[1:]]
        with ThreadPoolExecutor(max_workers=1) as readers:
            # A terminal holds a few kilobytes; whoever writes more waits until they are read.
            written = readers.submit(_all_of, ours)
            try:
                done = subprocess.run(
                    words, cwd=PROJECT, env=self.environment, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, text=True, check=False
                )
            finally:
                os.close(theirs)
            return done.stderr + written.result()


def _all_of(terminal: int) -> str:
    written = bytearray()
    try:
        while chunk := os.read(terminal, 65536):
            written += chunk
    except OSError:  # nobody holds the other end any more
        pass
    finally:
        os.close(terminal)
    return written.decode().replace("\r", "")


def draw(name: str, command: str, text: str) -> None:
    """Write what a terminal showed as `docs/pictures/NAME.svg`."""
    lines = text.strip("\n").splitlines()
    shown = lines if len(lines) <= LONGEST else [*lines[: LONGEST - 1], "…"]
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system="truecolor")
        console.print(Text.from_ansi(f"$ {command}\n" + "\n".join(shown)), no_wrap=True, overflow="ellipsis", crop=True)
    PICTURES.mkdir(exist_ok=True)
    svg = console.export_svg(title="hhctl", code_format=_FORMAT, unique_id=name)
    (PICTURES / f"{name}.svg").write_text("\n".join(line.rstrip() for line in svg.strip().splitlines()) + "\n")


def since(text: str, pattern: str) -> str:
    """Return the text from the first line that matches."""
    lines = text.splitlines()
    begins = next(number for number, line in enumerate(lines) if re.search(pattern, line))
    return "\n".join(lines[begins:])


def photograph(shell: Shell) -> None:
    """Type the tour, and draw five moments of it."""
    draw("local-status", "hhctl local status", shell.run("hhctl local status"))
    for stack in ("staging", "dr", "prod", "global"):
        shell.run(f"hhctl up {stack} --yes --reason first")
    shell.run("hhctl deploy v1.2.3 --yes --reason 'release of the week' --soak 10s")
    draw("health", "hhctl health prod", shell.run("hhctl health prod"))
    shell.run("hhctl local fault --version v1.2.4 --stack prod --error-rate 20%")
    bad = "hhctl deploy v1.2.4 --yes --reason another --soak 20s"
    draw("deploy", bad, since(shell.run(bad), r"^soaking"))
    shell.run("hhctl local fault --clear")
    draw("plan", "hhctl scale api 4 --plan", shell.run("hhctl scale api 4 --plan"))
    shell.run("hhctl local fault --region us-east-1 --black-hole")
    lost = "hhctl failover us-west-2 --assume-lost us-east-1 --yes --reason 'us-east-1 is gone'"
    draw("failover", lost, since(shell.run(lost), r"^begun"))


def main() -> None:
    """Start a local cloud, take the pictures, and end it."""
    folder = Path(f"/var/tmp/hhctl-pictures-{os.getpid()}")
    terminal = {"COLUMNS": str(WIDTH), "TERM": "xterm-256color", "USER": "ana", "LOGNAME": "ana"}
    own = {**os.environ, "HHCTL_LOCAL_FOLDER": str(folder), "XDG_STATE_HOME": str(folder / "own"), **terminal}
    own.pop("NO_COLOR", None)
    shell = Shell(own)
    try:
        shell.run("hhctl local up --time-scale 5")
        printed = shell.run("hhctl local env -o json")
        variables = json.loads(printed[printed.index("{") :])["variables"]
        photograph(Shell({**shell.environment, **variables, "PATH": f"{folder}/bin:{os.environ['PATH']}"}))
    finally:
        shell.run("hhctl local down")


if __name__ == "__main__":
    main()
