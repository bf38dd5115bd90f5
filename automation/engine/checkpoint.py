"""A stack's state as the engine keeps it: how secrets are encrypted, what was under way, the outputs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from automation.core.drift import Release
from automation.core.updates import STACK_TYPE
from automation.engine.half_created import HalfCreated
from automation.engine.half_created_aws import BUCKETS, ROLES, HalfCreatedInAws
from automation.engine.names import CHECKPOINT
from automation.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from automation.engine.store import Store

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the mark of a secret, no secret itself
_KUBERNETES = "kubernetes:"
_RELEASE = "kubernetes:helm.sh/v3:Release"
_LONGEST_UPDATE = timedelta(hours=1)

Properties = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the state says of a stack that exists.

    `settings`: what a stack's settings file would say of the secrets provider. `resources`: how many there are, the stack itself too.
    `releases`: the Helm releases among them. `pending`: how many operations were under way when the engine was ended, and
    `pending_releases` the Helm releases that these were changing, `half_created` the Kubernetes objects that they were creating, and
    `half_created_in_aws` what of AWS.
    """

    settings: Mapping[str, str]
    resources: int
    pending: int
    releases: tuple[Release, ...]
    pending_releases: tuple[Release, ...]
    half_created: tuple[HalfCreated, ...]
    half_created_in_aws: tuple[HalfCreatedInAws, ...]
    outputs: Mapping[str, object]

    @property
    def revision(self) -> int:
        """The revision for which the program last came to its end, as the outputs have it; 0 where it never did."""
        revision = self.outputs.get("revision", 0)
        return int(revision) if isinstance(revision, int | float) else 0


def read_checkpoint(store: Store, stack: str) -> Checkpoint | None:
    """Read the state of `stack`, None for a stack that was never created.

    Raises:
        Refusal: the state is not as the engine writes it.
    """
    name = CHECKPOINT.format(stack=stack)
    held = store.read(name)
    if held is None:
        return None
    try:
        latest = object_at(json.loads(held)["checkpoint"], "latest")
        resources = _objects_at(latest, "resources")
        stack_itself = [each for each in resources if each["type"] == STACK_TYPE]
        operations = _objects_at(latest, "pending_operations")
        pending = [object_at(each, "resource") for each in operations]
        created = [object_at(each, "resource") for each in operations if each.get("type") == "creating"]
        return Checkpoint(
            settings=_settings(object_at(latest, "secrets_providers")),
            resources=len(resources),
            pending=len(pending),
            releases=_releases(resources, resources),
            pending_releases=_releases(pending, resources),
            half_created=tuple(_half_created(created, resources, object_at(latest, "manifest"))),
            half_created_in_aws=tuple(_half_created_in_aws(created, resources, object_at(latest, "manifest"))),
            outputs=masked_object(object_at(stack_itself[0], "outputs")) if stack_itself else {},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refusal(
            f"the state of stack {stack} cannot be read: {name} is not as the engine writes it",
            hint=f"restore it from .pulumi/backups/{name.split('/')[2]}/{stack} in its backend",
        ) from error


def object_at(holder: Properties, key: str) -> Properties:
    """Return the object under `key`; where there is none the engine writes null, or nothing."""
    return holder.get(key) or {}


def masked(value: object) -> object:
    """Return `value` with every secret in it as `[secret]`."""
    match value:
        case dict():
            held = cast("dict[str, object]", value)
            return "[secret]" if held.get(_SIGNATURE) == _SECRET else masked_object(held)
        case list():
            return [masked(each) for each in cast("list[object]", value)]
        case _:
            return value


def masked_object(values: Mapping[str, object]) -> Mapping[str, object]:
    """Mask every value."""
    return {key: masked(value) for key, value in values.items()}


def _objects_at(holder: Properties, key: str) -> Sequence[Properties]:
    return holder.get(key) or []


def _settings(provider: Properties) -> Mapping[str, str]:
    state = object_at(provider, "state")
    found = {
        "encryptionsalt": state.get("salt"),
        "secretsprovider": state.get("url"),
        "encryptedkey": state.get("encryptedkey"),
    }
    return {key: str(value) for key, value in found.items() if value}


def _releases(among: Iterable[Properties], resources: Sequence[Properties]) -> tuple[Release, ...]:
    return tuple(_release(each, resources) for each in among if each["type"] == _RELEASE)


def _release(resource: Properties, resources: Iterable[Properties]) -> Release:
    inputs = object_at(resource, "inputs")
    return Release(
        urn=str(resource["urn"]),
        name=str(inputs.get("name", "")),
        namespace=str(inputs.get("namespace", "default")),
        context=_context(resource, resources),
    )


def _half_created(created: Iterable[Properties], resources: Sequence[Properties], manifest: Properties) -> Iterator[HalfCreated]:
    """Choose the Kubernetes objects of a name of their own: what the engine names anew each time stands in nobody's way."""
    for each in created:
        inputs = object_at(each, "inputs")
        metadata = object_at(inputs, "metadata")
        if each["type"].startswith(_KUBERNETES) and "kind" in inputs and "name" in metadata:
            yield HalfCreated(
                api_version=str(inputs["apiVersion"]),
                kind=str(inputs["kind"]),
                name=str(metadata["name"]),
                namespace=str(metadata.get("namespace", "")),
                context=_context(each, resources),
                since=_begun_after(manifest),
            )


def _half_created_in_aws(
    created: Iterable[Properties], resources: Sequence[Properties], manifest: Properties
) -> Iterator[HalfCreatedInAws]:
    """Choose the buckets and roles of a name of their own, in the region of their provider."""
    for each in created:
        name = object_at(each, "inputs").get("bucket" if each["type"] in BUCKETS else "name")
        provider = _provider(each, resources)
        if each["type"] not in BUCKETS | ROLES or not name or "region" not in provider or _is_there(each, resources):
            continue
        # Providers have what is no string as JSON.
        endpoints = json.loads(provider.get("endpoints") or "[{}]")
        yield HalfCreatedInAws(
            type=str(each["type"]),
            name=str(name),
            region=str(provider["region"]),
            endpoint=endpoints[0].get("s3"),
            profile=provider.get("profile"),
            since=_begun_after(manifest),
        )


def _begun_after(manifest: Properties) -> datetime:
    """A time before the update began: the engine writes the time with each step of it, and when the first one was nothing tells."""
    return datetime.fromisoformat(manifest["time"]) - _LONGEST_UPDATE


def _is_there(created: Properties, resources: Sequence[Properties]) -> bool:
    """Tell whether the state has what is to be created already, such as one that is to be replaced."""
    return any((each["type"], each.get("inputs")) == (created["type"], created.get("inputs")) for each in resources)


def _context(resource: Properties, resources: Iterable[Properties]) -> str | None:
    """The kubectl context of a resource's provider."""
    return _provider(resource, resources).get("context")


def _provider(resource: Properties, resources: Iterable[Properties]) -> Properties:
    """What a resource's provider was set to; nothing where the state has none."""
    urn = str(resource.get("provider", "")).rpartition("::")[0]
    found = [object_at(each, "inputs") for each in resources if each["urn"] == urn]
    return found[0] if found else {}
