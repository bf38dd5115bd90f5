"""What is installed on this machine: hhctl's own packages and the programs that it starts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

PROGRAMS = {"pulumi": ("version",), "kubectl": ("version", "--client"), "helm": ("version", "--short")}
"""The programs that hhctl starts, and how each is asked for its version."""

_VERSION = re.compile(r"v(\d+\.\d+\S*)")


@dataclass(frozen=True, slots=True)
class Package:
    """A Python package that hhctl needs: the exact version it asks for ("" for none) and the one that is here, if any."""

    name: str
    pinned: str
    found: str | None


@dataclass(frozen=True, slots=True)
class Program:
    """A program on PATH: its version as it says itself, or why it does not say."""

    path: str
    version: str = ""
    trouble: str = ""


def required_packages() -> tuple[Package, ...]:
    """Return what hhctl's metadata requires of every installation, without the extras."""
    return tuple(_package(requirement) for requirement in requires("hhctl") or () if "extra ==" not in requirement)


def program(name: str) -> Program | None:
    """Return the program of that name on PATH, one of `PROGRAMS`, or None; asks it for its version, at most 10 seconds long."""
    path = shutil.which(name)
    if path is None:
        return None
    quiet = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        answer = subprocess.run([path, *PROGRAMS[name]], capture_output=True, text=True, check=True, timeout=10, env=quiet)
    except (OSError, subprocess.SubprocessError) as error:
        return Program(path, trouble=str(error))
    said = _VERSION.search(answer.stdout)
    return Program(path, version=said[1]) if said else Program(path, trouble="it does not say its version")


def _package(requirement: str) -> Package:
    name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
    pin = re.search(r"==\s*([^\s,;]+)", requirement)
    try:
        found = version(name)
    except PackageNotFoundError:
        found = None
    return Package(name, pin[1] if pin else "", found)
