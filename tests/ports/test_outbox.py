from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from free_ports import free_port
from ports.disk import syncs

from automation.core.messages import Channel, Message
from automation.errors import HhctlError
from automation.ports.channels import Console, Nobody, Unheard, Webhook, tellers
from automation.ports.outbox import Outbox
from stacks.spec import Messages

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

MESSAGE = Message("01RUN-slack", Channel.SLACK, "us-west-2 serves", "It took 40 s.")


@contextmanager
def server(status: int) -> Generator[tuple[str, list[dict[str, object]]]]:
    """A place that takes messages, or refuses them; where it leads elsewhere, that answers every GET."""
    taken: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            held = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            taken.append({**held, "key": self.headers["Idempotency-Key"]})
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - nobody reads it
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}/", taken
    finally:
        listening.shutdown()
        listening.server_close()


def test_a_message_is_kept_until_it_was_heard(tmp_path: Path) -> None:
    box = Outbox(tmp_path / "outbox")
    assert box.left() == ()
    box.put([MESSAGE])
    assert Outbox(tmp_path / "outbox").left() == (MESSAGE,)
    box.heard(MESSAGE)
    assert box.left() == ()
    box.heard(MESSAGE)


def test_a_message_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    box.put([MESSAGE])
    box.put([replace(MESSAGE, body="It took 50 s.")])
    assert box.left() == (MESSAGE,)


def test_a_message_that_is_kept_is_on_the_disk_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = syncs(monkeypatch)
    Outbox(tmp_path / "outbox").put([MESSAGE])
    [(_, draft), folder] = synced
    assert (json.loads(draft), folder) == (MESSAGE.document(), (str(tmp_path / "outbox"), ""))


def test_an_outbox_that_cannot_be_read_or_written_says_what_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "outbox").mkdir()
    (tmp_path / "outbox" / "x.json").write_text("{}")
    with pytest.raises(HhctlError, match="no message"):
        Outbox(tmp_path / "outbox").left()
    (tmp_path / "file").write_text("")
    with pytest.raises(HhctlError, match="file"):
        Outbox(tmp_path / "file").put([MESSAGE])


def test_a_place_that_takes_it_gets_it_with_an_id_that_stays() -> None:
    with server(204) as (url, taken):
        Webhook(url).tell(MESSAGE)
        Webhook(url).tell(MESSAGE)
    assert [each["key"] for each in taken] == ["01RUN-slack", "01RUN-slack"]
    assert taken[0]["body"] == "It took 40 s."


def test_a_place_that_refuses_or_is_dead_has_not_heard_it() -> None:
    with server(500) as (url, _), pytest.raises(Unheard, match="slack answered 500"):
        Webhook(url).tell(MESSAGE)
    with pytest.raises(Unheard, match="slack does not answer"):
        Webhook(f"http://127.0.0.1:{free_port()}/").tell(MESSAGE)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_place_that_leads_elsewhere_has_not_heard_it(status: int) -> None:
    with server(status) as (url, taken), pytest.raises(Unheard, match=f"slack answered {status}"):
        Webhook(url).tell(MESSAGE)
    assert len(taken) == 1


def test_a_place_that_takes_the_call_and_says_nothing_is_waited_for_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("automation.ports.channels._SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        url = f"http://127.0.0.1:{hanging.getsockname()[1]}/"
        with pytest.raises(Unheard, match="slack does not answer"):
            Webhook(url).tell(MESSAGE)


def test_a_place_whose_answer_trickles_in_is_waited_for_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("automation.ports.channels._SECONDS", 0.3)
    over = threading.Event()

    def trickle() -> None:
        connection, _ = listening.accept()
        with connection:
            while not over.wait(0.1):
                connection.sendall(b"H")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=trickle, daemon=True)
        thread.start()
        with pytest.raises(Unheard, match="slack does not answer"):
            Webhook(f"http://127.0.0.1:{listening.getsockname()[1]}/").tell(MESSAGE)
        over.set()
        thread.join()


def test_the_spec_says_who_tells_whom() -> None:
    said: list[str] = []
    found = tellers(Messages(slack="console", pager="http://127.0.0.1:9/"), say=said.append)
    assert isinstance(found[Channel.PAGER], Webhook)
    assert isinstance(found[Channel.INCIDENTS], Nobody)
    assert isinstance(found[Channel.SLACK], Console)
    found[Channel.INCIDENTS].tell(MESSAGE)
    found[Channel.SLACK].tell(MESSAGE)
    assert said == ["to slack: us-west-2 serves. It took 40 s."]
