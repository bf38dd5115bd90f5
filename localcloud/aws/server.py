"""The process behind every AWS door: moto's own server, with its world kept by `World`.

python -m localcloud.aws.server --port PORT --folder FOLDER
"""

from __future__ import annotations

import argparse
import io
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple
from werkzeug.wrappers import Request

from localcloud.aws.world import ObjectName, World

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Recorded:
    """A WSGI application whose changes are on disk before the caller hears of them."""

    def __init__(self, application: WSGIApplication, world: World) -> None:
        self._application = application
        self._world = world
        self._one_change_at_a_time = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333); one that changes something, once the change is kept."""
        if environ["REQUEST_METHOD"] in _READS:
            return self._application(environ, start_response)
        _read_body(environ)
        written = written_object(environ)
        with self._one_change_at_a_time:
            body = list(self._application(environ, start_response))
            if written is None:
                self._world.save()
            else:
                self._world.save_object(written)
        return body


def _read_body(environ: WSGIEnvironment) -> None:
    """Take in the whole request first: a caller that hangs half-way must hold up nobody else."""
    data = Request(environ).get_data(cache=False)
    environ["wsgi.input"] = io.BytesIO(data)
    environ["wsgi.input_terminated"] = True
    environ["CONTENT_LENGTH"] = str(len(data))
    environ.pop("HTTP_TRANSFER_ENCODING", None)


def written_object(environ: WSGIEnvironment) -> ObjectName | None:
    """The S3 object that a request writes or deletes; None when it changes, or may change, anything else."""
    if environ["REQUEST_METHOD"] not in {"PUT", "DELETE"} or not _is_s3(environ):
        return None
    if environ.get("QUERY_STRING", "").partition("=")[0] not in {"", "x-id", "versionId"}:
        return None
    # PEP 3333: the path in bytes, each as the character of its number.
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    bucket, _, key = path.lstrip("/").partition("/")
    return ObjectName(bucket, key) if key else None


def _is_s3(environ: WSGIEnvironment) -> bool:
    """Whether the request is signed for S3 and names its bucket in the path, as callers of an endpoint by address do."""
    host = environ.get("HTTP_HOST", "").partition(":")[0]
    return "/s3/aws4_request" in environ.get("HTTP_AUTHORIZATION", "") and host in {"127.0.0.1", "localhost"}


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    world = World(arguments.folder)
    world.load()
    application: Any = DomainDispatcherApplication(create_backend_app)
    run_simple("127.0.0.1", arguments.port, Recorded(application, world), threaded=True, request_handler=MotoRequestHandler)


if __name__ == "__main__":
    main()
