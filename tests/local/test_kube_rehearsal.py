"""What the Kubernetes client asks of an API server that only rehearses, with a small one in its place."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest

from localcloud.kube_api import KubeApi

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "default"}}


class Server(HTTPServer):
    """Lists one kind, answers every change with nothing, and keeps how it was asked for it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, str]] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self._answer({"resources": [{"kind": "ConfigMap", "name": "configmaps", "namespaced": True}]})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(dict(parse_qsl(urlsplit(self.path).query)))
        self._answer({})

    def _answer(self, document: object) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


def test_a_creation_is_rehearsed_with_no_field_dropped(server: Server) -> None:
    api = KubeApi(server=f"http://127.0.0.1:{server.server_port}")
    api.rehearse_create(SETTINGS, manager="one")
    api.create(SETTINGS)
    assert server.asked == [{"fieldManager": "one", "dryRun": "All", "fieldValidation": "Strict"}, {}]
