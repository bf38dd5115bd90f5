"""The engine's provider protocol over a `Provider`; several operators and several instances of it are connected at once."""
# ruff: noqa: N802 - gRPC names its methods so

from __future__ import annotations

from contextlib import contextmanager
from functools import cache, partial
from threading import Event
from typing import TYPE_CHECKING, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from localcloud.providers import answers
from localcloud.providers.peers import program_folder
from localcloud.providers.properties import Unwrapped, parse_config, unwrap, wrap
from localcloud.providers.resource import ResourceFault

if TYPE_CHECKING:
    from collections.abc import Generator

    from localcloud.providers.connections import Connections
    from localcloud.providers.resource import Provider, Session


class ProviderServicer(provider_pb2_grpc.ResourceProviderServicer):
    """Serves one `Provider` to every engine that connects; state and interrupts belong to the connection that they came by."""

    def __init__(self, provider: Provider, connections: Connections) -> None:
        self._provider = provider
        self._connections = connections

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Start a connection: an earlier one from the same port may have left something."""
        del request
        self._connections.open(context.peer())
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Answer the engine, which attaches to what it has not started itself."""
        del request, context
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """Name the version."""
        del request, context
        return plugin_pb2.PluginInfo(version=self._provider.version)

    def GetSchema(self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext) -> provider_pb2.GetSchemaResponse:
        """Give an empty schema: programs use the SDK of the real provider."""
        del request, context
        return provider_pb2.GetSchemaResponse(schema="{}")

    def CheckConfig(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        """Judge the provider resource's inputs; what was not changed goes back as the text that it came as."""
        news = unwrap(request.news)
        parsed = parse_config(news.values)
        with answers.faults(context, news):
            checked = self._provider.check_config(parsed)
        inputs = {key: news.values[key] if key in parsed and value == parsed[key] else value for key, value in checked.inputs.items()}
        return provider_pb2.CheckResponse(inputs=wrap(inputs, news.secrets), failures=answers.failures(checked.failures))

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """Take every change of configuration as an update: the resources behind it stay what they are."""
        del context
        changed = unwrap(request.old_inputs).values != unwrap(request.news).values
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext) -> provider_pb2.ConfigureResponse:
        """Make the session of this connection."""
        config, peer = unwrap(request.args), context.peer()
        with answers.faults(context, config):
            session = self._provider.configure(parse_config(config.values), folder=cache(partial(program_folder, peer)))
        self._connections.of(peer).session = session
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        """Fill in and judge inputs."""
        news, olds = unwrap(request.news), unwrap(request.olds)
        with self._session(context, news, olds) as session:
            checked = session.check(request.type, name=request.name, olds=olds.values, news=news.values)
        return provider_pb2.CheckResponse(inputs=wrap(checked.inputs, news.secrets), failures=answers.failures(checked.failures))

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """Compare checked inputs with those that made the resource."""
        news, old_inputs, olds = unwrap(request.news), unwrap(request.old_inputs), unwrap(request.olds)
        with self._session(context, news, old_inputs, olds) as session:
            difference = session.diff(request.type, id=request.id, old_inputs=old_inputs.values, old_outputs=olds.values, news=news.values)
        return answers.difference(difference, old_inputs=old_inputs.values, news=news.values)

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        """Make the resource, or forecast it."""
        inputs = unwrap(request.properties)
        with self._session(context, inputs) as session:
            if request.preview:
                return provider_pb2.CreateResponse(
                    properties=answers.outputs(session.preview_create(request.type, inputs=inputs.values), inputs)
                )
            state = session.create(
                request.type, name=request.name, inputs=inputs.values, timeout=request.timeout, cancelled=self._cancelled(context)
            )
        return provider_pb2.CreateResponse(id=state.id, properties=answers.outputs_of(state, inputs))

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        """Read the resource; an empty answer says that it is gone."""
        inputs, outputs = unwrap(request.inputs), unwrap(request.properties)
        with self._session(context, inputs, outputs) as session:
            state = session.read(request.type, id=request.id, inputs=inputs.values, outputs=outputs.values)
        if state is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=state.id, properties=answers.outputs_of(state, inputs, outputs), inputs=answers.inputs_of(state, inputs)
        )

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        """Change the resource, or forecast that."""
        news, old_inputs, olds = unwrap(request.news), unwrap(request.old_inputs), unwrap(request.olds)
        with self._session(context, news, old_inputs, olds) as session:
            if request.preview:
                forecast = session.preview_update(request.type, id=request.id, old_outputs=olds.values, news=news.values)
                return provider_pb2.UpdateResponse(properties=answers.outputs(forecast, news))
            state = session.update(
                request.type,
                id=request.id,
                old_inputs=old_inputs.values,
                old_outputs=olds.values,
                news=news.values,
                timeout=request.timeout,
                cancelled=self._cancelled(context),
            )
        return provider_pb2.UpdateResponse(properties=answers.outputs_of(state, news))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Delete the resource."""
        inputs, outputs = unwrap(request.old_inputs), unwrap(request.properties)
        with self._session(context, inputs, outputs) as session:
            session.delete(
                request.type,
                id=request.id,
                inputs=inputs.values,
                outputs=outputs.values,
                timeout=request.timeout,
                cancelled=self._cancelled(context),
            )
        return empty_pb2.Empty()

    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:
        """Answer a function."""
        arguments = unwrap(request.args)
        with self._session(context, arguments) as session:
            answer = session.invoke(request.tok, arguments=arguments.values)
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(wrap(answer))  # a keyword of Python, so no attribute can be written
        return response

    def Construct(self, request: provider_pb2.ConstructRequest, context: grpc.ServicerContext) -> NoReturn:
        """Refuse components that the real provider makes by itself."""
        context.abort(
            grpc.StatusCode.UNIMPLEMENTED, f"the local provider has no component {request.type}; declare the resources it is made of"
        )

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Stop the waiting calls of this connection, and of no other."""
        del request
        self._connections.of(context.peer()).cancelled.set()
        return empty_pb2.Empty()

    def _cancelled(self, context: grpc.ServicerContext) -> Event:
        return self._connections.of(context.peer()).cancelled

    @contextmanager
    def _session(self, context: grpc.ServicerContext, *given: Unwrapped) -> Generator[Session]:
        """The session of the connection; an engine that dies in the middle of a call has cancelled it."""
        connection = self._connections.of(context.peer())
        answered = Event()
        context.add_callback(lambda: None if answered.is_set() else connection.cancelled.set())
        with answers.faults(context, *given):
            try:
                if connection.session is None:
                    raise ResourceFault(f"the {self._provider.name} provider is not configured on this connection")
                yield connection.session
            finally:
                answered.set()
