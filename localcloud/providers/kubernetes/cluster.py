"""One cluster, spoken to as the settings of a provider instance want it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.kube_api import KubeError, UnknownKind
from localcloud.providers.kubernetes.manifests import annotation, to_manifest, without_namespace
from localcloud.providers.kubernetes.naming import object_id
from localcloud.providers.resource import ResourceFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.kube_api import KubeApi, Manifest
    from localcloud.providers.kubernetes.settings import Settings
    from localcloud.providers.kubernetes.tokens import Kind
    from localcloud.providers.resource import Properties

_FORCE = "pulumi.com/patchForce"
_UNREACHABLE = 0
_WITHOUT_NAMESPACE = frozenset(
    {
        "APIService",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "GatewayClass",
        "IngressClass",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "StorageClass",
    }
)
_NO_REHEARSAL = (_UNREACHABLE, 403, 404)
"""The cluster does not answer, does not let us, or does not have the namespace yet."""


class Cluster:
    """Raises `KubeError`; but what only judges and forecasts does without a cluster that does not answer, and asks it no more."""

    def __init__(self, api: KubeApi, settings: Settings) -> None:
        self.api = api
        self.settings = settings
        self.namespace = settings.namespace or api.namespace
        self._silent = False

    def served(self, kind: Kind) -> bool:
        """Whether the API server has the kind, as far as we can know."""
        if self._silent:
            return True
        try:
            self.api.resource(kind.api_version, kind.name)
        except UnknownKind:
            return False
        except KubeError as error:
            if error.status != _UNREACHABLE:
                raise
            self._silent = True
        return True

    def namespaced(self, kind: Kind) -> bool:
        """Whether objects of the kind have a namespace; where the cluster does not say, only those that are known to have none."""
        known = self.served(kind) and not self._silent
        return self.api.resource(kind.api_version, kind.name).namespaced if known else kind.name not in _WITHOUT_NAMESPACE

    def apply(self, kind: Kind, inputs: Properties, manager: str) -> Manifest:
        """Apply, by force if the object or the provider says so. Raises `ResourceFault` when somebody else has set one of its fields."""
        manifest = self._manifest(kind, inputs)
        apply = self.api.apply_forced if self._forced(manifest) else self.api.apply
        return _told_of_conflicts(lambda: apply(manifest, manager=manager), manifest)

    def rehearse_create(self, kind: Kind, inputs: Properties, manager: str) -> Manifest | None:
        """The object that a creation would give, None when that cannot be known. Raises as the creation would, and for unknown fields."""
        return self._rehearse(lambda: self.api.rehearse_create(self._manifest(kind, inputs), manager=manager))

    def rehearse_apply(self, kind: Kind, inputs: Properties, manager: str) -> Manifest | None:
        """The object that an update would give, None when that cannot be known. Raises as the update would."""

        def rehearse() -> Manifest:
            manifest = self._manifest(kind, inputs)
            apply = self.api.rehearse_apply_forced if self._forced(manifest) else self.api.rehearse_apply
            return _told_of_conflicts(lambda: apply(manifest, manager=manager), manifest)

        return self._rehearse(rehearse)

    def _rehearse(self, call: Callable[[], Manifest]) -> Manifest | None:
        if self._silent:
            return None
        try:
            return call()
        except KubeError as error:
            if error.status not in _NO_REHEARSAL and error.reason != "AlreadyExists":
                raise
            self._silent = error.status == _UNREACHABLE
            return None

    def _manifest(self, kind: Kind, inputs: Properties) -> Manifest:
        manifest = to_manifest(inputs)
        return manifest if self.api.resource(kind.api_version, kind.name).namespaced else without_namespace(manifest)

    def _forced(self, manifest: Manifest) -> bool:
        word = annotation(manifest, _FORCE)
        return word == "true" or (self.settings.force_patches and word != "false")


def _told_of_conflicts(call: Callable[[], Manifest], manifest: Manifest) -> Manifest:
    try:
        return call()
    except KubeError as error:
        if error.reason != "Conflict":
            raise
        raise ResourceFault(
            f"{manifest['kind']} {object_id(manifest)}: somebody else has set what the program sets: {error.message}"
            f'; give it up in one of the two, or take it over with the annotation {_FORCE}: "true"'
        ) from error
