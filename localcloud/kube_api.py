"""The Kubernetes API as it is spoken here: typed calls for any kind that the server itself lists."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Self

from localcloud.kube_http import Connection, KubeError, Manifest
from localcloud.kubeconfig import Access, read_access

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["ApiResource", "KubeApi", "KubeError", "Manifest", "Propagation", "UnknownKind", "WatchEvent"]

_MERGE = "application/merge-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"
_APPLY = "application/apply-patch+yaml"


class UnknownKind(KubeError):
    """The API server serves no such kind, at least not yet."""

    def __init__(self, api_version: str, kind: str) -> None:
        super().__init__(status=404, reason="UnknownKind", message=f"the API server has no kind {kind} in {api_version}")


@dataclass(frozen=True, slots=True)
class ApiResource:
    """A kind as the server's discovery lists it; `plural` is its segment in paths."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool

    def path(self, namespace: str | None, *parts: str) -> str:
        """The URL path of the kind in a namespace (None: in every one), or of an object's name and subresource below it."""
        root = "/api/v1" if self.api_version == "v1" else f"/apis/{self.api_version}"
        within = f"namespaces/{namespace}/" if self.namespaced and namespace else ""
        return "/".join((f"{root}/{within}{self.plural}", *parts))


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """`change` is ADDED, MODIFIED or DELETED; `manifest` the object after it (before it, if deleted)."""

    change: str
    manifest: Manifest


class Propagation(Enum):
    """What becomes of an object's dependents when it is deleted."""

    BACKGROUND = "Background"
    FOREGROUND = "Foreground"
    ORPHAN = "Orphan"


class KubeApi:
    """One cluster as one user sees it; safe to share between threads. Every method raises `KubeError`.

    A namespace that is neither named nor in the manifest is `namespace`; it is ignored for kinds that have none.
    """

    def __init__(
        self,
        *,
        server: str,
        token: str = "",
        ca_file: Path | None = None,
        ca_data: str = "",
        certificate: str = "",
        key: str = "",
        verify: bool = True,
        namespace: str = "default",
        timeout: float = 5.0,
    ) -> None:
        self.namespace = namespace
        self._kinds: dict[str, dict[str, ApiResource]] = {}
        self._kinds_lock = threading.Lock()
        authority = ca_file.read_text() if ca_file else ca_data
        access = Access(server=server.rstrip("/"), token=token, authority=authority, certificate=certificate, key=key, verify=verify)
        self._connection = Connection(access, timeout=timeout)

    @classmethod
    def of(cls, access: Access, timeout: float = 5.0) -> Self:
        """By what a kubeconfig said; `timeout` is in seconds and for each request."""
        return cls(
            server=access.server,
            token=access.token,
            ca_data=access.authority,
            certificate=access.certificate,
            key=access.key,
            verify=access.verify,
            namespace=access.namespace,
            timeout=timeout,
        )

    @classmethod
    def from_kubeconfig(cls, source: str | Path, context: str | None = None, timeout: float = 5.0) -> Self:
        """By a kubeconfig's path or text. Raises `UsageFault`."""
        return cls.of(read_access(source, context), timeout)

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return self._connection.server

    def close(self) -> None:
        """Close the pooled connections."""
        self._connection.close()

    def ready(self) -> bool:
        """Whether the API server says that it is ready; False too when it cannot be reached."""
        return self._connection.answers("/readyz")

    def resource(self, api_version: str, kind: str) -> ApiResource:
        """The kind as the server lists it; asked anew when it is not among those known. Raises `UnknownKind`."""
        with self._kinds_lock:
            found = self._kinds.get(api_version, {}).get(kind)
        if found is None:
            listed = self._discover(api_version)
            with self._kinds_lock:
                self._kinds[api_version] = listed
            found = listed.get(kind)
        if found is None:
            raise UnknownKind(api_version, kind)
        return found

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Manifest | None:
        """The object, or None when there is none."""
        path = self._path(api_version, kind, namespace, name)
        try:
            return self._connection.call("GET", path)
        except KubeError as error:
            if error.status == 404:
                return None
            raise

    def list(
        self, api_version: str, kind: str, namespace: str | None = None, *, label_selector: str = "", field_selector: str = ""
    ) -> list[Manifest]:
        """The objects of a namespace (None: of every one) that both selectors match."""
        path = self.resource(api_version, kind).path(namespace)
        found = self._connection.call("GET", path, query=_selectors(label_selector, field_selector))
        return [{"apiVersion": api_version, "kind": kind, **item} for item in found.get("items") or ()]

    def watch(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        seconds: int = 30,
    ) -> Iterator[WatchEvent]:
        """What is there now as ADDED, then each change; ends after `seconds`, and the caller starts anew."""
        query = _selectors(label_selector, field_selector)
        query |= {"watch": "true", "timeoutSeconds": str(seconds)}
        path = self.resource(api_version, kind).path(namespace)
        for event in self._connection.events(path, query=query, silence=seconds + 5):
            yield WatchEvent(change=event["type"], manifest=event["object"])

    def create(self, manifest: Manifest) -> Manifest:
        """Make a new object, whose name the server makes up if it has `generateName`; the answer is the object as made."""
        path = self._path(manifest["apiVersion"], manifest["kind"], manifest["metadata"].get("namespace"))
        return self._connection.call("POST", path, body=manifest)

    def apply(self, manifest: Manifest, *, manager: str) -> Manifest:
        """Server-side apply; the answer is the live object. `reason` is `Conflict` when another manager owns one of the fields."""
        return self._apply(manifest, {"fieldManager": manager})

    def apply_forced(self, manifest: Manifest, *, manager: str) -> Manifest:
        """Server-side apply that takes over the fields that other managers own."""
        return self._apply(manifest, {"fieldManager": manager, "force": "true"})

    def rehearse_create(self, manifest: Manifest, *, manager: str) -> Manifest:
        """The object that `create` would make; nothing is made. A field that the kind does not have is refused, where `create` drops it."""
        path = self._path(manifest["apiVersion"], manifest["kind"], manifest["metadata"].get("namespace"))
        query = {"fieldManager": manager, "dryRun": "All", "fieldValidation": "Strict"}
        return self._connection.call("POST", path, query=query, body=manifest)

    def rehearse_apply(self, manifest: Manifest, *, manager: str) -> Manifest:
        """The object that `apply` would give; nothing is changed."""
        return self._apply(manifest, {"fieldManager": manager, "dryRun": "All"})

    def rehearse_apply_forced(self, manifest: Manifest, *, manager: str) -> Manifest:
        """The object that `apply_forced` would give; nothing is changed."""
        return self._apply(manifest, {"fieldManager": manager, "force": "true", "dryRun": "All"})

    def merge(self, api_version: str, kind: str, name: str, patch: Mapping[str, Any], namespace: str | None = None) -> Manifest:
        """Merge patch (RFC 7386) of the object itself."""
        return self._connection.call("PATCH", self._path(api_version, kind, namespace, name), body=patch, content_type=_MERGE)

    def merge_status(self, api_version: str, kind: str, name: str, patch: Mapping[str, Any], namespace: str | None = None) -> Manifest:
        """Merge patch (RFC 7386) by the status subresource; the way for custom resources."""
        return self._connection.call("PATCH", self._path(api_version, kind, namespace, name, "status"), body=patch, content_type=_MERGE)

    def patch_status(self, api_version: str, kind: str, name: str, patch: Mapping[str, Any], namespace: str | None = None) -> Manifest:
        """Strategic merge patch (conditions merge by type) by the status subresource; built-in kinds only."""
        return self._connection.call("PATCH", self._path(api_version, kind, namespace, name, "status"), body=patch, content_type=_STRATEGIC)

    def delete(
        self,
        api_version: str,
        kind: str,
        name: str,
        namespace: str | None = None,
        *,
        propagation: Propagation = Propagation.BACKGROUND,
        uid: str = "",
        grace_seconds: int | None = None,
    ) -> bool:
        """Ask for the deletion, of the very object with `uid` if given; False when there is none. Finalizers may keep it for a while."""
        options: dict[str, Any] = {"propagationPolicy": propagation.value}
        if uid:
            options["preconditions"] = {"uid": uid}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        path = self._path(api_version, kind, namespace, name)
        try:
            self._connection.call("DELETE", path, body=options)
        except KubeError as error:
            if error.status == 404:
                return False
            raise
        return True

    def _apply(self, manifest: Manifest, query: dict[str, str]) -> Manifest:
        metadata = manifest["metadata"]
        path = self._path(manifest["apiVersion"], manifest["kind"], metadata.get("namespace"), metadata["name"])
        return self._connection.call("PATCH", path, query=query, body=manifest, content_type=_APPLY)

    def _path(self, api_version: str, kind: str, namespace: str | None, *parts: str) -> str:
        return self.resource(api_version, kind).path(namespace or self.namespace, *parts)

    def _discover(self, api_version: str) -> dict[str, ApiResource]:
        root = "/api/v1" if api_version == "v1" else f"/apis/{api_version}"
        try:
            listed = self._connection.call("GET", root)["resources"]
        except KubeError as error:
            if error.status == 404:
                return {}
            raise
        return {
            each["kind"]: ApiResource(api_version=api_version, kind=each["kind"], plural=each["name"], namespaced=each["namespaced"])
            for each in listed
            if "/" not in each["name"]
        }


def _selectors(label_selector: str, field_selector: str) -> dict[str, str]:
    return {key: value for key, value in (("labelSelector", label_selector), ("fieldSelector", field_selector)) if value}
