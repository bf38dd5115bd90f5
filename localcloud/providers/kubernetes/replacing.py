"""The paths whose change replaces an object, as pulumi-kubernetes 4.34 has them (`provider/pkg/provider/diff.go`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.providers.kubernetes.settings import Settings
    from localcloud.providers.kubernetes.tokens import Kind
    from localcloud.providers.resource import Properties

_IDENTITY = ("metadata.name", "metadata.namespace")
_CONTAINER = (
    "args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources securityContext stdin stdinOnce"
    " terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir"
)
_POD = (
    "affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC hostNetwork hostPID hostname"
    " imagePullSecrets nodeName nodeSelector overhead preemptionPolicy priority priorityClassName readinessGates restartPolicy"
    " runtimeClassName schedulerName securityContext serviceAccount serviceAccountName shareProcessNamespace subdomain"
    " terminationGracePeriodSeconds volumes"
)
_VOLUME = (
    "awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk glusterfs hostPath iscsi local nfs"
    " photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume"
)
_REPLACING: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("apps", "DaemonSet"): ("spec.selector",),
    ("apps", "Deployment"): ("spec.selector",),
    ("apps", "StatefulSet"): (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    ("batch", "Job"): ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io", "RoleBinding"): ("roleRef",),
    ("storage.k8s.io", "StorageClass"): ("parameters", "provisioner"),
    ("", "PersistentVolume"): tuple(f"spec.{name}" for name in _VOLUME.split()),
    ("", "PersistentVolumeClaim"): ("spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"),
    ("", "Pod"): (
        *(f"spec.{name}" for name in _POD.split()),
        *(f"spec.{containers}.{name}" for containers in ("containers", "initContainers") for name in _CONTAINER.split()),
    ),
    ("", "ResourceQuota"): ("spec.scopes",),
    ("", "Secret"): ("type",),
    ("", "Service"): ("spec.clusterIP",),
}


def replacing_paths(kind: Kind, old: Properties, settings: Settings) -> tuple[str, ...]:
    """The paths, list indices left out, whose change replaces an object."""
    own = _REPLACING.get((kind.group, kind.name), ())
    immutable = old.get("immutable") is True
    if (kind.group, kind.name) == ("", "ConfigMap") and (immutable or not settings.mutable_config_maps):
        own = ("binaryData", "data")
    if (kind.group, kind.name) == ("", "Secret") and (immutable or not settings.mutable_secrets):
        own = (*own, "data", "stringData")
    return (*_IDENTITY, *own, *(("immutable",) if immutable else ()))
