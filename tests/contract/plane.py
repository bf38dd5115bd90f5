"""A control plane and kwok nodes for the contract suite, from prototype binaries."""

from __future__ import annotations

import secrets
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from localcloud.kube_api import KubeApi

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAMS = Path("/tmp/proto/bin")
STAGES = Path.home() / "go/pkg/mod/sigs.k8s.io/kwok@v0.8.0/kustomize/stage"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@dataclass
class Plane:
    folder: Path
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    port: int = field(default_factory=free_port)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    def start(self) -> None:
        etcd, peer, server = free_port(), free_port(), f"https://127.0.0.1:{self.port}"
        certs = self.folder / "certs"
        certs.mkdir(parents=True)
        key, tokens = certs / "sa.key", certs / "tokens"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        tokens.write_text(f"{self.token},admin,admin,system:masters\n")
        self._run(
            "etcd", "--data-dir", self.folder / "etcd", "--listen-client-urls", f"http://127.0.0.1:{etcd}", "--advertise-client-urls",
            f"http://127.0.0.1:{etcd}", "--listen-peer-urls", f"http://127.0.0.1:{peer}", "--unsafe-no-fsync",
        )  # fmt: skip
        self._run(
            "kube-apiserver", "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
            f"--secure-port={self.port}", f"--etcd-servers=http://127.0.0.1:{etcd}", f"--cert-dir={certs}", f"--token-auth-file={tokens}",
            "--authorization-mode=RBAC", f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://local", "--service-cluster-ip-range=10.0.0.0/16",
        )  # fmt: skip
        api = self._wait_for_api(server, certs / "apiserver.crt")
        self._run(
            "kube-controller-manager", f"--kubeconfig={self.kubeconfig}", "--leader-elect=false", "--use-service-account-credentials=false",
            f"--service-account-private-key-file={key}", "--bind-address=127.0.0.1", f"--secure-port={free_port()}",
            f"--cert-dir={certs}", "--kube-api-qps=500", "--kube-api-burst=1000",
        )  # fmt: skip
        self._run(
            "kube-scheduler", f"--kubeconfig={self.kubeconfig}", "--leader-elect=false", "--bind-address=127.0.0.1",
            f"--secure-port={free_port()}", f"--cert-dir={certs}", "--kube-api-qps=500", "--kube-api-burst=1000",
        )  # fmt: skip
        self._run(
            "kwok", f"--kubeconfig={self.kubeconfig}", f"--config={self._kwok_config()}", "--server-address", f"127.0.0.1:{free_port()}"
        )
        self._make_nodes(api)

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _run(self, program: str, *arguments: object) -> None:
        with (self.folder / f"{program}.log").open("wb") as log:
            words = [str(each) for each in (PROGRAMS / program, *arguments)]
            self.processes.append(subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True, cwd=self.folder))

    def _wait_for_api(self, server: str, authority: Path) -> KubeApi:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if authority.exists():
                self._write_kubeconfig(server, authority)
                api = KubeApi.from_kubeconfig(self.kubeconfig)
                if api.ready():
                    return api
            assert self.processes[-1].poll() is None, (self.folder / "kube-apiserver.log").read_text()[-2000:]
            time.sleep(0.1)
        raise TimeoutError("the API server does not become ready")

    def _write_kubeconfig(self, server: str, authority: Path) -> None:
        contexts = [{"name": region, "context": {"cluster": region, "user": "admin"}} for region in ("us-east-1", "us-west-2")]
        cluster = {"server": server, "certificate-authority": str(authority)}
        document = {
            "apiVersion": "v1", "kind": "Config", "current-context": "us-east-1", "contexts": contexts,
            "clusters": [{"name": each["name"], "cluster": cluster} for each in contexts],
            "users": [{"name": "admin", "user": {"token": self.token}}],
        }  # fmt: skip
        self.kubeconfig.write_text(yaml.safe_dump(document))
        self.kubeconfig.chmod(0o600)

    def _kwok_config(self) -> Path:
        options = {
            "enableCRDs": [], "manageAllNodes": True, "nodePlayStageParallelism": 4, "podPlayStageParallelism": 8, "nodeLeaseParallelism": 4,
            "podsOnNodeSyncParallelism": 1, "nodeLeaseDurationSeconds": 40, "enableDebuggingHandlers": False, "cidr": "10.244.0.0/24",
        }  # fmt: skip
        documents: list[object] = [{"apiVersion": "config.kwok.x-k8s.io/v1alpha1", "kind": "KwokConfiguration", "options": options}]
        documents.extend(yaml.safe_load(stage.read_text()) for stage in self._stages())
        path = self.folder / "kwok.yaml"
        path.write_text(yaml.safe_dump_all(documents))
        return path

    def _stages(self) -> Sequence[Path]:
        pods = [STAGES / "pod/fast" / f"{name}.yaml" for name in ("pod-ready", "pod-complete", "pod-delete")]
        return [*pods, STAGES / "node/fast/node-initialize.yaml", STAGES / "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml"]

    def _make_nodes(self, api: KubeApi) -> None:
        for number in (1, 2):
            api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"fake-{number}", "labels": {"type": "fake"}}})
