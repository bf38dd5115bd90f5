"""`hhctl doctor`: what stands in the way on this machine, each with its fix; folders outside add findings of their own."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

import click

from automation.commands import Command
from automation.core.findings import Finding, Level
from automation.errors import ExitCode, HhctlError
from automation.plugins import load_plugins
from automation.ports.installed import Package, Program, pulumi_program, required_packages
from automation.show import Column, Table, Tone, Toned, show
from stacks.layers import find_files
from stacks.loading import SpecInvalid, load_spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from automation.options import Options

FindingSource: TypeAlias = Callable[[], Iterable[Finding]]

_TONES = {Level.OK: Tone.GOOD, Level.WARNING: Tone.DOUBTFUL, Level.BLOCKING: Tone.BAD}


def judge_package(package: Package) -> Finding:
    """Judge one Python package that hhctl needs."""
    subject = f"package {package.name}"
    if package.found is None:
        return Finding(subject, "not installed", Level.BLOCKING, f"pip install {package.name}{package.pinned and '==' + package.pinned}")
    if package.pinned and package.found != package.pinned:
        return Finding(subject, package.found, Level.WARNING, f"pip install {package.name}=={package.pinned}")
    return Finding(subject, package.found, Level.OK)


def judge_pulumi(program: Program | None, *, wanted: str) -> Finding:
    """Judge Pulumi's command line, which should be of the version of its Python package."""
    if program is None:
        fix = f"put pulumi {wanted} on PATH (https://www.pulumi.com/docs/install); `hhctl local env` does so for the local cloud"
        return Finding("program pulumi", "not on PATH", Level.BLOCKING, fix)
    if program.trouble:
        return Finding("program pulumi", f"{program.path}: {program.trouble}", Level.BLOCKING, f"install pulumi {wanted} anew")
    level = Level.OK if program.version == wanted else Level.WARNING
    return Finding("program pulumi", f"{program.version} at {program.path}", level, "" if level is Level.OK else f"install pulumi {wanted}")


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
    wanted = next(package.pinned for package in packages if package.name == "pulumi")
    yield judge_pulumi(pulumi_program(), wanted=wanted)


def _outside_findings() -> Iterator[Finding]:
    for name, source in load_plugins("hhctl.findings"):
        try:
            yield from cast("FindingSource", source)()
        except HhctlError as error:
            yield Finding(name, error.message, Level.BLOCKING, error.hint)


@click.command(cls=Command, epilog="\b\nExamples:\n  hhctl doctor\n  hhctl doctor -o json")
@click.pass_obj
def doctor(options: Options) -> ExitCode:
    """Look at this machine and the spec, and say what to mend.

    Exits with 1 if anything found stands in the way of an operation.
    """
    findings = (*spec_findings(Path.cwd(), os.environ), *_machine_findings(), *_outside_findings())
    show(_table(findings), options)
    return ExitCode.FAILED if any(finding.level is Level.BLOCKING for finding in findings) else ExitCode.DONE


def _table(findings: Iterable[Finding]) -> Table:
    return Table(
        kind="Findings",
        columns=(Column("level", "level"), Column("subject", "subject"), Column("seen", "seen"), Column("fix", "fix")),
        rows=tuple((Toned(finding.level.value, _TONES[finding.level]), finding.subject, finding.seen, finding.fix) for finding in findings),
    )
