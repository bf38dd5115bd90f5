"""`hhctl doctor`: what stands in the way on this machine, each with its fix; folders outside add findings of their own."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

import click

from automation.app import open_app
from automation.commands import Command
from automation.core.findings import Finding, Level
from automation.errors import ExitCode, HhctlError
from automation.examining import examined, looks_at
from automation.plugins import load_plugins
from automation.ports.installed import PROGRAMS, Package, Program, program, required_packages
from automation.show import Column, Table, Tone, Toned, show
from stacks.layers import find_files
from stacks.loading import SpecInvalid, load_spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from automation.options import Options

FindingSource: TypeAlias = Callable[[], Iterable[Finding]]

_INSTALLING = {
    "pulumi": "https://www.pulumi.com/docs/install",
    "kubectl": "https://kubernetes.io/docs/tasks/tools",
    "helm": "https://helm.sh/docs/intro/install",
}
_TONES = {Level.OK: Tone.GOOD, Level.WARNING: Tone.DOUBTFUL, Level.BLOCKING: Tone.BAD}


def judge_package(package: Package) -> Finding:
    """Judge one Python package that hhctl needs."""
    subject = f"package {package.name}"
    if package.found is None:
        return Finding(subject, "not installed", Level.BLOCKING, f"pip install {package.name}{package.pinned and '==' + package.pinned}")
    if package.pinned and package.found != package.pinned:
        return Finding(subject, package.found, Level.WARNING, f"pip install {package.name}=={package.pinned}")
    return Finding(subject, package.found, Level.OK)


def judge_program(name: str, found: Program | None, *, wanted: str = "") -> Finding:
    """Judge a program that hhctl starts; `wanted` is the version that it should be of, empty for any."""
    subject, what = f"program {name}", f"{name} {wanted}".strip()
    if found is None:
        fix = f"put {what} on PATH ({_INSTALLING[name]}); `hhctl local env` does so for the local cloud"
        return Finding(subject, "not on PATH", Level.BLOCKING, fix)
    if found.trouble:
        return Finding(subject, f"{found.path}: {found.trouble}", Level.BLOCKING, f"install {what} anew")
    level = Level.OK if wanted in {"", found.version} else Level.WARNING
    return Finding(subject, f"{found.version} at {found.path}", level, "" if level is Level.OK else f"install {what}")


def spec_findings(start: Path, environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """Say which files make the spec that holds in `start`, or everything that is wrong with them."""
    try:
        load_spec(start, environment)
    except SpecInvalid as invalid:
        return tuple(
            Finding(f"spec {problem.key}".strip(), problem.says, Level.BLOCKING, f"mend {problem.place}") for problem in invalid.problems
        )
    return (Finding("spec", ", ".join(map(str, find_files(start, environment))), Level.OK),)


def _machine_findings() -> Iterator[Finding]:
    yield Finding("python", f"{platform.python_version()} at {sys.executable}", Level.OK)
    packages = required_packages()
    yield from map(judge_package, packages)
    wanted = {package.name: package.pinned for package in packages}
    with ThreadPoolExecutor(max_workers=len(PROGRAMS)) as askers:
        for name, found in zip(PROGRAMS, askers.map(program, PROGRAMS), strict=True):
            yield judge_program(name, found, wanted=wanted.get(name, ""))


def _outside_findings() -> Iterator[Finding]:
    for name, source in load_plugins("hhctl.findings"):
        try:
            yield from cast("FindingSource", source)()
        except HhctlError as error:
            yield Finding(name, error.message, Level.BLOCKING, error.hint)


@click.command(cls=Command, epilog="\b\nExamples:\n  hhctl doctor\n  hhctl doctor -o json")
@click.pass_obj
def doctor(options: Options) -> ExitCode:
    """Look at this machine, the spec and all that it names, and say what to mend.

    Clusters, AWS, Prometheus and the state of every stack are looked at all at once, for some seconds at most; nothing is written anywhere.
    Exits with 1 if anything found stands in the way of an operation.
    """
    spec = spec_findings(Path.cwd(), os.environ)
    usable = all(finding.level is Level.OK for finding in spec)
    # What is outside comes last: to read a toolchain whole keeps this machine from hearing who answers in time.
    world = examined(tuple(looks_at(open_app()))) if usable else ()
    found = (*spec, *_machine_findings(), *world, *_outside_findings())
    show(_table(found), options)
    return ExitCode.FAILED if any(finding.level is Level.BLOCKING for finding in found) else ExitCode.DONE


def _table(findings: Iterable[Finding]) -> Table:
    return Table(
        kind="Findings",
        columns=(Column("level", "level"), Column("subject", "subject"), Column("seen", "seen"), Column("fix", "fix")),
        rows=tuple((Toned(finding.level.value, _TONES[finding.level]), finding.subject, finding.seen, finding.fix) for finding in findings),
    )
