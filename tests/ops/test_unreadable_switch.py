"""A switch that the world cannot read: `up global` leads nobody by it, and doctor says so."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from desk import FIRST, Desk
from fakes import seeded
from free_ports import free_port

from automation.adoption import must_be_readable
from automation.app import App
from automation.core.facts import StackFacts, Unreachable
from automation.core.findings import Level
from automation.errors import HhctlError, Refusal
from automation.examining import Look, _switch, examined
from components.switch_object import SwitchState
from stacks.dials import Dials
from stacks.house import STANDBY
from stacks.loading import load_spec

if TYPE_CHECKING:
    from collections.abc import Generator

    from automation.core.findings import Finding
    from automation.core.updates import Entry
    from stacks.spec import Spec

PROJECT = Path(__file__).resolve().parents[2]
UNREADABLE = {403: "<Error>AccessDenied</Error>", 404: "<Error>NoSuchKey</Error>", 200: "no switch"}


def spec_at(url: str) -> Spec:
    return load_spec(PROJECT, {"HHCTL_AWS_ENDPOINT_US_WEST_2": url})


@contextmanager
def store(status: int, body: str) -> Generator[str]:
    """A store that answers everything with that."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}"
    finally:
        listening.shutdown()
        listening.server_close()


def standby(tmp_path: Path, *, present: bool = True) -> StackFacts:
    return StackFacts(STANDBY, entries_of(tmp_path, present=present), first=None)


def entries_of(tmp_path: Path, *, present: bool) -> tuple[Entry, ...]:
    engine = Desk(tmp_path).engine
    seeded(engine, STANDBY, FIRST if present else Dials(present=False))
    return engine.history(STANDBY)


@pytest.mark.parametrize("status", UNREADABLE)
def test_the_world_is_not_led_by_a_switch_that_it_cannot_read(tmp_path: Path, status: int) -> None:
    with store(status, UNREADABLE[status]) as url, pytest.raises(Refusal, match=r"cannot be read.*Route 53 could not either") as refused:
        must_be_readable(spec_at(url), "global", standby=standby(tmp_path))
    assert refused.value.hint == "hhctl up dr"


def test_whether_the_standby_is_there_or_cannot_be_told_it_is_asked(tmp_path: Path) -> None:
    spec = spec_at(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Refusal, match="Route 53 could not either"):
        must_be_readable(spec, "global", standby=Unreachable(STANDBY, HhctlError("no answer")))
    must_be_readable(spec, "global", standby=standby(tmp_path, present=False))
    must_be_readable(spec, "prod", standby=None)


def test_a_switch_that_says_off_leads_the_world(tmp_path: Path) -> None:
    with store(200, str(SwitchState(active=False, revision=3))) as url:
        must_be_readable(spec_at(url), "global", standby=standby(tmp_path))


def examine(tmp_path: Path, url: str) -> Finding:
    entries = entries_of(tmp_path, present=True)
    engine = cast("Any", type("Engine", (), {"recent": lambda _, stack: entries if stack == STANDBY else ()})())
    [finding] = examined([Look("switch dr", lambda: _switch(App(spec_at(url), engine)))], seconds=30)
    return finding


@pytest.mark.parametrize("status", UNREADABLE)
def test_doctor_finds_a_switch_that_nobody_can_read(tmp_path: Path, status: int) -> None:
    with store(status, UNREADABLE[status]) as url:
        found = examine(tmp_path, url)
    assert (found.level, found.fix) == (Level.BLOCKING, "hhctl up dr")
    assert "cannot be read" in found.seen


def test_doctor_reads_a_switch_as_the_world_does(tmp_path: Path) -> None:
    with store(200, str(SwitchState(active=True, revision=3, term=1))) as url:
        found = examine(tmp_path, url)
    assert (found.level, found.seen) == (Level.OK, "on, read without credentials")
