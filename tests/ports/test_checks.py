"""Smoke checks against a workload that does what each check needs."""

from __future__ import annotations

import http.server
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from automation.errors import UsageFault
from automation.ports.checks import make_checks, must_be_able_to_check, run_program
from stacks.loading import load_spec
from stacks.spec import SmokeCheck, SmokeProgram

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).resolve().parents[2]
SHORT = timedelta(milliseconds=300)


class Workload(http.server.BaseHTTPRequestHandler):
    asked: dict[str, int]

    def do_GET(self) -> None:
        self.asked[self.path] = self.asked.get(self.path, 0) + 1
        if self.path == "/slow":
            time.sleep(1)
        status = {"/moved": 302, "/failing": 503}.get(self.path, 200)
        if self.path == "/broken":
            self.send_response(503)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"ff\r\nhalf a page")
            return
        if self.path == "/stalled":
            self.send_response(503)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"half a page")
            time.sleep(1)
            return
        if self.path == "/dripping":
            self.send_response(200)
            self.end_headers()
            for _ in range(100):
                self.wfile.write(b".")
                time.sleep(0.1)
            return
        if self.path == "/second" and self.asked[self.path] == 1:
            status = 503
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/health")
        self.end_headers()
        self.wfile.write(b'{"status": "ok"}')

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    Workload.asked = {}
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Workload) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("check", "trouble"),
    [
        (SmokeCheck("health", "/health"), ""),
        (SmokeCheck("text", "/health", contains='"ok"'), ""),
        (SmokeCheck("wanted failure", "/failing", status=503), ""),
        (SmokeCheck("redirect", "/moved", status=302), ""),
        (SmokeCheck("text", "/health", contains="sunshine", retries=0), "answered without 'sunshine'"),
        (SmokeCheck("failing", "/failing", retries=0), "answered 503, wanted 200"),
        (SmokeCheck("moved", "/moved", retries=0), "answered 302, wanted 200"),
        (SmokeCheck("slow", "/slow", timeout=SHORT, retries=0), "does not answer"),
        (SmokeCheck("half a page", "/broken", retries=0), "does not answer"),
        (SmokeCheck("the rest never comes", "/stalled", timeout=SHORT, retries=0), "does not answer"),
    ],
)
def test_a_check_wants_status_text_and_time(url: str, check: SmokeCheck, trouble: str) -> None:
    [made] = make_checks(url, (check,))
    assert made.passed is not bool(trouble)
    assert trouble in made.trouble


def test_a_check_is_over_in_time_however_long_its_answer_goes_on(url: str) -> None:
    [made] = make_checks(url, (SmokeCheck("dripping", "/dripping", timeout=SHORT, retries=0),))
    assert "wanted at most 0.3 s" in made.trouble
    assert made.seconds < 5


def test_a_check_is_made_again_as_often_as_it_says(url: str) -> None:
    second, failing = make_checks(f"{url}/", (SmokeCheck("second", "/second", retries=1), SmokeCheck("failing", "/failing", retries=2)))
    assert (second.passed, second.tries) == (True, 2)
    assert (failing.passed, failing.tries) == (False, 3)


def test_a_workload_that_is_not_there_fails_its_checks() -> None:
    [made] = make_checks("http://127.0.0.1:1", (SmokeCheck("health", "/health", retries=0),))
    assert "does not answer" in made.trouble


def test_a_path_that_no_request_can_name_fails_its_check(url: str) -> None:
    [made] = make_checks(url, (SmokeCheck("overview", "/\u00fcberblick", retries=0),))
    assert "does not answer: 'ascii' codec can't encode" in made.trouble


def program(folder: Path, script: str, *, timeout: timedelta = timedelta(seconds=60)) -> SmokeProgram:
    path = folder / "smoke"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return SmokeProgram(str(path), timeout)


def test_a_program_is_told_the_stack_and_its_url(tmp_path: Path) -> None:
    made = run_program(program(tmp_path, f'echo "$1 $HHCTL_SMOKE_URL" > {tmp_path}/told'), stack="prod", url="http://here", environment={})
    assert made.passed
    assert (tmp_path / "told").read_text() == "prod http://here\n"


@pytest.mark.parametrize(
    ("script", "timeout", "trouble"),
    [
        ("echo login fails >&2; exit 3", timedelta(seconds=60), "exited 3: login fails"),
        ("sleep 5", SHORT, "did not end within 0.3 s"),
    ],
)
def test_a_program_that_fails_or_does_not_end_fails_the_check(tmp_path: Path, script: str, timeout: timedelta, trouble: str) -> None:
    failing = program(tmp_path, f"exec 2>&1; {script}", timeout=timeout)
    assert run_program(failing, stack="prod", url="", environment={}).trouble == trouble


def test_a_program_that_is_not_there_is_told() -> None:
    made = run_program(SmokeProgram("/nonexistent"), stack="prod", url="", environment={})
    assert made.trouble == "cannot be run: No such file or directory"


def test_a_program_that_cannot_be_run_is_refused_by_its_name_and_its_key(tmp_path: Path) -> None:
    spec = load_spec(PROJECT, {})
    must_be_able_to_check(spec)
    must_be_able_to_check(replace(spec, smoke=(), smoke_program=program(tmp_path, "true")))
    (tmp_path / "smoke").chmod(0o644)
    for path, says in ((tmp_path / "smoke", "cannot be executed"), (tmp_path / "nothing", "is no file"), (tmp_path, "is no file")):
        with pytest.raises(UsageFault, match=f"hhctl.toml: smoke_program.path: {path} {says}"):
            must_be_able_to_check(replace(spec, smoke_program=SmokeProgram(str(path))))


def test_a_spec_without_checks_is_refused() -> None:
    with pytest.raises(UsageFault, match="names no smoke checks"):
        must_be_able_to_check(replace(load_spec(PROJECT, {}), smoke=()))
