"""`python -m localcloud.pods --region REGION --folder FOLDER --kubeconfig FILE --port N`: a part of the local cloud, until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from contextlib import suppress
from pathlib import Path

from localcloud.catalogue.entry import read_catalogue
from localcloud.cloud import Cloud
from localcloud.faults import faults_file
from localcloud.folder import CloudFolder
from localcloud.kube_api import KubeApi
from localcloud.pods import AGENT
from localcloud.pods.addresses import AddressBook, addresses_file
from localcloud.pods.agent import Agent, serve
from localcloud.pods.events import Events
from localcloud.pods.node import Node
from localcloud.ports import claimed_block

_LIMIT = 10.0  # seconds, of each request


def main() -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    options = _options()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    with suppress(asyncio.CancelledError):
        asyncio.run(_run(options))
    return 0


async def _run(options: _Options) -> None:
    await serve(Agent(_node(options)), options.port)


def _node(options: _Options) -> Node:
    folder = CloudFolder(options.folder)
    cloud = Cloud(folder)
    data = folder.data(f"{options.region}/{AGENT}")
    (data / "pods").mkdir(mode=0o700, parents=True, exist_ok=True)
    api = KubeApi.from_kubeconfig(options.kubeconfig, timeout=_LIMIT)
    return Node(
        region=options.region,
        folder=folder,
        pods_folder=data / "pods",
        api=api,
        images=read_catalogue(faults=faults_file(folder)),
        events=Events(api),
        book=AddressBook(addresses_file(folder, options.region), claimed_block(folder.root).pods(options.region)),
        aws={**cloud.aws_environment(), "AWS_ENDPOINT_URL": cloud.aws_endpoint(options.region)},
    )


class _Options(argparse.Namespace):
    region: str
    folder: Path
    kubeconfig: Path
    port: int


def _options() -> _Options:
    parser = argparse.ArgumentParser(prog="python -m localcloud.pods", description="Run the pods of a region's real nodes as processes.")
    parser.add_argument("--region", required=True, help="the region whose pods these are")
    parser.add_argument("--folder", type=Path, required=True, help="the cloud folder")
    parser.add_argument("--kubeconfig", type=Path, required=True, help="how to reach the region's API server")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1 that tells whether it is ready")
    return parser.parse_args(namespace=_Options())


if __name__ == "__main__":
    sys.exit(main())
