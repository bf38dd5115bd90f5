"""Where the local cloud keeps things: what is built once per user, and what belongs to one cloud."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from automation.errors import Refusal

# The path of a unix socket has at most 107 bytes; this leaves some 30 of them for what a program calls its own in its TMPDIR.
_NAME_LENGTH = 40


def cache_folder() -> Path:
    """What may be deleted at any time and is made again: `$XDG_CACHE_HOME/hhctl`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hhctl"


def project_root() -> Path:
    """The nearest folder upward that has an `hhctl.toml`; where there is none, the working directory."""
    start = Path.cwd()
    return next((folder for folder in (start, *start.parents) if (folder / "hhctl.toml").is_file()), start)


def cloud_folder(project: Path) -> Path:
    """The folder of the local cloud that belongs to one checkout; `HHCTL_LOCAL_FOLDER` names another.

    It stands outside home and checkout, since Postgres refuses root and the user it runs as must be able to reach its files. It survives a
    power cut (so it is not in `/tmp`), and `hhctl local down` removes it. Its path has no blank and nothing else that a configuration file
    or a shell would take for more than a letter, whatever the checkout is called, and is short enough for a socket below it.
    """
    if chosen := os.environ.get("HHCTL_LOCAL_FOLDER"):
        return Path(chosen).absolute()
    root = project.resolve()
    mark = hashlib.sha256(str(root).encode()).hexdigest()[:8]
    name = re.sub(r"[^A-Za-z0-9._-]", "-", root.name)[:_NAME_LENGTH]
    return Path("/var/tmp") / f"hhctl-{os.getuid()}" / f"{name}-{mark}"  # noqa: S108 - made 0711, its owner looked at, in make_own_folder


def port_claims() -> Path:
    """Where the local clouds of this user, wherever they stand, claim ports; beside the folder of the clouds."""
    return Path("/var/tmp") / f"hhctl-{os.getuid()}-ports"  # noqa: S108 - made 0700, its owner looked at, in make_own_folder


def make_own_folder(folder: Path, *, mode: int) -> None:
    """Make `folder` if need be, and those it lies in; refuse one that another user (root apart) has put in our place, a link too."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=mode, exist_ok=True)
    except OSError as error:
        raise Refusal(
            f"{folder} cannot be made: {error.strerror}", hint="set HHCTL_LOCAL_FOLDER to a folder in which you may write"
        ) from None
    if folder.lstat().st_uid not in {os.getuid(), 0}:
        raise Refusal(f"{folder} belongs to another user", hint=f"set HHCTL_LOCAL_FOLDER to a folder of your own, or remove {folder}")
