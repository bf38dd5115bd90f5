"""What a session says, as the engine's protocol wants to hear it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import grpc
from pulumi.runtime.proto import provider_pb2, status_pb2

from localcloud.providers.paths import PropertyPath, parse_path, value_at
from localcloud.providers.properties import Unwrapped, wrap
from localcloud.providers.resource import Effect, PartialFault, ResourceFault

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from google.protobuf import struct_pb2

    from localcloud.providers.resource import CheckFailure, Difference, Properties, State

_CHECKPOINT = "__inputs"
"""Outputs under this name repeat the inputs, and are as secret as they are."""


def failures(found: Iterable[CheckFailure]) -> list[provider_pb2.CheckFailure]:
    """What is wrong with inputs."""
    return [provider_pb2.CheckFailure(property=each.property, reason=each.reason) for each in found]


def outputs(values: Properties, *given: Unwrapped, secrets: Iterable[str] = ()) -> struct_pb2.Struct:
    """Outputs, secret where what was given at the same path was, and at the names in `secrets`."""
    paths: set[PropertyPath] = {(name,) for name in secrets}
    paths.update(*(each.secrets for each in given))
    return wrap(values, paths | {(_CHECKPOINT, *path) for path in paths})


def outputs_of(state: State, *given: Unwrapped) -> struct_pb2.Struct:
    """A resource's outputs."""
    return outputs(state.outputs, *given, secrets=state.secrets)


def inputs_of(state: State, *given: Unwrapped) -> struct_pb2.Struct:
    """A resource's inputs."""
    return outputs(state.inputs, *given, secrets=state.secrets)


def difference(found: Difference, *, old_inputs: Properties, news: Properties) -> provider_pb2.DiffResponse:
    """A difference with its details: what is added, removed or changed, and what that asks."""
    replaces = [path for path, effect in found.effects.items() if effect is Effect.REPLACE]
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if found.effects else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=sorted({str(parse_path(path)[0]) for path in found.effects}),
        replaces=replaces,
        deleteBeforeReplace=found.delete_before_replace,
        hasDetailedDiff=True,
        detailedDiff={
            path: provider_pb2.PropertyDiff(kind=_kind(parse_path(path), effect, old_inputs, news), inputDiff=True)
            for path, effect in found.effects.items()
        },
    )


@contextmanager
def faults(context: grpc.ServicerContext, *given: Unwrapped) -> Generator[None]:
    """Tell the engine of a fault in its own terms, without the texts of the secrets that were given."""
    try:
        yield
    except PartialFault as fault:
        reason = _without_secrets(str(fault), given)
        detail = provider_pb2.ErrorResourceInitFailed(
            id=fault.state.id, properties=outputs_of(fault.state, *given), inputs=inputs_of(fault.state, *given), reasons=[reason]
        )
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=reason)
        status.details.add().Pack(detail)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, reason)
    except ResourceFault as fault:
        context.abort(grpc.StatusCode.UNKNOWN, _without_secrets(str(fault), given))


def _kind(path: PropertyPath, effect: Effect, old_inputs: Properties, news: Properties) -> provider_pb2.PropertyDiff.Kind.ValueType:
    kinds = provider_pb2.PropertyDiff
    replaces = effect is Effect.REPLACE
    if value_at(old_inputs, path) is None:
        return kinds.ADD_REPLACE if replaces else kinds.ADD
    if value_at(news, path) is None:
        return kinds.DELETE_REPLACE if replaces else kinds.DELETE
    return kinds.UPDATE_REPLACE if replaces else kinds.UPDATE


def _without_secrets(text: str, given: Iterable[Unwrapped]) -> str:
    for secret in sorted({each for unwrapped in given for each in unwrapped.secret_texts()}, key=len, reverse=True):
        text = text.replace(secret, "[secret]")
    return text
