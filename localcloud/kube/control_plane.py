"""The processes of one region's Kubernetes and the flags they need to run here: no root, no network, loopback only."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud import toolchain
from localcloud.edge import EDGE
from localcloud.kube.authority import Certificates, make_certificates
from localcloud.kube.kwok import kwok_configuration
from localcloud.kube.world import Cluster
from localcloud.part import Part, answers_http
from localcloud.pods import AGENT
from localcloud.regions import edge_door, stacks_in
from stacks.house import API, STAGING_API

if TYPE_CHECKING:
    from localcloud.folder import CloudFolder

# The default of 20 requests a second is what a rollout of many pods waits for longest.
POD_PROGRAMS = "pod-programs"
"""The folder of the cloud folder with what commands in pods find on their PATH before anything else."""

_API_RATE = ("--kube-api-qps=500", "--kube-api-burst=1000")
_HOSTS = {"staging": STAGING_API}
_MEMBERS = ("admin", "kube-controller-manager", "kube-scheduler", "kwok", "metrics-server", AGENT, EDGE)


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """The parts of one region's Kubernetes, their files below the cloud folder."""

    folder: CloudFolder
    region: str

    def parts(self) -> tuple[Part, ...]:
        """All of them, in the order in which they need each other."""
        nodes = (self._kwok(), self._node_agent())
        control = (self._etcd(), self._api_server(), self._controller_manager(), self._scheduler())
        return (*control, *nodes, self._metrics_server(), self._edge())

    @property
    def certificates(self) -> Certificates:
        """The region's own certificates."""
        return Certificates(self.folder.data(self._part("certificates")))

    @property
    def cluster(self) -> Cluster:
        """What stands in the cluster from the start; reached directly, as the region's own parts reach it."""
        return Cluster(
            region=self.region,
            kubeconfig=self._kubeconfig_path("admin"),
            metrics_port=self._port("metrics-server"),
            authority=self.certificates.authority,
        )

    def _part(self, program: str) -> str:
        return f"{self.region}/{program}"

    def _port(self, program: str) -> int:
        return self.folder.port(self._part(program))

    @property
    def _files(self) -> Path:
        """Where the configuration of the parts is written, each time before they start."""
        return self.folder.data(self._part("kubernetes"))

    @property
    def _token_list(self) -> Path:
        return self._files / "tokens.csv"

    def _kubeconfig_path(self, member: str) -> Path:
        return self._files / f"{member}.kubeconfig"

    def token(self, member: str) -> str:
        """The bearer token of a part, or of the `admin`."""
        return self.folder.secret(f"{self.region}-{member}-token")

    def _write_token_list(self) -> None:
        """Say who may come in; every part of the control plane is an administrator of it."""
        lines = [f"{self.token(member)},{member},{member},system:masters" for member in _MEMBERS]
        self.folder.write_private(self._token_list, "\n".join(lines) + "\n")
        self._write_kubeconfig("admin")

    def _write_kubeconfig(self, member: str) -> None:
        """Say how a part of the region reaches the API server: directly, not through the door."""
        access = Access(self.region, server=self._server, authority=self.certificates.authority, token=self.token(member))
        self.folder.write_private(self._kubeconfig_path(member), kubeconfig((access,), self.region))

    def _make_certificates(self) -> None:
        make_certificates(self.certificates.folder)
        self._files.mkdir(mode=0o700, exist_ok=True)

    def _prepare_kwok(self) -> None:
        self._write_kubeconfig("kwok")
        self.folder.write_private(self._files / "kwok.yaml", kwok_configuration())
        self.cluster.drop_node_leases()

    @property
    def _server(self) -> str:
        return f"https://127.0.0.1:{self._port('kube-apiserver')}"

    def _etcd(self) -> Part:
        certificate, key = self.certificates.pair("etcd")
        url = f"https://127.0.0.1:{self._port('etcd')}"
        peer = f"http://127.0.0.1:{self._port('etcd-peer')}"
        command = (
            str(toolchain.path("etcd")),
            f"--name={self.region}",
            f"--data-dir={self.folder.data(self._part('etcd'))}",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster={self.region}={peer}",
            f"--listen-metrics-urls=http://127.0.0.1:{self._port('etcd-metrics')}",
            "--client-cert-auth",
            f"--trusted-ca-file={self.certificates.authority}",
            f"--cert-file={certificate}",
            f"--key-file={key}",
            "--auto-compaction-retention=1h",
            "--quota-backend-bytes=2147483648",
            "--log-level=warn",
        )
        ready = answers_http(f"http://127.0.0.1:{self._port('etcd-metrics')}/readyz")
        return Part(name=self._part("etcd"), command=command, ready=ready, port=self._port("etcd"), prepare=self._make_certificates)

    def _api_server(self) -> Part:
        made = self.certificates
        certificate, key = made.pair("kube-apiserver")
        proxy_certificate, proxy_key = made.pair("front-proxy-client")
        command = (
            str(toolchain.path("kube-apiserver")),
            # Together these let it stand on loopback and start on a machine without a default route; it then keeps no Endpoints for itself.
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            f"--secure-port={self._port('kube-apiserver')}",
            f"--etcd-servers=https://127.0.0.1:{self._port('etcd')}",
            f"--etcd-cafile={made.authority}",
            f"--etcd-certfile={certificate}",
            f"--etcd-keyfile={key}",
            f"--tls-cert-file={certificate}",
            f"--tls-private-key-file={key}",
            f"--client-ca-file={made.authority}",
            f"--token-auth-file={self._token_list}",
            "--authorization-mode=RBAC",
            f"--service-account-key-file={made.service_account_public_key}",
            f"--service-account-signing-key-file={made.service_account_key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--allow-privileged=true",
            "--profiling=false",
            f"--requestheader-client-ca-file={made.front_proxy_authority}",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            f"--proxy-client-cert-file={proxy_certificate}",
            f"--proxy-client-key-file={proxy_key}",
            "--kubelet-preferred-address-types=InternalIP",
        )
        return Part(
            name=self._part("kube-apiserver"),
            command=command,
            ready=answers_http(f"{self._server}/readyz"),
            port=self._port("kube-apiserver"),
            needs=(self._part("etcd"),),
            prepare=self._write_token_list,
            settle=self.cluster.settle,
        )

    def _controller_manager(self) -> Part:
        command = (
            *self._client("kube-controller-manager"),
            f"--service-account-private-key-file={self.certificates.service_account_key}",
            f"--root-ca-file={self.certificates.authority}",
            "--use-service-account-credentials=false",
            # An autoscaler that a person can watch: the defaults look every 15 s and shrink after five minutes.
            "--horizontal-pod-autoscaler-sync-period=5s",
            "--horizontal-pod-autoscaler-initial-readiness-delay=5s",
            "--horizontal-pod-autoscaler-cpu-initialization-period=10s",
            "--horizontal-pod-autoscaler-downscale-stabilization=20s",
        )
        return self._follower("kube-controller-manager", command)

    def _scheduler(self) -> Part:
        return self._follower("kube-scheduler", self._client("kube-scheduler"))

    def _client(self, program: str) -> tuple[str, ...]:
        certificate, key = self.certificates.pair("kube-apiserver")
        config = self._kubeconfig_path(program)
        return (
            str(toolchain.path(program)),
            f"--kubeconfig={config}",
            f"--authentication-kubeconfig={config}",
            f"--authorization-kubeconfig={config}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._port(program)}",
            f"--tls-cert-file={certificate}",
            f"--tls-private-key-file={key}",
            "--leader-elect=false",
            "--profiling=false",
            *_API_RATE,
        )

    def _follower(self, program: str, command: tuple[str, ...]) -> Part:
        ready = answers_http(f"https://127.0.0.1:{self._port(program)}/healthz")
        return Part(
            name=self._part(program),
            command=command,
            ready=ready,
            port=self._port(program),
            needs=(self._part("kube-apiserver"),),
            prepare=lambda: self._write_kubeconfig(program),
        )

    def _kwok(self) -> Part:
        certificate, key = self.certificates.pair("kwok")
        command = (
            str(toolchain.path("kwok")),
            f"--kubeconfig={self._kubeconfig_path('kwok')}",
            f"--config={self._files / 'kwok.yaml'}",
            "--manage-all-nodes=true",
            # Both, or the addresses of a node that is initialised again are wiped.
            "--node-ip=127.0.0.1",
            "--node-name=localhost",
            f"--node-port={self._port('kwok')}",
            f"--server-address=127.0.0.1:{self._port('kwok')}",
            f"--tls-cert-file={certificate}",
            f"--tls-private-key-file={key}",
        )
        folders = (self.folder.root / POD_PROGRAMS, self.folder.root / "bin", Path(sys.executable).parent, "/usr/bin", "/bin")
        return Part(
            name=self._part("kwok"),
            command=command,
            # It looks here for what `kubectl exec` names, before anything of the pod's counts.
            environment={"PATH": ":".join(map(str, folders))},
            ready=self.cluster.nodes_are_ready,
            port=self._port("kwok"),
            needs=(self._part("kube-apiserver"),),
            prepare=self._prepare_kwok,
        )

    def _node_agent(self) -> Part:
        place = (f"--region={self.region}", f"--folder={self.folder.root}", f"--kubeconfig={self._kubeconfig_path(AGENT)}")
        return Part(
            name=self._part(AGENT),
            command=(sys.executable, "-P", "-m", "localcloud.pods", *place, f"--port={self._port(AGENT)}"),
            ready=answers_http(f"http://127.0.0.1:{self._port(AGENT)}/"),
            port=self._port(AGENT),
            needs=(self._part("kube-apiserver"),),
            prepare=lambda: self._write_kubeconfig(AGENT),
        )

    def _edge(self) -> Part:
        place = (f"--region={self.region}", f"--folder={self.folder.root}", f"--kubeconfig={self._kubeconfig_path(EDGE)}")
        listeners = (f"--listen={_HOSTS.get(stack, API)}={self._port(edge_door(stack))}" for stack in stacks_in(self.region))
        return Part(
            name=self._part(EDGE),
            command=(sys.executable, "-P", "-m", "localcloud.edge", *place, f"--port={self._port(EDGE)}", *listeners),
            ready=answers_http(f"http://127.0.0.1:{self._port(EDGE)}/ready"),
            port=self._port(EDGE),
            needs=(self._part("kube-apiserver"),),
            prepare=lambda: self._write_kubeconfig(EDGE),
        )

    def _metrics_server(self) -> Part:
        certificate, key = self.certificates.pair("metrics-server")
        config = self._kubeconfig_path("metrics-server")
        command = (
            str(toolchain.path("metrics-server")),
            f"--kubeconfig={config}",
            f"--authentication-kubeconfig={config}",
            f"--authorization-kubeconfig={config}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._port('metrics-server')}",
            f"--tls-cert-file={certificate}",
            f"--tls-private-key-file={key}",
            "--kubelet-insecure-tls",
            "--kubelet-preferred-address-types=InternalIP",
            "--kubelet-use-node-status-port",
            # The shortest resolution it takes; the request timeout must be shorter still.
            "--metric-resolution=10s",
            "--kubelet-request-timeout=3s",
        )
        return Part(
            name=self._part("metrics-server"),
            command=command,
            ready=answers_http(f"https://127.0.0.1:{self._port('metrics-server')}/livez"),
            port=self._port("metrics-server"),
            needs=(self._part("kube-apiserver"),),
            prepare=lambda: self._write_kubeconfig("metrics-server"),
            settle=self.cluster.serve_metrics,
            remark=self.cluster.metrics_remark,
        )


@dataclass(frozen=True, slots=True)
class Access:
    """One context of a kubeconfig: the API server's URL, the PEM file of its CA, and a bearer token."""

    context: str
    server: str
    authority: Path
    token: str


def kubeconfig(accesses: tuple[Access, ...], current: str) -> str:
    """A kubeconfig (JSON, which is YAML) with a context for each access."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": current,
            "clusters": [{"name": a.context, "cluster": {"server": a.server, "certificate-authority": str(a.authority)}} for a in accesses],
            "users": [{"name": a.context, "user": {"token": a.token}} for a in accesses],
            "contexts": [{"name": a.context, "context": {"cluster": a.context, "user": a.context}} for a in accesses],
        },
        indent=1,
    )
