"""The servicer over real gRPC connections, and the process that serves."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from localcloud.providers.connections import Connections
from localcloud.providers.properties import unwrap, wrap
from localcloud.providers.resource import Checked, CheckFailure, Difference, Effect, PartialFault, ResourceFault, State
from localcloud.providers.servicer import ProviderServicer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from localcloud.providers.resource import Properties


@dataclass
class Session:
    """A session that does as its resource's inputs say."""

    config: Properties
    began: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)

    def check(self, _type: str, *, name: str, olds: Properties, news: Properties) -> Checked:
        del olds
        failures = (CheckFailure(property="size", reason="is too big"),) if news.get("size") == 99 else ()
        return Checked(inputs={**news, "name": name}, failures=failures)

    def diff(self, _type: str, *, id: str, old_inputs: Properties, old_outputs: Properties, news: Properties) -> Difference:
        del id, old_inputs, old_outputs, news
        effects = {"size": Effect.UPDATE, "place.region": Effect.REPLACE, "tags[0]": Effect.UPDATE, "old": Effect.UPDATE}
        return Difference(effects=effects, delete_before_replace=True)

    def create(self, _type: str, *, name: str, inputs: Properties, timeout: float, cancelled: Event) -> State:
        del name, timeout
        state = State(id="made", inputs=inputs, outputs={**inputs, "token": "t", "__inputs": dict(inputs)}, secrets=frozenset({"token"}))
        if inputs.get("wait"):
            self.began.set()
            cancelled.wait(30)
            self.ended.set()
            raise PartialFault(f"stopped at {inputs['password']}", state=state)
        if inputs.get("refuse"):
            raise ResourceFault(f"no such password: {inputs['password']}")
        return state

    def read(self, _type: str, *, id: str, inputs: Properties, outputs: Properties) -> State | None:
        del inputs, outputs
        return None if id == "gone" else State(id=id, inputs={}, outputs={"config": dict(self.config)})


class Provider:
    name = "stub"
    version = "1.2.3"

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}

    def check_config(self, news: Properties) -> Checked:
        return Checked(inputs={**news, "extra": [1]})

    def configure(self, config: Properties, *, folder: Callable[[], Path]) -> Session:
        del folder
        if config.get("region") == "mars":
            raise ResourceFault("no region mars")
        return self.sessions.setdefault(str(config.get("region")), Session(config))


@dataclass
class Engine:
    """One engine's connection."""

    channel: grpc.Channel
    stub: Any

    def configured(self, **config: Any) -> Engine:
        self.stub.Handshake(provider_pb2.ProviderHandshakeRequest())
        self.stub.Configure(provider_pb2.ConfigureRequest(args=wrap(config)))
        return self

    def creation(self, **inputs: Any) -> Any:
        request = provider_pb2.CreateRequest(type="stub:index:Thing", name="thing", properties=wrap(inputs, {("password",)}))
        return self.stub.Create.future(request)


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def address(provider: Provider) -> Iterator[str]:
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(ProviderServicer(provider, Connections()), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(0).wait()


@pytest.fixture
def engines(address: str) -> Iterator[list[Engine]]:
    # Channels to one address share a connection unless they are told not to.
    channels = [grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) for _ in range(2)]
    yield [Engine(channel, provider_pb2_grpc.ResourceProviderStub(channel)) for channel in channels]
    for channel in channels:
        channel.close()


def refusal(call: Any) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call.result(30)
    return caught.value


def test_configuration_belongs_to_its_connection(engines: list[Engine]) -> None:
    east, west = (engine.configured(region=region) for engine, region in zip(engines, ("east", "west"), strict=True))
    for engine, region in ((east, "east"), (west, "west")):
        found = engine.stub.Read(provider_pb2.ReadRequest(id="x"))
        assert unwrap(found.properties).values == {"config": {"region": region}}


def test_an_unconfigured_connection_is_refused(engines: list[Engine]) -> None:
    error = refusal(engines[0].creation())
    assert error.code() is grpc.StatusCode.UNKNOWN
    assert error.details() == "the stub provider is not configured on this connection"


def test_a_configuration_that_cannot_be_used_is_refused_in_the_providers_words(engines: list[Engine]) -> None:
    with pytest.raises(grpc.RpcError, match="no region mars"):
        engines[0].configured(region="mars")


def test_configuration_goes_back_as_it_came(engines: list[Engine]) -> None:
    request = provider_pb2.CheckRequest(news=wrap({"on": "true", "client": '{"qps": 5}', "secret": "x"}, {("secret",)}))
    found = unwrap(engines[0].stub.CheckConfig(request).inputs)
    assert found.values == {"on": "true", "client": '{"qps": 5}', "secret": "x", "extra": [1]}
    assert found.secrets == {("secret",)}


def test_a_resource_that_is_gone_is_answered_with_nothing(engines: list[Engine]) -> None:
    engine = engines[0].configured()
    assert engine.stub.Read(provider_pb2.ReadRequest(id="gone")) == provider_pb2.ReadResponse()


def test_what_is_wrong_with_inputs_is_told_by_property(engines: list[Engine]) -> None:
    request = provider_pb2.CheckRequest(type="stub:index:Thing", name="thing", news=wrap({"size": 99, "password": "x"}, {("password",)}))
    found = engines[0].configured().stub.Check(request)
    assert [(each.property, each.reason) for each in found.failures] == [("size", "is too big")]
    assert unwrap(found.inputs).secrets == {("password",)}


def test_a_difference_is_told_in_detail(engines: list[Engine]) -> None:
    old, new = {"size": 1, "place": {"region": "a"}, "old": 1}, {"size": 2, "place": {"region": "b"}, "tags": ["x"]}
    found = engines[0].configured().stub.Diff(provider_pb2.DiffRequest(old_inputs=wrap(old), news=wrap(new)))
    kinds = {path: provider_pb2.PropertyDiff.Kind.Name(each.kind) for path, each in found.detailedDiff.items()}
    assert kinds == {"size": "UPDATE", "place.region": "UPDATE_REPLACE", "tags[0]": "ADD", "old": "DELETE"}
    assert (found.changes, list(found.replaces), found.deleteBeforeReplace) == (found.DIFF_SOME, ["place.region"], True)
    assert list(found.diffs) == ["old", "place", "size", "tags"]


def test_outputs_are_as_secret_as_the_inputs_of_the_same_name_and_as_the_session_says(engines: list[Engine]) -> None:
    made = engines[0].configured().creation(password="hunter22", size=1).result(30)
    found = unwrap(made.properties)
    assert found.secrets == {("password",), ("token",), ("__inputs", "password")}
    assert (made.id, found.values["password"]) == ("made", "hunter22")


def test_a_fault_does_not_tell_secrets(engines: list[Engine]) -> None:
    error = refusal(engines[0].configured().creation(password="hunter22", refuse=True))
    assert error.details() == "no such password: [secret]"


def test_an_interrupt_stops_the_calls_of_its_own_connection_and_keeps_what_was_made(engines: list[Engine], provider: Provider) -> None:
    one, two = (engine.configured(region=region) for engine, region in zip(engines, ("one", "two"), strict=True))
    calls = [engine.creation(password="hunter22", wait=True) for engine in (one, two)]
    for session in provider.sessions.values():
        assert session.began.wait(30)
    one.stub.Cancel(empty_pb2.Empty())
    error = refusal(calls[0])
    assert error.details() == "stopped at [secret]"
    metadata = dict(error.trailing_metadata())  # type: ignore[attr-defined]
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    kept = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(kept)
    assert (kept.id, list(kept.reasons)) == ("made", ["stopped at [secret]"])
    assert unwrap(kept.properties).secrets >= {("password",)}
    assert unwrap(kept.inputs).values == {"password": "hunter22", "wait": True}
    assert not provider.sessions["two"].ended.is_set()
    two.stub.Cancel(empty_pb2.Empty())
    refusal(calls[1])


def test_the_calls_of_an_engine_that_dies_are_stopped(engines: list[Engine], provider: Provider) -> None:
    engine = engines[0].configured(region="one")
    call = engine.creation(password="hunter22", wait=True)
    assert provider.sessions["one"].began.wait(30)
    engine.channel.close()
    assert provider.sessions["one"].ended.wait(30)
    assert call.done()


def test_a_component_is_refused_by_name(engines: list[Engine]) -> None:
    with pytest.raises(grpc.RpcError, match="no component stub:index:Group"):
        engines[0].stub.Construct(provider_pb2.ConstructRequest(type="stub:index:Group"))


def serve(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "localcloud.providers", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_process_says_where_it_listens_and_ends_when_told() -> None:
    process = serve("kubernetes", "--port", "0")
    assert process.stdout
    where = process.stdout.readline()
    assert where.startswith("kubernetes provider listens on 127.0.0.1:")
    with grpc.insecure_channel(where.split()[-1]) as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        assert stub.GetPluginInfo(empty_pb2.Empty(), wait_for_ready=True).version == "4.34.2"
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        process = serve("kubernetes", "--port", address.rpartition(":")[2])
        _, words = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"{address} is taken" in words
