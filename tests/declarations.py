"""What a Pulumi program declares, heard by a monitor in the engine's place: no engine, no provider, no world.

declared = declarations(lambda: Environment("here", EnvironmentArgs(...)))
declared.only("kubernetes:core/v1:Namespace").inputs["metadata"]["name"]
"""

from __future__ import annotations

import asyncio
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pulumi
from pulumi.runtime import get_root_resource, mocks, rpc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pulumi.runtime.proto.resource_pb2 import RegisterResourceRequest
    from pulumi.runtime.stack import Stack

_SIGNATURE, _SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"


@dataclass(frozen=True)
class Resource:
    """One resource as the program registers it; `secrets` are the names of inputs that are, or hold, a secret."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    secrets: frozenset[str]
    parent: str
    provider: str
    protected: bool
    dependencies: tuple[str, ...]

    @property
    def short(self) -> str:
        """`BucketPolicy` of `aws:s3/bucketPolicy:BucketPolicy`."""
        return self.type.rpartition(":")[2]


@dataclass(frozen=True)
class Declared:
    resources: tuple[Resource, ...]
    outputs: Mapping[str, Any]

    def of(self, type: str) -> list[Resource]:
        """The resources of a type, named in full or by its last word."""
        return [each for each in self.resources if type in (each.type, each.short)]

    def by_urn(self) -> dict[str, Resource]:
        return {each.urn: each for each in self.resources}

    def only(self, type: str, name: str = "") -> Resource:
        """The one resource of a type, and of a name if one is given."""
        found = [each for each in self.of(type) if name in ("", each.name)]
        assert len(found) == 1, f"{len(found)} {type} {name}: {[each.name for each in found]}"
        return found[0]


def declarations(
    program: Callable[[], object], *, stack: str = "test", config: Mapping[str, str] | None = None, preview: bool = False
) -> Declared:
    """Run `program` as that of `stack`, with the plain `config`; what it raises comes through."""
    monitor = _Monitor()
    # Pulumi expects one in the main thread unasked; `asyncio.run`, in any test before, takes it away.
    asyncio.set_event_loop(asyncio.new_event_loop())
    pulumi.runtime.set_mocks(_Answers(), project="house-helper", stack=stack, preview=preview, monitor=monitor)
    pulumi.runtime.set_all_config(dict(config or {}), [])
    root = cast("Stack", get_root_resource())
    root.outputs = {}
    outputs: dict[str, Any] = {}

    def whole() -> pulumi.Output[None]:
        program()
        return pulumi.Output.from_input(root.outputs).apply(outputs.update)

    with warnings.catch_warnings():
        # pulumi_aws warns of its own older types when it is imported, which happens at the first use of one of its modules.
        warnings.simplefilter("ignore", DeprecationWarning)
        pulumi.runtime.test(whole)()
    return Declared(tuple(monitor.heard), outputs)


class _Answers(mocks.Mocks):
    """A world in which everything is as asked, under a name or number of its own."""

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise AssertionError(f"the program asks the world for {args.token}")

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        name = f"{args.name}-id"
        state = dict(args.inputs)
        if args.typ.startswith("kubernetes:"):
            metadata = dict(state.get("metadata") or {})
            state["metadata"] = {"name": f"{args.name}-1a2b3c", **metadata}
        if args.typ.startswith("aws:"):
            service = args.typ.split(":")[1].partition("/")[0]
            account = "" if service == "s3" else "123456789012"
            state["arn"] = f"arn:aws:{service}:{'' if not account else 'region'}:{account}:{state.get('bucket', name)}"
            state |= {"keyId": name, "zoneId": name, "nameServers": ["ns-1"]}
        return state.get("bucket", name), state


class _Monitor(mocks.MockMonitor):
    def __init__(self) -> None:
        super().__init__(_Answers())
        self.heard: list[Resource] = []

    def RegisterResource(self, request: RegisterResourceRequest) -> Any:  # noqa: N802 - gRPC names its methods so
        response = super().RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            inputs = cast("dict[str, Any]", rpc.deserialize_properties(request.object))
            self.heard.append(
                Resource(
                    urn=response.urn,
                    type=request.type,
                    name=request.name,
                    inputs={key: _plain(value) for key, value in inputs.items()},
                    secrets=frozenset(key for key, value in inputs.items() if _is_secret(value)),
                    parent=request.parent,
                    provider=request.provider,
                    protected=request.protect,
                    dependencies=tuple(request.dependencies),
                )
            )
        return response


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and value.get(_SIGNATURE) == _SECRET


def _plain(value: Any) -> Any:
    """The value with secrets opened, and with assets as what they hold, so that values can be compared."""
    if _is_secret(value):
        return _plain(value["value"])
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return {"text": value.text} if isinstance(value, pulumi.StringAsset) else value
