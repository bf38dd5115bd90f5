"""What kubectl finds behind a pod: kwok serves its logs, exec and port-forward by objects of the pod's own name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.pods.clients import client_environment
from localcloud.pods.environment import ConfigFault
from localcloud.pods.starting import environment_of, working_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.pods.addresses import Address
    from localcloud.pods.manifest import Manifest, Pod
    from localcloud.pods.node import Node


_VERSION = "kwok.x-k8s.io/v1alpha1"
_MANAGER = "node-agent"


def open_channels(node: Node, pod: Pod, address: Address) -> None:
    """Say where the pod's logs are, and which local ports stand for its own; gone with the pod. Raises `KubeError`."""
    logs: list[dict[str, Any]] = []
    for container in pod.every_container:
        place = node.place(pod.uid, container.name)
        files = {"logsFile": str(place.log), "previousLogsFile": str(place.previous_log)}
        logs.append({"containers": [container.name], **files, "follow": True})
    forwards = [{"ports": [port], "target": {"address": "127.0.0.1", "port": local}} for port, local in address.ports.items()]
    _apply(node, pod, "Logs", {"logs": logs})
    _apply(node, pod, "PortForward", {"forwards": forwards})


def open_exec(node: Node, pod: Pod, address: Address) -> None:
    """Give commands that kubectl runs in a container its environment and folder. Raises `KubeError`."""
    _apply(node, pod, "Exec", {"execs": list(_execs(node, pod, address))})


def _execs(node: Node, pod: Pod, address: Address) -> Iterator[Manifest]:
    for container in pod.every_container:
        image = node.images.find(container.image)
        if image is None:
            continue
        try:
            environment = environment_of(node, pod, container, image, address)
        except ConfigFault:  # it does not run either, and is told so
            continue
        environment |= client_environment(container.image, environment)
        variables = [{"name": name, "value": value} for name, value in environment.items()]
        folder = working_folder(container, node.place(pod.uid, container.name))
        yield {"containers": [container.name], "local": {"workDir": str(folder), "envs": variables}}


def _apply(node: Node, pod: Pod, kind: str, spec: dict[str, Any]) -> None:
    owner = {"apiVersion": "v1", "kind": "Pod", "name": pod.name, "uid": pod.uid}
    metadata = {"name": pod.name, "namespace": pod.namespace, "ownerReferences": [owner]}
    node.api.apply_forced({"apiVersion": _VERSION, "kind": kind, "metadata": metadata, "spec": spec}, manager=_MANAGER)
