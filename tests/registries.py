"""A registry that wants to know who asks: a real HTTP server on 127.0.0.1, which gives the tokens itself."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Generator

DIGEST = "sha256:" + "d" * 64
TOKEN = "a-token-of-the-registry"
BEARER = f"Bearer {TOKEN}"


@dataclass(frozen=True)
class Heard:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, list[str]]
    authorization: str
    form: dict[str, list[str]]


@dataclass
class Guarded:
    """What the registry demands, whom it lets in by `Authorization`, and to whom it gives `TOKEN`; `moved` redirects whom it let in."""

    demands: list[str] = field(default_factory=list[str])
    lets_in: str = BEARER
    gives_to: str = ""
    identity: str = ""
    moved: str = ""
    token_status: int = 200
    heard: list[Heard] = field(default_factory=list[Heard])
    url: str = ""

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def asked(self, path: str) -> list[Heard]:
        """What was asked for under a path."""
        return [each for each in self.heard if each.path.startswith(path)]

    def bearer(self) -> None:
        """Demand a token of its own."""
        self.demands = [f'Bearer realm="{self.url}/token",service="registry.test",scope="repository:house-helper/api:pull"']

    def answer(self, heard: Heard) -> tuple[int, dict[str, str], bytes]:
        """Answer what was heard: status, headers and body."""
        if heard.path == "/token":
            return self._token(heard)
        if heard.authorization != self.lets_in:
            return 401, {"WWW-Authenticate": ", ".join(self.demands)} if self.demands else {}, b""
        if self.moved:
            return 307, {"Location": f"{self.moved}{heard.path}"}, b""
        return 200, {"Docker-Content-Digest": DIGEST}, json.dumps({"tags": ["v1", "v2"]}).encode()

    def _token(self, heard: Heard) -> tuple[int, dict[str, str], bytes]:
        if self.token_status != 200:
            return self.token_status, {}, b""
        if heard.method == "POST" and heard.form.get("refresh_token") == [self.identity]:
            return 200, {}, json.dumps({"access_token": TOKEN}).encode()
        if heard.method == "GET" and heard.authorization == self.gives_to:
            return 200, {}, json.dumps({"token": TOKEN}).encode()
        return 401, {}, b""


@contextmanager
def guarded() -> Generator[Guarded]:
    """Serve a registry while the block runs."""
    registry = Guarded()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            split = urlsplit(self.path)
            form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
            heard = Heard(self.command, split.path, parse_qs(split.query), self.headers.get("Authorization", ""), form)
            registry.heard.append(heard)
            status, headers, body = registry.answer(heard)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        registry.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield registry
        finally:
            server.shutdown()
