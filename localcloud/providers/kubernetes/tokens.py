"""From a resource's type in a program to a kind of the Kubernetes API."""

from __future__ import annotations

from dataclasses import dataclass

from localcloud.providers.resource import ResourceFault

RELEASE = "kubernetes:helm.sh/v3:Release"

BUILT_IN_GROUPS = frozenset(
    {
        "",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "extensions",
        "flowcontrol.apiserver.k8s.io",
        "internal.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
        "storagemigration.k8s.io",
    }
)
"""Groups whose kinds come with the API server, so that no definition can add one."""

# Types of the SDK that are no kinds of the API, by the start of their token, and what a program uses in their stead.
_COMPONENTS = {
    "kubernetes:helm.sh/v2:": "kubernetes:helm.sh/v3:Release",
    "kubernetes:helm.sh/v3:Chart": "kubernetes:helm.sh/v3:Release",
    "kubernetes:helm.sh/v4:": "kubernetes:helm.sh/v3:Release",
    "kubernetes:kustomize": "the resources that the folder is made of",
    "kubernetes:yaml": "the resources that the file holds",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of the Kubernetes API; the core group's `api_version` is `v1`."""

    api_version: str
    name: str

    @property
    def group(self) -> str:
        """The API group, empty for the core one."""
        return self.api_version.rpartition("/")[0]

    @property
    def built_in(self) -> bool:
        """Whether the API server has the kind by itself, or never will."""
        return self.group in BUILT_IN_GROUPS


def kind_of(type: str) -> Kind:
    """The kind that a type stands for: `kubernetes:apps/v1:Deployment`. Raises `ResourceFault` for types that stand for none."""
    for start, instead in _COMPONENTS.items():
        if type.startswith(start):
            raise ResourceFault(f"the local kubernetes provider has no type {type}; use {instead}")
    _, _, rest = type.partition(":")
    api_version, _, name = rest.rpartition(":")
    if not (api_version and name):
        raise ResourceFault(f"{type} names no kind of the Kubernetes API")
    kind = Kind(api_version=api_version.removeprefix("core/"), name=name)
    if kind.built_in:
        for ending, instead in (("Patch", "the object's own type"), ("List", "the types of its items")):
            if name.endswith(ending) and name != ending:
                raise ResourceFault(f"the local kubernetes provider has no type {type}; use {instead}")
    return kind
