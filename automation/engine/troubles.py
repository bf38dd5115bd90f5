"""What keeps the engine from its work, in one line each, with the exit code that a script can act on."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.errors import ExitCode, HhctlError, TimedOut

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path


class BadCredentials(HhctlError):
    """Credentials or a passphrase are missing, wrong or expired."""

    code = ExitCode.CREDENTIALS


class NoSuchStack(HhctlError):
    """The stack is in no file of the spec, or was never brought up."""

    code = ExitCode.NO_SUCH_STACK


class Overtaken(HhctlError):
    """What was seen in the backend was no more when it was read again, as a lock is gone that its holder lets go of meanwhile."""


@dataclass(frozen=True, slots=True)
class _Known:
    """Words of the CLI's by which a trouble is known, and how it is told."""

    words: re.Pattern[str]
    raises: type[HhctlError]
    says: str
    hint: str


def _known(words: str, raises: type[HhctlError], says: str, hint: str = "") -> _Known:
    return _Known(re.compile(words, re.IGNORECASE | re.MULTILINE), raises, says, hint)


# The CLI tells these apart by words alone: all of them exit with 1 and send no events.
_KNOWN = (
    _known(
        r"incorrect passphrase",
        BadCredentials,
        "the passphrase of stack {stack} is wrong",
        "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the one that its secrets were encrypted with",
    ),
    _known(
        r"passphrase must be set",
        BadCredentials,
        "the passphrase of stack {stack} is missing",
        "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
    ),
    _known(
        r"unable to read PULUMI_CONFIG_PASSPHRASE_FILE",
        BadCredentials,
        "the passphrase of stack {stack} cannot be read: {line}",
        "set PULUMI_CONFIG_PASSPHRASE_FILE to the file that holds it",
    ),
    _known(r"cannot be started: No such file", HhctlError, "the Pulumi CLI, `pulumi`, is not on PATH", "hhctl doctor"),
    _known(
        r"ExpiredToken|InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied|get credentials|NoCredential|security token .* invalid",
        BadCredentials,
        "AWS refuses the credentials that stack {stack} is read with",
        "aws sts get-caller-identity",
    ),
    _known(r"^\s*\d+\) NotFound$", Overtaken, "the state of stack {stack} was changed while the engine read it: {line}", "hhctl status"),
    _known(r"no stack named", NoSuchStack, "there is no stack {stack} in its backend", "hhctl up {stack}"),
    _known(r"no space left on device", HhctlError, "no space is left on the device that the engine writes to", "df -h"),
    _known(
        r"i/o timeout|deadline exceeded|handshake timeout|did not begin responding",
        TimedOut,
        "the engine got no answer for stack {stack}: {line}",
    ),
)


_CAUSE = re.compile(r"(?:\*|\d+\)) (.+)")


def trouble(stderr: str, *, stack: str) -> HhctlError:
    """Return the error that tells what the CLI said when it ended before it ran the program."""
    line = next(_lines(stderr), "it said nothing")
    for known in _KNOWN:
        if known.words.search(stderr):
            return known.raises(known.says.format(stack=stack, line=line), hint=known.hint.format(stack=stack))
    return HhctlError(f"the engine could not begin with stack {stack}: {line}")


@contextmanager
def told(place: Path) -> Generator[None]:
    """Tell what the system refuses at `place` in one line."""
    try:
        yield
    except OSError as error:
        raise HhctlError(f"the engine cannot work in {place}: {error.strerror}", hint=f"df -h {place}") from error


def _lines(stderr: str) -> Iterator[str]:
    """Find the lines that tell an error, those marked as such first."""
    lines = [" ".join(line.split()) for line in stderr.splitlines() if line.strip()]
    # Several at once stand below how many they are, each on a line of its own.
    if causes := [found[1] for line in lines if (found := _CAUSE.fullmatch(line))]:
        yield "; ".join(causes)
    yield from (line.removeprefix("error: ") for line in lines if line.startswith("error: "))
    yield from (line for line in lines if not line.startswith("warning: "))
