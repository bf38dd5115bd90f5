"""How a container comes to its process: its configuration, its command, its start."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.pods.environment import ConfigFault, Sources, container_environment, expanded, with_local_port, write_mounts
from localcloud.pods.manifest import Unsupported
from localcloud.pods.processes import Launch, start

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.pods.addresses import Address
    from localcloud.pods.manifest import Container, Pod
    from localcloud.pods.node import Image, Node
    from localcloud.pods.processes import Place, Process


def start_container(node: Node, pod: Pod, container: Container, image: Image, address: Address) -> Process:
    """Start a container as its manifest and image say. Raises `ConfigFault`, `KubeError`."""
    _must_be_had(container)
    place = node.place(pod.uid, container.name)
    environment = environment_of(node, pod, container, image, address)
    folder = working_folder(container, place)
    write_mounts(pod, container, Sources(node.api, pod.namespace), place.root)
    return start(node.folder, place, Launch(_command(container, image, environment), environment, folder))


def _must_be_had(container: Container) -> None:
    """Hold up a container of which something would be left out; raises `ConfigFault`."""
    for probe in container.probes:
        if isinstance(probe.check, Unsupported):
            raise ConfigFault(f"{probe.check.kind} probes cannot be made in the local cloud")
    for moment in ("postStart", "preStop"):
        for hook in container.manifest.get("lifecycle", {}).get(moment, {}):
            if (moment, hook) != ("preStop", "sleep"):
                raise ConfigFault(f"a {moment} hook by {hook} cannot be run in the local cloud")


def environment_of(node: Node, pod: Pod, container: Container, image: Image, address: Address) -> dict[str, str]:
    """Everything in a container's environment: its own, its image's, its manifest's. Raises `ConfigFault`, `KubeError`."""
    given = container_environment(pod, container, Sources(node.api, pod.namespace), address.ip)
    own = _own_environment(node, pod, node.place(pod.uid, container.name))
    # As EKS gives a pod the credentials of its service account. Nobody is asked here which one that is.
    aws: Mapping[str, str] = node.aws if "AWS_REGION" in given else {}
    return {**own, **image.environment, **aws, **with_local_port(given, container, address.ports)}


def working_folder(container: Container, place: Place) -> Path:
    """The folder that the container's process starts in."""
    folder = place.root / container.manifest.get("workingDir", "").lstrip("/")
    for each in (folder, place.root / "tmp"):
        each.mkdir(parents=True, mode=0o700, exist_ok=True)
    return folder


def _own_environment(node: Node, pod: Pod, place: Place) -> dict[str, str]:
    """What a container has without asking. CONTAINER_ROOT is the folder below which its mounts are, since it has no `/` of its own."""
    path = f"{Path(sys.executable).parent}:{node.folder.root / 'bin'}:/usr/bin:/bin"
    root, temporary = str(place.root), str(place.root / "tmp")
    own = {"HOME": root, "CONTAINER_ROOT": root, "TMPDIR": temporary, "HOSTNAME": pod.name}
    return {**own, "PATH": path, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _command(container: Container, image: Image, variables: Mapping[str, str]) -> tuple[str, ...]:
    """What a container runs: its own command and arguments where it has them, else its image's."""
    own = tuple(expanded(word, variables) for word in (*container.command, *container.arguments))
    return own if container.command else (*image.command, *own)
