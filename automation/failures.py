"""How a failure is told: one line on stderr, or the one document on stdout that `-o json` and `-o yaml` promise."""

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

from automation.errors import HhctlError, UsageFault
from automation.options import Output
from automation.show import Column, OutputLost, Record, in_one_line, show, tell

if TYPE_CHECKING:
    from automation.options import Options


def tell_failure(failure: HhctlError, options: Options) -> None:
    """Tell what failed and the next thing to type."""
    line = in_one_line(f"hhctl: {failure.line}")
    if options.output is Output.TABLE or isinstance(failure, OutputLost):
        tell(line)
        return
    try:
        show(_document(failure), options)
    except (OutputLost, BrokenPipeError):
        tell(line)


def usage_fault(wrong: click.ClickException) -> HhctlError:
    """Say what click found wrong in our words, with the command that was probably meant."""
    message = wrong.message.rstrip(".") if isinstance(wrong, _NO_SUCH) else wrong.format_message().rstrip(".")
    said = message[:1].lower() + message[1:]
    if not isinstance(wrong, click.UsageError):
        return HhctlError(said)
    command = wrong.ctx.command_path if wrong.ctx else "hhctl"
    meant = _probably_meant(wrong)
    if meant:
        return UsageFault(said, hint=" or ".join(f"{command} {each}" for each in meant))
    return UsageFault(said, hint=f"{command} --help")


_NO_SUCH = (click.NoSuchCommand, click.NoSuchOption)
_ALIKE = 0.65


def _probably_meant(wrong: click.UsageError) -> list[str]:
    """What click would offer, without what is hardly alike: `scale` for `local`."""
    match wrong:
        case click.NoSuchCommand():
            return get_close_matches(wrong.command_name, wrong.possibilities or (), cutoff=_ALIKE)
        case click.NoSuchOption():
            return get_close_matches(wrong.option_name, wrong.possibilities or (), cutoff=_ALIKE)
        case _:
            return []


def saved_crash(crash: Exception, *, verbose: bool) -> HhctlError:
    """Keep the traceback of a defect in a file of the user's, and name that file; `verbose` also shows the traceback."""
    trace = "".join(traceback.format_exception(crash))
    if verbose:
        tell(trace)
    summary = " ".join(f"{type(crash).__name__}: {crash}".split())
    try:
        file = _save(trace)
    except (OSError, RuntimeError) as error:
        return HhctlError(f"defect in hhctl: {summary} (the traceback could not be saved: {error})", hint="run it again with -v")
    return HhctlError(f"defect in hhctl: {summary}", hint=f"report it with {file}")


def _save(trace: str) -> Path:
    folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "hhctl"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"crash-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.txt"
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as target:
        target.write(trace)
    return file


def _document(failure: HhctlError) -> Record:
    return Record(
        kind="Error",
        values=(
            (Column("code", "code"), int(failure.code)),
            (Column("message", "message"), failure.message),
            (Column("hint", "hint"), failure.hint),
        ),
    )
