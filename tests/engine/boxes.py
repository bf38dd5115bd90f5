"""A provider whose world is a folder, one file a box: a test can hold it, make it refuse, change it behind the engine's back.

Beside the file `NAME` that a box is, `NAME.fault` holds words to refuse with, and `NAME.hold` keeps a call waiting as long as it is there;
`NAME.begun` shows that one waits. Told to stop it ends with a fault, or, if there is `NAME.deaf`, only leaves `NAME.told`.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
import pulumi
from pulumi.runtime.proto import provider_pb2_grpc

from localcloud.providers.connections import Connections
from localcloud.providers.resource import Checked, Difference, Effect, ResourceFault, State
from localcloud.providers.servicer import ProviderServicer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from threading import Event

    from localcloud.providers.resource import Properties

PACKAGE = "boxes"


class Box(pulumi.CustomResource):
    """A file that holds `content`; one of another `label` is another box."""

    content: pulumi.Output[str]

    def __init__(self, name: str, *, content: pulumi.Input[str], label: str = "plain", opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"{PACKAGE}:index:Box", name, {"content": content, "label": label}, opts)


@dataclass(frozen=True)
class BoxProvider:
    """Configures sessions that all share one folder."""

    folder: Path
    name: str = PACKAGE
    version: str = "1.0.0"

    def check_config(self, news: Properties) -> Checked:
        return Checked(inputs=news)

    def configure(self, config: Properties, *, folder: Callable[[], Path]) -> BoxSession:
        del config, folder
        return BoxSession(self.folder)


@dataclass(frozen=True)
class BoxSession:
    """Boxes in a folder; the id of a box is its name in the program."""

    folder: Path

    def check(self, type: str, *, name: str, olds: Properties, news: Properties) -> Checked:
        del type, name, olds
        return Checked(inputs=news)

    def diff(self, type: str, *, id: str, old_inputs: Properties, old_outputs: Properties, news: Properties) -> Difference:
        del type, id, old_outputs
        effects = {"content": Effect.UPDATE, "label": Effect.REPLACE}
        return Difference({key: effect for key, effect in effects.items() if old_inputs[key] != news[key]}, delete_before_replace=True)

    def preview_create(self, type: str, *, inputs: Properties) -> Properties:
        del type
        return inputs

    def preview_update(self, type: str, *, id: str, old_outputs: Properties, news: Properties) -> Properties:
        del type, id, old_outputs
        return news

    def create(self, type: str, *, name: str, inputs: Properties, timeout: float, cancelled: Event) -> State:
        del type, timeout
        return self._write(name, inputs, cancelled)

    def read(self, type: str, *, id: str, inputs: Properties, outputs: Properties) -> State | None:
        del type, inputs, outputs
        file = self.folder / id
        if not file.exists():
            return None
        found = json.loads(file.read_text())
        return State(id=id, inputs=found, outputs=found)

    def update(
        self, type: str, *, id: str, old_inputs: Properties, old_outputs: Properties, news: Properties, timeout: float, cancelled: Event
    ) -> State:
        del type, old_inputs, old_outputs, timeout
        return self._write(id, news, cancelled)

    def delete(self, type: str, *, id: str, inputs: Properties, outputs: Properties, timeout: float, cancelled: Event) -> None:
        del type, inputs, outputs, timeout
        self._wait(id, cancelled)
        (self.folder / id).unlink(missing_ok=True)

    def invoke(self, token: str, *, arguments: Properties) -> Properties:
        raise ResourceFault(f"no function {token} with {sorted(arguments)}")

    def _write(self, name: str, inputs: Properties, cancelled: Event) -> State:
        self._wait(name, cancelled)
        (self.folder / name).write_text(json.dumps(inputs))
        return State(id=name, inputs=inputs, outputs=inputs)

    def _wait(self, name: str, cancelled: Event) -> None:
        if not (self.folder / f"{name}.hold").exists():
            return self._refuse(name)
        (self.folder / f"{name}.begun").touch()
        while (self.folder / f"{name}.hold").exists():
            if cancelled.is_set() and (self.folder / f"{name}.deaf").exists():
                (self.folder / f"{name}.told").touch()
            elif cancelled.is_set():
                raise ResourceFault(f"{name} was interrupted")
            time.sleep(0.01)
        return self._refuse(name)

    def _refuse(self, name: str) -> None:
        if (fault := self.folder / f"{name}.fault").exists():
            raise ResourceFault(fault.read_text())


@contextmanager
def serve_boxes(folder: Path) -> Iterator[str]:
    """Serve a `BoxProvider` in this process; gives what `PULUMI_DEBUG_PROVIDERS` has to say."""
    server = grpc.server(ThreadPoolExecutor(max_workers=32), options=[("grpc.so_reuseport", 0)])
    connections = Connections()
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(ProviderServicer(BoxProvider(folder), connections), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"{PACKAGE}:{port}"
    finally:
        connections.cancel_all()
        server.stop(1).wait()
