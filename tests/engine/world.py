"""What the engine's tests stand on: a backend, a world of boxes, and operators in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import boto3
import psutil
import pytest
from contract.harness import wait_until

from automation.core.updates import Change, Note, standing
from automation.engine.engine import PulumiEngine
from automation.engine.orders import Verb
from automation.engine.outcome import updated
from automation.engine.state import read_state
from automation.engine.store import folder_of, open_store
from localcloud import toolchain
from stacks.dials import Dials
from stacks.spec import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from automation.core.updates import Forecast, ResourceChange, Updated
    from automation.engine.store import Store

in_a_folder_and_in_a_bucket = pytest.mark.parametrize("world", ["file", "s3"], indirect=True)
in_a_bucket = pytest.mark.parametrize("world", ["s3"], indirect=True)


STACK = "prod"
BOXES = "engine.programs:boxes"
_TESTS = Path(__file__).resolve().parent.parent


@dataclass
class Heard:
    """A `Progress` that keeps what it hears."""

    began: list[ResourceChange] = field(default_factory=list)
    ended: list[ResourceChange] = field(default_factory=list)

    def resource(self, change: ResourceChange, *, done: bool) -> None:
        (self.ended if done else self.began).append(change)


@dataclass(frozen=True)
class World:
    """One stack in `backend`, whose resources are files in `boxes`."""

    backend: str
    boxes: Path
    environment: dict[str, str]
    program: str = BOXES

    @property
    def store(self) -> Store:
        """The backend, read as the engine reads it."""
        return open_store(self.backend)

    def put(self, name: str, content: bytes) -> None:
        """Leave an object in the backend, as another's engine would."""
        if folder := folder_of(self.backend):
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        else:
            url = urlsplit(self.backend)
            [endpoint] = parse_qs(url.query)["endpoint"]
            boto3.client("s3", region_name="us-east-1", endpoint_url=endpoint).put_object(Bucket=url.netloc, Key=name, Body=content)

    def engine(self, **more: str) -> PulumiEngine:
        """An operator's engine; `more` is added to its environment."""
        stacks = {STACK: Stack(region="us-east-1", backend=self.backend, secrets_provider="passphrase")}
        return PulumiEngine(stacks, settings=self.boxes, environment=self.environment | more, program=self.program)

    def content(self, name: str) -> str | None:
        """What a box holds, None for no box."""
        file = self.boxes / name
        return json.loads(file.read_text())["content"] if file.exists() else None

    @contextmanager
    def held(self, name: str, *, deaf: bool = False) -> Iterator[HeldBox]:
        """Keep the next call for a box waiting; if `deaf`, it does not end when the engine tells it to stop."""
        box = HeldBox(self.boxes, name)
        if deaf:
            box.file("deaf").touch()
        box.file("hold").touch()
        try:
            yield box
        finally:
            box.let_go()

    @contextmanager
    def operator(self, name: str = "alice") -> Iterator[Operator]:
        """An operator at another terminal."""
        operator = Operator(self, name)
        try:
            yield operator
        finally:
            operator.close()


@dataclass(frozen=True)
class HeldBox:
    """A box whose next call waits."""

    folder: Path
    name: str

    def file(self, ending: str) -> Path:
        return self.folder / f"{self.name}.{ending}"

    def begun(self) -> bool:
        """Whether the call has come."""
        return self.file("begun").exists()

    def told(self) -> bool:
        """Whether the call was told to stop."""
        return self.file("told").exists()

    def let_go(self) -> None:
        for ending in ("hold", "deaf", "begun", "told"):
            self.file(ending).unlink(missing_ok=True)


def change(engine: PulumiEngine, maximum: int, *, present: bool = True, base: int | None = None, operator: str = "alice") -> Change:
    """A wish planned from what the history says now, or from `base`."""
    planned_from = standing(engine.recent(STACK)).base if base is None else base
    return Change(STACK, planned_from, Dials(present=present, maximum=maximum), Note("scale", operator, "a test"))


def update(engine: PulumiEngine, maximum: int, *, present: bool = True) -> Updated:
    return engine.update(change(engine, maximum, present=present), Heard())


def past_the_first_look(engine: PulumiEngine, late: Change) -> Updated:
    """Start the CLI although the engine's own first look would have refused."""
    footing = engine._footing(read_state(engine._store(STACK), STACK), late, Heard())
    return updated(engine._runs.run(Verb.UPDATE, late, footing, Heard()), late, revision=footing.revision)


def preview(engine: PulumiEngine, maximum: int) -> Forecast:
    return engine.preview(change(engine, maximum), Heard())


def operations(outcome: Updated | Forecast) -> dict[str, str]:
    """What was or would be done, by the names that resources have in the program; the engine's own provider is left out."""
    return {each.name: each.operation.value for each in outcome.changes if not each.type.startswith("pulumi:")}


class Operator:
    """A process that makes updates with an engine of its own, as it is told on its stdin."""

    def __init__(self, world: World, name: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "engine.operator_process", world.backend, str(world.boxes), world.program, name],
            env=world.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.this = psutil.Process(self._process.pid)

    def update(self, maximum: int, *, base: int, after: float = 0) -> None:
        """Begin an update, `after` seconds from now."""
        stdin = self._process.stdin
        assert stdin
        stdin.write(json.dumps({"maximum": maximum, "base": base, "after": after}) + "\n")
        stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Wait for what became of the update."""
        stdout = self._process.stdout
        assert stdout
        return json.loads(stdout.readline() or '{"outcome": "none"}')

    def press_ctrl_c(self) -> None:
        """Interrupt the foreground process group, as a terminal does."""
        os.killpg(self.this.pid, signal.SIGINT)

    def cli(self) -> psutil.Process:
        """The Pulumi CLI that it has started, once there is one."""
        return wait_until("the CLI runs", lambda: next(self._descendants("pulumi"), None))

    def everything(self) -> list[psutil.Process]:
        """All that it has started, and itself."""
        return [self.this, *self.this.children(recursive=True)]

    def _descendants(self, name: str) -> Iterator[psutil.Process]:
        for each in self.this.children(recursive=True):
            try:
                if each.name() == name:
                    yield each
            except psutil.NoSuchProcess:
                continue

    def close(self) -> None:
        """Let it end."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            pipe.close()
        self._process.wait(120)


def environment_of(*, folder: Path, providers: str) -> dict[str, str]:
    """What an operator's shell has: the CLI, a passphrase, the provider of boxes, and the tests' own modules."""
    return {
        **os.environ,
        "PATH": f"{toolchain.path('pulumi').parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(_TESTS),
        "PULUMI_HOME": str(folder / "pulumi"),
        "PULUMI_CONFIG_PASSPHRASE": "a passphrase of the tests",
        "PULUMI_DEBUG_PROVIDERS": providers,
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "TMPDIR": str(folder / "temporary"),
    }
