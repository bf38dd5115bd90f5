"""The parts of the local cloud, and how each is told about the others."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud import toolchain
from localcloud.aws.part import moto_part
from localcloud.doors import Door, Doors
from localcloud.faults import Reach, read_faults
from localcloud.folder import CloudFolder
from localcloud.kube.control_plane import ControlPlane
from localcloud.part import Part, answers_http, answers_tcp
from localcloud.postgres import Postgres
from localcloud.process import resume, running, suspend
from localcloud.prometheus import prometheus_part
from localcloud.redis import redis_part
from localcloud.regions import HOME_REGION, POSTGRES_SERVERS, PUBLIC_SERVERS, REGIONS, door_port, doors_of, edge_door
from localcloud.settings import TIME_SCALE, TRAFFIC, TRAFFIC_RATE
from stacks.house import edge
from stacks.overrides import Override

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PROVIDERS = ("kubernetes", "aws")


@dataclass(frozen=True, slots=True)
class Cloud:
    """One local cloud in its folder."""

    folder: CloudFolder

    def parts(self) -> tuple[Part, ...]:
        """Every part, a region's together; making the list chooses ports and starts nothing."""
        regional = [part for region in REGIONS for part in self._parts_of(region)]
        providers = [self._provider(name) for name in PROVIDERS]
        return (*regional, moto_part(self.folder), self._dns(), self._catalogue(), *providers, self._traffic())

    @property
    def kubeconfig(self) -> Path:
        """The file by which everybody outside finds both regions' API servers, a context each."""
        return self.folder.root / "kubeconfig"

    def doors(self, region: str) -> Doors:
        """The doors of a region, as its toxiproxy keeps them."""
        return Doors(self.folder.port(f"{region}/doors"))

    def door(self, region: str, name: str) -> int:
        """The port at which everybody outside the region finds `name`."""
        return self.folder.port(door_port(region, name))

    def aws_endpoint(self, region: str) -> str:
        """The region's AWS API; us-east-1's is also the control plane of Route 53 and IAM."""
        return f"http://127.0.0.1:{self.door(region, 'aws')}"

    def aws_environment(self) -> dict[str, str]:
        """The keys by which AWS's own clients come in, and the region that is meant where none is named."""
        return {
            "AWS_DEFAULT_REGION": HOME_REGION,
            "AWS_ACCESS_KEY_ID": f"AKIA{self.folder.secret('aws-access-key-id')[:16].upper()}",
            "AWS_SECRET_ACCESS_KEY": self.folder.secret("aws-secret-access-key"),
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _parts_of(self, region: str) -> tuple[Part, ...]:
        servers = [Postgres(self.folder, server).part() for server in POSTGRES_SERVERS if server.region == region]
        control_plane = ControlPlane(self.folder, region).parts()
        return (self._doors_part(region), *control_plane, redis_part(self.folder, region), prometheus_part(self.folder, region), *servers)

    def _doors_part(self, region: str) -> Part:
        port = self.folder.port(f"{region}/doors")
        doors = tuple(Door(name, self.door(region, name), self._behind(region, name)) for name in doors_of(region))
        answers = answers_http(f"http://127.0.0.1:{port}/version")
        return Part(
            name=f"{region}/doors",
            command=(str(toolchain.path("toxiproxy")), "-host", "127.0.0.1", "-port", str(port)),
            environment={"LOG_LEVEL": "warn"},
            # Doors that a fault has suspended answer nobody, as they should.
            ready=lambda: self.is_black_holed(region) or answers(),
            port=port,
            settle=lambda: self._settle_doors(region, doors),
        )

    def is_black_holed(self, region: str) -> bool:
        """Whether the region's doors run and are suspended."""
        process = running(self.folder).get(f"{region}/doors")
        return process is not None and process.suspended

    def _settle_doors(self, region: str, doors: tuple[Door, ...]) -> None:
        """Open the doors, or suspend them while a fault says so; without one, doors that are suspended go on."""
        process = running(self.folder).get(f"{region}/doors")
        if process is None:
            return
        black_hole = read_faults(self.folder).regions.get(region) is Reach.BLACK_HOLE
        if not black_hole:
            resume(process)
        if not (black_hole and process.suspended):
            self.doors(region).open_all(doors)
        if black_hole:
            suspend(process)

    def _behind(self, region: str, door: str) -> int:
        part = {
            "kubernetes": f"{region}/kube-apiserver",
            "aws": "moto",
            "redis": f"{region}/valkey",
            "prometheus": f"{region}/prometheus",
        }.get(door, f"{region}/{door}")
        return self.folder.port(part)

    def _dns(self) -> Part:
        port = self.folder.port("dns")
        data = self.folder.data("dns")
        endpoint = self.aws_endpoint(HOME_REGION)
        edges = _flags("--edge", self._edges())
        doors = _flags("--aws", {region: self.door(region, "aws") for region in REGIONS})
        kept = ("--cache", str(data / "zones.json"), "--beliefs", str(data / "beliefs.json"))
        scale = f"--time-scale={TIME_SCALE.read(self.folder):g}"
        return Part(
            name="dns",
            command=_module("localcloud.dns", "--port", str(port), "--endpoint", endpoint, scale, *kept, *edges, *doors),
            environment=self.aws_environment(),
            ready=answers_tcp(port),
            port=port,
            prepare=lambda: data.mkdir(mode=0o700, exist_ok=True),
        )

    def _catalogue(self) -> Part:
        port = self.folder.port("catalogue")
        answers = answers_http(f"http://127.0.0.1:{port}/v2/")
        return Part(name="catalogue", command=_module("localcloud.catalogue", "--port", str(port)), ready=answers, port=port)

    def _traffic(self) -> Part:
        port = self.folder.port(TRAFFIC)
        how = (f"--rate={TRAFFIC_RATE.read(self.folder):g}", f"--time-scale={TIME_SCALE.read(self.folder):g}")
        edges = _flags("--edge", self._edges())
        return Part(
            name=TRAFFIC,
            command=_module("localcloud.traffic", "--port", str(port), "--dns", str(self.folder.port("dns")), *how, *edges),
            ready=answers_http(f"http://127.0.0.1:{port}/metrics"),
            port=port,
        )

    def _edges(self) -> Mapping[str, int]:
        """The doors of the edges by name: a client of the real cloud is told an address, and here they share one and differ by port."""
        return {edge(server.region): self.door(server.region, edge_door(server.stack)) for server in PUBLIC_SERVERS}

    def _provider(self, name: str) -> Part:
        port = self.folder.port(f"provider-{name}")
        endpoints = {Override.AWS_ENDPOINT.variable(region): self.aws_endpoint(region) for region in REGIONS}
        environment = {**self.aws_environment(), **endpoints, "HHCTL_HELM": str(toolchain.path("helm")), "KUBECONFIG": str(self.kubeconfig)}
        command = _module("localcloud.providers", name, "--port", str(port))
        return Part(name=f"provider-{name}", command=command, environment=environment, ready=answers_tcp(port), port=port)


def _flags(flag: str, ports: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(word for name, port in ports.items() for word in (flag, f"{name}={port}"))


def _module(module: str, *arguments: str) -> tuple[str, ...]:
    """A part that is a Python module; `-P` keeps the folder it stands in off its import path."""
    return (sys.executable, "-P", "-m", module, *arguments)


def cloud_at(folder: Path) -> Cloud:
    """The local cloud in `folder`, which need not exist yet."""
    return Cloud(CloudFolder(folder))
