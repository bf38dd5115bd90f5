"""Smoke checks: requests to a workload that change nothing, and a program of one's own."""

from __future__ import annotations

import http.client
import os
import subprocess
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from automation.errors import UsageFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from automation.core.redact import Redactor
    from stacks.spec import SmokeCheck, SmokeProgram, Spec

_LONGEST_BODY, _PIECE = 1024 * 1024, 64 * 1024
_READ_ONLY = "HHCTL_SMOKE_READ_ONLY"
_PAUSE = 0.5  # seconds before a check is made again


@dataclass(frozen=True, slots=True)
class Checked:
    """How a check ended: `trouble` is empty where it passed; `tries` counts the requests it took."""

    name: str
    seconds: float
    tries: int
    trouble: str = ""

    @property
    def passed(self) -> bool:
        """Whether it is as wanted."""
        return not self.trouble


class _AsAnswered(urllib.request.HTTPErrorProcessor):
    """Every status is an answer: a refusal is no error, and a redirect no way to another answer."""

    def http_response(self, request: urllib.request.Request, response: http.client.HTTPResponse) -> http.client.HTTPResponse:
        """Return the answer as it came."""
        del request
        return response

    https_response = http_response


AS_ANSWERED = urllib.request.build_opener(_AsAnswered)
"""Asks a URL, and takes whatever comes for the answer."""


def must_be_able_to_check(spec: Spec) -> None:
    """Refuse a spec by whose smoke checks no release could ever be judged.

    Raises:
        UsageFault: it names none, or a program that cannot be run.
    """
    if not (spec.smoke or spec.smoke_program):
        raise UsageFault("the spec names no smoke checks, without which no release can be judged", hint="add [[smoke]] to hhctl.toml")
    if spec.smoke_program and not _is_program(path := spec.smoke_program.path):
        says = "cannot be executed" if Path(path).is_file() else "is no file"
        raise UsageFault(f"hhctl.toml: smoke_program.path: {path} {says}", hint=f"chmod +x {path}, or mend hhctl.toml")


def _is_program(path: str) -> bool:
    return Path(path).is_file() and os.access(path, os.X_OK)


def smoke(spec: Spec, stack: str, *, redactor: Redactor, read_only: bool) -> tuple[Checked, ...]:
    """Make every smoke check that the spec names against a stack, and run its smoke program; what they say has its secrets masked.

    Where they are `read_only` the program is told that it must not write.
    """
    workload = spec.stacks[stack].workload
    if workload is None:
        raise UsageFault(f"{stack} has no workload to check")
    made = [*make_checks(workload.url, spec.smoke)]
    if program := spec.smoke_program:
        environment = {**os.environ, _READ_ONLY: "1"} if read_only else os.environ
        made.append(run_program(program, stack=stack, url=workload.url, environment=environment))
    return tuple(replace(check, trouble=redactor.text(check.trouble)) for check in made)


def make_checks(url: str, checks: tuple[SmokeCheck, ...]) -> tuple[Checked, ...]:
    """Make all checks against the workload at `url`, at once."""
    with ThreadPoolExecutor(max_workers=max(1, len(checks))) as makers:
        return tuple(makers.map(partial(_check, url.rstrip("/")), checks))


def run_program(program: SmokeProgram, *, stack: str, url: str, environment: Mapping[str, str]) -> Checked:
    """Run a program with the stack's name, and its URL as HHCTL_SMOKE_URL; it passes if it ends with 0 in time."""
    begun = time.monotonic()
    trouble = _program_trouble(program, stack=stack, environment={**environment, "HHCTL_SMOKE_URL": url})
    return Checked(program.path, time.monotonic() - begun, 1, trouble)


def _program_trouble(program: SmokeProgram, *, stack: str, environment: Mapping[str, str]) -> str:
    limit = program.timeout.total_seconds()
    try:
        done = subprocess.run(
            [program.path, stack], env=environment, capture_output=True, encoding="utf-8", errors="replace", timeout=limit, check=False
        )
    except OSError as error:
        return f"cannot be run: {error.strerror}"
    except subprocess.TimeoutExpired:
        return f"did not end within {limit:g} s"
    words = " ".join((done.stderr or done.stdout).split())[-200:]
    return f"exited {done.returncode}: {words}" if done.returncode else ""


def _check(url: str, check: SmokeCheck) -> Checked:
    tries = 0
    while True:
        tries += 1
        begun = time.monotonic()
        trouble = _trouble(f"{url}{check.path}", check)
        seconds = time.monotonic() - begun
        if not trouble or tries > check.retries:
            return Checked(check.name, seconds, tries, trouble)
        time.sleep(_PAUSE)


def _trouble(url: str, check: SmokeCheck) -> str:
    """Ask once, and say what is not as wanted; empty where all is."""
    limit = check.timeout.total_seconds()
    begun = time.monotonic()
    try:
        with AS_ANSWERED.open(url, timeout=limit) as answer:
            status, body = answer.status, _body(answer, until=begun + limit)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"{url} does not answer: {error}"
    if status != check.status:
        return f"{url} answered {status}, wanted {check.status}"
    if check.contains and check.contains not in body:
        return f"{url} answered without {check.contains!r}"
    taken = time.monotonic() - begun
    return f"{url} took {taken:.1f} s, wanted at most {limit:g} s" if taken > limit else ""


def _body(answer: http.client.HTTPResponse, *, until: float) -> str:
    """Read an answer to its end, or to that time: the limit of a connection is one of each piece."""
    body = b""
    while len(body) < _LONGEST_BODY and time.monotonic() < until and (piece := answer.read1(_PIECE)):
        body += piece
    return body.decode(errors="replace")
