"""`python -m localcloud.catalogue --port N`: the image registry of the local cloud, until SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from localcloud.catalogue.entry import read_catalogue
from localcloud.catalogue.registry import reply

if TYPE_CHECKING:
    from types import FrameType

    from localcloud.catalogue.entry import Catalogue


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    catalogue: Catalogue

    def do_GET(self) -> None:
        self._answer(bodyless=False)

    def do_HEAD(self) -> None:
        self._answer(bodyless=True)

    def _answer(self, *, bodyless: bool) -> None:
        answer = reply(self.catalogue, unquote(urlsplit(self.path).path))
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Docker-Distribution-API-Version", "registry/2.0")
        if answer.digest:
            self.send_header("Docker-Content-Digest", answer.digest)
        self.end_headers()
        if not bodyless:
            self.wfile.write(answer.body)


def main() -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m localcloud.catalogue", description="Answer for the images of the local cloud.")
    parser.add_argument("--port", type=int, required=True, help="TCP port on 127.0.0.1")
    port: int = parser.parse_args().port
    # A registry tells what an image is; where its containers will look for faults is no part of that.
    _Handler.catalogue = read_catalogue(faults=Path())
    server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)

    def end(_: int, __: FrameType | None) -> None:
        # From this thread, which serves, it would wait for itself.
        Thread(target=server.shutdown).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
