"""What the agent reads out of a pod's manifest, with the API's own defaults."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from automation.core.amounts import in_bytes

Manifest = dict[str, Any]

_NUMBER = re.compile("[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class HttpCheck:
    """A GET that is answered with 200 to 399. `port` is the container's own."""

    path: str
    port: int
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TcpCheck:
    """A connection that is taken."""

    port: int


@dataclass(frozen=True, slots=True)
class ExecCheck:
    """A command of the container that ends with 0."""

    command: tuple[str, ...]
    port: int = 0


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A check that is not made here: `kind` is grpc."""

    kind: str
    port: int = 0


Check = HttpCheck | TcpCheck | ExecCheck | Unsupported


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe; times in seconds. `grace`, if given, stands in for the pod's when the probe ends the container."""

    check: Check
    initial_delay: float = 0.0
    period: float = 10.0
    timeout: float = 1.0
    success_threshold: int = 1
    failure_threshold: int = 3
    grace: float | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """One container; `memory_limit` in bytes, `pre_stop` in seconds. `manifest` is its own part of the pod's.

    `ports` are those that it declares, and those that only its probes name.
    """

    name: str
    image: str
    command: tuple[str, ...]
    arguments: tuple[str, ...]
    ports: tuple[int, ...]
    startup: Probe | None
    readiness: Probe | None
    liveness: Probe | None
    memory_limit: int | None
    pre_stop: float
    stays: bool
    manifest: Manifest = field(repr=False)

    @property
    def probes(self) -> tuple[Probe, ...]:
        """Those that it has."""
        return tuple(probe for probe in (self.startup, self.readiness, self.liveness) if probe)


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod; `grace` in seconds is what a deletion gives it by default. An init container that `stays` is a sidecar."""

    uid: str
    name: str
    namespace: str
    restart_policy: str
    grace: float
    init_containers: tuple[Container, ...]
    containers: tuple[Container, ...]
    manifest: Manifest = field(repr=False)

    @property
    def serving(self) -> tuple[Container, ...]:
        """The containers that must be ready for the pod to be: sidecars too."""
        return (*(each for each in self.init_containers if each.stays), *self.containers)

    @property
    def gates(self) -> tuple[str, ...]:
        """The conditions, told by others, that must hold for the pod to be ready."""
        return tuple(gate["conditionType"] for gate in self.manifest["spec"].get("readinessGates", ()))

    @property
    def every_container(self) -> tuple[Container, ...]:
        """Init containers first, in the order in which they start."""
        return (*self.init_containers, *self.containers)


def read_pod(manifest: Manifest) -> Pod:
    """The pod that a manifest from the API server describes."""
    metadata, spec = manifest["metadata"], manifest["spec"]
    init_containers, containers = (tuple(map(_container, spec.get(kind, ()))) for kind in ("initContainers", "containers"))
    declared = {port for each in (*init_containers, *containers) for port in each.ports}
    return Pod(
        uid=metadata["uid"],
        name=metadata["name"],
        namespace=metadata["namespace"],
        restart_policy=spec.get("restartPolicy", "Always"),
        grace=spec.get("terminationGracePeriodSeconds", 30),
        init_containers=tuple(_with_probed_ports(each, declared) for each in init_containers),
        containers=tuple(_with_probed_ports(each, declared) for each in containers),
        manifest=manifest,
    )


def _with_probed_ports(container: Container, declared: set[int]) -> Container:
    """The container with the ports that it is probed at and that no container of its pod declares, as Kubernetes asks nobody to."""
    probed = [port for probe in container.probes if (port := probe.check.port) and port not in declared]
    return replace(container, ports=tuple(dict.fromkeys((*container.ports, *probed))))


def refused_pod(manifest: Manifest) -> Pod:
    """The pod of a manifest that cannot be read further than its name; it has no containers."""
    metadata = manifest["metadata"]
    return Pod(
        uid=metadata["uid"],
        name=metadata["name"],
        namespace=metadata["namespace"],
        restart_policy="Never",
        grace=0,
        init_containers=(),
        containers=(),
        manifest=manifest,
    )


def _container(manifest: Manifest) -> Container:
    ports = {port.get("name", ""): int(port["containerPort"]) for port in manifest.get("ports", ())}
    limit = manifest.get("resources", {}).get("limits", {}).get("memory")
    return Container(
        name=manifest["name"],
        image=manifest["image"],
        command=tuple(manifest.get("command", ())),
        arguments=tuple(manifest.get("args", ())),
        ports=tuple(int(port["containerPort"]) for port in manifest.get("ports", ())),
        startup=_probe(manifest.get("startupProbe"), ports),
        readiness=_probe(manifest.get("readinessProbe"), ports),
        liveness=_probe(manifest.get("livenessProbe"), ports),
        memory_limit=None if limit is None else in_bytes(limit),
        pre_stop=manifest.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0),
        stays=manifest.get("restartPolicy") == "Always",
        manifest=manifest,
    )


def _probe(manifest: Manifest | None, ports: dict[str, int]) -> Probe | None:
    if manifest is None:
        return None
    return Probe(
        check=_check(manifest, ports),
        initial_delay=manifest.get("initialDelaySeconds", 0),
        period=manifest.get("periodSeconds", 10),
        timeout=manifest.get("timeoutSeconds", 1),
        success_threshold=manifest.get("successThreshold", 1),
        failure_threshold=manifest.get("failureThreshold", 3),
        grace=manifest.get("terminationGracePeriodSeconds"),
    )


def _check(manifest: Manifest, ports: dict[str, int]) -> Check:
    if get := manifest.get("httpGet"):
        headers = tuple((header["name"], header["value"]) for header in get.get("httpHeaders", ()))
        return HttpCheck(path=get.get("path", "/"), port=_port(get["port"], ports), headers=headers)
    if connect := manifest.get("tcpSocket"):
        return TcpCheck(port=_port(connect["port"], ports))
    if run := manifest.get("exec"):
        return ExecCheck(tuple(run["command"]))
    return Unsupported("grpc")


def _port(named: str | int, ports: dict[str, int]) -> int:
    """A port by number or by its name; a name that the container lacks is port 0, which nothing answers."""
    if isinstance(named, int):
        return named
    return ports.get(named) or (int(named) if _NUMBER.fullmatch(named) else 0)
