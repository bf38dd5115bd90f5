"""The build: everything fetched first, then compiled in one go, programs linked as soon as their packages are there.

One `go build` for all packages of a module keeps every core busy to the end; a build a program would leave one idle wherever a program's
last packages wait for each other, and while the linker works.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.toolchain.archive import unpack
from localcloud.toolchain.cache import entry_of, install, toolchain_folder
from localcloud.toolchain.command import Command, Said, run
from localcloud.toolchain.faults import Failed, ToolchainFault, build_fault
from localcloud.toolchain.go import Go, environment
from localcloud.toolchain.pins import FilesPin, GoModule, Pin, ProgramPin
from localcloud.toolchain.survey import FORMAT, Survey, read_survey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from localcloud.toolchain.progress import Progress

FETCHING = "go-modules"

# Seconds on two cores (benchmarks/toolchain.md); only bars and the time left depend on them.
_DOWNLOAD = 0.05
_PACKAGE = 0.11
_LINK = 3.0

_LINKERS = 2
_REDRAWN_EVERY = 0.25


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every step needs: the Go to build with, a folder of this build's own on the cache's disk, and who hears of it."""

    go: Go
    staging: Path
    progress: Progress

    def command(self, *arguments: str, folder: Path) -> Command:
        """A go command in `folder`."""
        return Command((str(self.go.program), *arguments), folder, environment(temporary=self.staging))

    def fault(self, part: str, failed: Failed) -> ToolchainFault:
        """Tell that a part has failed, and keep all that was said for its reader."""
        log = toolchain_folder() / "logs" / f"{part}.log"
        with suppress(OSError):  # a full disk must not hide that it is full
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text("\n".join(failed.lines) + "\n")
        self.progress.fail(part, failed.last_lines)
        return build_fault(part, failed, log=log)


def build(workshop: Workshop, pins: Sequence[Pin]) -> None:
    """Make `pins` and put each into the cache as soon as it is finished.

    Raises:
        ToolchainFault: a part could not be made.
        OSError: the cache cannot be written.
    """
    workshop.progress.begin((FETCHING, *(pin.name for pin in pins)))
    try:
        asyncio.run(_build(workshop, pins))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    finally:
        workshop.progress.end()


async def _build(workshop: Workshop, pins: Sequence[Pin]) -> None:
    ticking = asyncio.create_task(_tick(workshop.progress))
    programs = [pin for pin in pins if isinstance(pin, ProgramPin)]
    modules = {pin.module: [other for other in programs if other.module == pin.module] for pin in programs}
    linkers = asyncio.Semaphore(_LINKERS)
    try:
        surveys = await _fetch(workshop, modules, [pin for pin in pins if isinstance(pin, FilesPin)])
        async with asyncio.TaskGroup() as links:
            for module, survey in surveys.items():
                await _compile(workshop, module, survey, modules[module])
                for pin in modules[module]:
                    links.create_task(_link(workshop, pin, linkers))
    finally:
        ticking.cancel()


async def _tick(progress: Progress) -> None:
    while True:
        progress.tick()
        await asyncio.sleep(_REDRAWN_EVERY)


async def _fetch(workshop: Workshop, modules: dict[GoModule, list[ProgramPin]], files: Sequence[FilesPin]) -> dict[GoModule, Survey]:
    """Download all that the build needs, so that it needs no network afterwards, and say how much there is to compile."""
    progress = workshop.progress
    progress.expect(FETCHING, _DOWNLOAD * sum(module.downloads for module in modules))
    progress.start(FETCHING)
    async with asyncio.TaskGroup() as group:
        surveys = {module: group.create_task(_survey(workshop, module, programs)) for module, programs in modules.items()}
        for pin in files:
            group.create_task(_take_files(workshop, pin))
    progress.finish(FETCHING)
    for module, survey in surveys.items():
        left = survey.result().packages_left()
        for pin in modules[module]:
            progress.expect(pin.name, _PACKAGE * left[pin.name] + _LINK)
    return {module: survey.result() for module, survey in surveys.items()}


async def _survey(workshop: Workshop, module: GoModule, programs: Sequence[ProgramPin]) -> Survey:
    def heard(line: str) -> None:
        if line.startswith("go: downloading "):
            workshop.progress.advance(FETCHING, _DOWNLOAD)

    arguments = ("list", "-deps", "-f", FORMAT, *_shared_flags(module), *(pin.package for pin in programs))
    said = await run(workshop.command(*arguments, folder=module.folder), heard)
    if said.code != 0:
        raise workshop.fault(FETCHING, said.failed)
    return read_survey(said.output, programs)


async def _take_files(workshop: Workshop, pin: FilesPin) -> None:
    """Copy a pinned folder out of the module cache, which its user may clean at any time."""
    workshop.progress.expect(pin.name, _DOWNLOAD)
    workshop.progress.start(pin.name)
    said = await run(workshop.command("mod", "download", "-json", f"{pin.source}@{pin.version}", folder=workshop.staging))
    made = workshop.staging / pin.name
    unpack(_zip_of(workshop, pin, said), pin, made / pin.content)
    install(entry_of(pin), made)
    workshop.progress.finish(pin.name)


def _zip_of(workshop: Workshop, pin: FilesPin, said: Said) -> Path:
    # go refuses to load a module that wants a newer Go, and exits 1, but has downloaded its zip by then.
    answer: dict[str, str] = json.loads(said.output) if said.output else {}
    if "Zip" not in answer:
        raise workshop.fault(pin.name, Failed(said.code, (*said.lines, answer.get("Error", ""))))
    return Path(answer["Zip"])


async def _compile(workshop: Workshop, module: GoModule, survey: Survey, programs: Sequence[ProgramPin]) -> None:
    """Compile all packages that the programs of a module are made of, into go's own cache."""
    if not survey.stale:
        return
    said = await run(
        workshop.command("build", "-v", *_shared_flags(module), *survey.imports, folder=module.folder),
        _bars_moved_by(survey, workshop.progress),
    )
    if said.code != 0:
        part = next((survey.stale[line[2:]] for line in said.lines if line.startswith("# ") and line[2:] in survey.stale), programs[0].name)
        raise workshop.fault(part, Failed(said.code, tuple(line for line in said.lines if line not in survey.stale)))


def _bars_moved_by(survey: Survey, progress: Progress) -> Callable[[str], None]:
    def heard(line: str) -> None:
        part = survey.stale.get(line)
        if part is not None:
            progress.start(part)
            progress.advance(part, _PACKAGE)

    return heard


async def _link(workshop: Workshop, pin: ProgramPin, linkers: asyncio.Semaphore) -> None:
    """Link one program and put it into the cache."""
    made = workshop.staging / pin.name
    made.mkdir()
    flags = (*_shared_flags(pin.module), "-ldflags", pin.linker_flags, "-o", str(made / pin.content))
    async with linkers:
        workshop.progress.start(pin.name)
        said = await run(workshop.command("build", *flags, pin.package, folder=pin.module.folder))
    if said.code != 0:
        raise workshop.fault(pin.name, said.failed)
    install(entry_of(pin), made)
    workshop.progress.finish(pin.name)


def _shared_flags(module: GoModule) -> tuple[str, ...]:
    """Flags of every step alike: under other ones a package would be compiled again."""
    return ("-trimpath", "-tags", module.tags)
