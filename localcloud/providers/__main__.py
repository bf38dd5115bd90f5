"""`python -m localcloud.providers NAME --port N`: serve one local provider on 127.0.0.1 until SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from threading import Event
from typing import TYPE_CHECKING

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from localcloud.providers.connections import Connections
from localcloud.providers.servicer import ProviderServicer

if TYPE_CHECKING:
    from types import FrameType

    from localcloud.providers.resource import Provider

_CLASSES = {"aws": ("localcloud.providers.aws", "AwsProvider"), "kubernetes": ("localcloud.providers.kubernetes", "KubernetesProvider")}

# A call that waits for the world holds its thread, and Cancel must still find a free one.
_THREADS = 512
_OPTIONS = (("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
_GRACE_SECONDS = 5.0


def main() -> int:
    """Serve until told to stop; calls in flight are cancelled and given a few seconds to say what they leave behind."""
    parser = argparse.ArgumentParser(prog="python -m localcloud.providers", description=__doc__)
    parser.add_argument("name", choices=sorted(_CLASSES))
    parser.add_argument("--port", type=int, required=True, help="0 for one that is free")
    arguments = parser.parse_args()
    connections = Connections()
    server = grpc.server(ThreadPoolExecutor(max_workers=_THREADS), options=_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(ProviderServicer(_provider(arguments.name), connections), server)
    try:
        port = server.add_insecure_port(f"127.0.0.1:{arguments.port}")
    except RuntimeError:
        print(f"127.0.0.1:{arguments.port} is taken", file=sys.stderr)  # noqa: T201 - its log is all that a part speaks through
        return 1
    stop = Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    server.start()
    print(f"{arguments.name} provider listens on 127.0.0.1:{port}", flush=True)  # noqa: T201 - likewise
    stop.wait()
    connections.cancel_all()
    server.stop(_GRACE_SECONDS).wait()
    return 0


def _provider(name: str) -> Provider:
    module, class_name = _CLASSES[name]
    return getattr(import_module(module), class_name)()


if __name__ == "__main__":
    sys.exit(main())
