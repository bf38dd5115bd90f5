"""Kubernetes objects of any kind as resources: by server-side apply, through the API server's own discovery."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from localcloud.kube_api import KubeError, Propagation, UnknownKind
from localcloud.providers.kubernetes.awaits import NotReached, Patience, look_once, wait_until_gone, wait_until_ready, wait_until_served
from localcloud.providers.kubernetes.awaits.progress import Verdict
from localcloud.providers.kubernetes.checkpoint import FIELD_MANAGER, checkpoint, forecast, inputs_of_live, rehearsed
from localcloud.providers.kubernetes.differences import compare
from localcloud.providers.kubernetes.drift import drifted, drifted_secret
from localcloud.providers.kubernetes.manifests import (
    annotation,
    from_manifest,
    has_unknown,
    section,
    without_namespace,
    without_nulls,
    without_read_only,
)
from localcloud.providers.kubernetes.naming import named, object_id, parse_id
from localcloud.providers.kubernetes.tokens import Kind, kind_of
from localcloud.providers.resource import UNKNOWN, Checked, CheckFailure, Difference, PartialFault, ResourceFault, State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from threading import Event

    from localcloud.kube_api import Manifest
    from localcloud.providers.kubernetes.cluster import Cluster
    from localcloud.providers.resource import Properties

_SKIP_AWAIT, _TIMEOUT = "pulumi.com/skipAwait", "pulumi.com/timeoutSeconds"
_PROPAGATION = "pulumi.com/deletionPropagationPolicy"


class Objects:
    """The objects of one cluster; as a `Session` is, but for functions. Raises `KubeError` besides."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._api = cluster.api

    def check(self, type: str, *, name: str, olds: Properties, news: Properties) -> Checked:
        """Fill in kind, name and namespace."""
        kind = kind_of(type)
        inputs: dict[str, Any] = {"apiVersion": kind.api_version, "kind": kind.name, **without_read_only(without_nulls(news))}
        if failures := tuple(self._judge(kind, inputs)):
            return Checked(inputs=inputs, failures=failures)
        inputs = named(inputs, name=name, olds=olds)
        metadata = inputs["metadata"]
        if metadata != UNKNOWN and not metadata.get("namespace") and self._cluster.namespaced(kind):
            inputs = {**inputs, "metadata": {**metadata, "namespace": self._cluster.namespace}}
        return Checked(inputs=inputs)

    def diff(self, type: str, *, id: str, old_inputs: Properties, old_outputs: Properties, news: Properties) -> Difference:
        """Compare inputs; a namespace is none where the kind has none."""
        del id, old_outputs
        kind = kind_of(type)
        old, new = without_read_only(old_inputs), without_read_only(news)
        if not self._cluster.namespaced(kind):
            old, new = without_namespace(old), without_namespace(new)
        return compare(kind, old, new, self._cluster.settings)

    def preview_create(self, type: str, *, inputs: Properties) -> Properties:
        """Let the API server forecast the object; where it cannot, give the inputs."""
        kind = kind_of(type)
        if has_unknown(inputs):
            return inputs
        manager = _field_manager(type, "", object_id(inputs))
        live = self._cluster.rehearse_create(kind, inputs, manager)
        return rehearsed(live, inputs, manager=manager) if live else inputs

    def preview_update(self, type: str, *, id: str, old_outputs: Properties, news: Properties) -> Properties:
        """Let the API server forecast the object; where it cannot, give the live object with the changes."""
        if has_unknown(news):
            return forecast(old_outputs, news)
        manager = _manager_of(old_outputs, type, id)
        live = self._cluster.rehearse_apply(kind_of(type), news, manager)
        return rehearsed(live, news, manager=manager) if live else forecast(old_outputs, news)

    def create(self, type: str, *, name: str, inputs: Properties, timeout: float, cancelled: Event) -> State:
        """Apply an object that is not there yet, and wait for it."""
        kind = kind_of(type)
        try:
            wait_until_served(self._api, kind.api_version, kind.name, cancelled)
        except NotReached as why:
            raise ResourceFault(f"{type}: {why}; nothing that it depends on defines it") from why
        place = object_id(inputs)
        if not self._cluster.settings.upsert and self._find(kind, place):
            raise ResourceFault(f"{kind.name} {place} already exists; import it, or set the provider's upsertExistingObjects")
        manager = _field_manager(type, name, place)
        live = self._cluster.apply(kind, inputs, manager)
        return self._settled(live, inputs, manager, _patience(inputs, timeout, cancelled), done="created")

    def read(self, type: str, *, id: str, inputs: Properties, outputs: Properties) -> State | None:
        """Read the live object, and what has drifted of the inputs. Raises `PartialFault` if it is not as it should be."""
        kind = kind_of(type)
        try:
            live = self._find(kind, id)
        except KubeError as error:
            if not self._given_up(error):
                raise
            return None
        if live is None:
            return None
        given = _drifted(kind, inputs, outputs, live) if inputs else inputs_of_live(live)
        state = State(id=id, inputs=given, outputs=checkpoint(live, given, manager=_manager_of(outputs, type, id)), secrets=_secrets(kind))
        if inputs and annotation(inputs, _SKIP_AWAIT) != "true":
            progress = look_once(self._api, live)
            if progress.verdict is not Verdict.DONE:
                raise PartialFault(f"{kind.name} {id} is not as asked: {progress.reason}", state=state)
        return state

    def update(
        self, type: str, *, id: str, old_inputs: Properties, old_outputs: Properties, news: Properties, timeout: float, cancelled: Event
    ) -> State:
        """Apply the new inputs to the object that is there, and wait for it."""
        del old_inputs
        kind = kind_of(type)
        if self._find(kind, id) is None:
            raise ResourceFault(f"{kind.name} {id} is no longer in the cluster; refresh the state")
        manager = _manager_of(old_outputs, type, id)
        live = self._cluster.apply(kind, news, manager)
        return self._settled(live, news, manager, _patience(news, timeout, cancelled), done="updated")

    def delete(self, type: str, *, id: str, inputs: Properties, outputs: Properties, timeout: float, cancelled: Event) -> None:
        """Delete the object and wait until it is gone, unless told not to."""
        del outputs
        kind = kind_of(type)
        namespace, name = parse_id(id)
        propagation = Propagation((annotation(inputs, _PROPAGATION) or Propagation.FOREGROUND.value).capitalize())
        try:
            there = self._api.delete(kind.api_version, kind.name, name, namespace, propagation=propagation)
        except KubeError as error:
            if not self._given_up(error):
                raise
            return
        if not there or annotation(inputs, _SKIP_AWAIT) == "true":
            return
        deleted = {"apiVersion": kind.api_version, "kind": kind.name, "metadata": {"name": name, "namespace": namespace}}
        try:
            wait_until_gone(self._api, deleted, _patience(inputs, timeout, cancelled))
        except NotReached as why:
            raise ResourceFault(f"{kind.name} {id} was deleted, but is not gone: {why}") from why

    def _judge(self, kind: Kind, inputs: Properties) -> Iterator[CheckFailure]:
        for name, wanted in (("apiVersion", kind.api_version), ("kind", kind.name)):
            if inputs[name] not in (wanted, UNKNOWN):
                yield CheckFailure(property=name, reason=f"is {inputs[name]!r} where the type asks for {wanted!r}")
        metadata = inputs.get("metadata", {})
        if metadata != UNKNOWN and not isinstance(metadata, dict):
            yield CheckFailure(property="metadata", reason="is no object")
        elif section(inputs, "metadata").get("generateName"):
            yield CheckFailure(property="metadata.generateName", reason="is not supported in Server-Side Apply mode")
        if kind.built_in and not self._cluster.served(kind):
            yield CheckFailure(property="kind", reason=f"the API server has no kind {kind.name} in {kind.api_version}")

    def _find(self, kind: Kind, id: str) -> Manifest | None:
        namespace, name = parse_id(id)
        return self._api.get(kind.api_version, kind.name, name, namespace)

    def _given_up(self, error: KubeError) -> bool:
        """Whether the error says that the object is gone: with its kind, or with its cluster if the settings say so."""
        return isinstance(error, UnknownKind) or (error.status == 0 and self._cluster.settings.delete_unreachable)

    def _settled(self, applied: Manifest, inputs: Properties, manager: str, patience: Patience, *, done: str) -> State:
        """The object's state once it is as asked. Raises `PartialFault` with the state as it then is."""
        live, failure = applied, None
        if annotation(applied, _SKIP_AWAIT) != "true":
            try:
                live = wait_until_ready(self._api, applied, patience)
            except NotReached as why:
                live, failure = why.seen or applied, why
        kind = Kind(api_version=live["apiVersion"], name=live["kind"])
        state = State(id=object_id(live), inputs=inputs, outputs=checkpoint(live, inputs, manager=manager), secrets=_secrets(kind))
        if failure:
            raise PartialFault(f"{kind.name} {state.id} was {done}, but is not as asked: {failure}", state=state) from failure
        return state


def _drifted(kind: Kind, inputs: Properties, outputs: Properties, live: Manifest) -> dict[str, Any]:
    now = from_manifest(live)
    given: dict[str, Any] = drifted(inputs, recorded=outputs, live=now)
    return drifted_secret(given, recorded=outputs, live=now) if _secrets(kind) else given


def _patience(inputs: Properties, timeout: float, cancelled: Event) -> Patience:
    """`customTimeouts`, else the annotation, else the kind's own."""
    text = annotation(inputs, _TIMEOUT)
    return Patience(seconds=timeout or (float(text) if text.isascii() and text.isdigit() else 0.0), cancelled=cancelled)


def _manager_of(outputs: Properties, type: str, id: str) -> str:
    return str(outputs.get(FIELD_MANAGER) or _field_manager(type, "", id))


def _field_manager(type: str, name: str, id: str) -> str:
    """A name of its own for each resource, as two that set the same field must be told so; the same each time it is tried again."""
    return f"pulumi-kubernetes-{hashlib.sha256(f'{type} {name} {id}'.encode()).hexdigest()[:8]}"


def _secrets(kind: Kind) -> frozenset[str]:
    return frozenset({"data", "stringData"}) if (kind.api_version, kind.name) == ("v1", "Secret") else frozenset()
