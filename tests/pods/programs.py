"""Workloads of a few lines, each run as a container of an image that the catalogue has."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local_cloud import LocalCloud

    from localcloud.kube_api import KubeApi, Manifest

IMAGE = "house-helper/api:v1.2.1"
REGION = "us-east-1"

SERVER = """
import http.server, os, signal, sys
if os.environ.get("DEAF"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if os.environ.get("UNREADY") else 200)
        name = os.environ["HOSTNAME"].encode()
        self.send_header("Content-Length", str(len(name)))
        self.end_headers()
        self.wfile.write(name)
    def log_message(self, *words):
        pass
print("serving on", os.environ["PORT"], flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
CRASHER = "import sys; print('about to crash', flush=True); sys.exit(3)"
TELLER = """
import os, time
with open(os.environ["CONTAINER_ROOT"] + "/etc/app/app.conf") as file:
    print(file.read(), os.environ["TOKEN"], os.environ["WHERE"], os.environ["AND"], flush=True)
time.sleep(10**6)
"""
LEAKER = "import time\nkept = []\nwhile True: kept.append(bytearray(b'x' * 2**22)); time.sleep(0.05)"
BUSY = "import time\nwhile True:\n    end = time.process_time() + 0.03\n    while time.process_time() < end: pass\n    time.sleep(0.07)"

T = TypeVar("T")


def until(look: Callable[[], T | None], *, within: float = 120.0) -> T:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"nothing found within {within} s")


@dataclass(frozen=True)
class Namespace:
    """A namespace of a region of its own test, its pods on real nodes."""

    cloud: LocalCloud
    api: KubeApi
    name: str

    def kubectl(self, *arguments: str, limit: float = 240) -> str:
        return self.cloud.run("kubectl", "--context", REGION, "-n", self.name, *arguments, limit=limit)

    @contextmanager
    def started(self, *arguments: str) -> Iterator[TextIO]:
        """What a kubectl that has no end of its own says."""
        command = ("kubectl", "--context", REGION, "-n", self.name, *arguments)
        process = subprocess.Popen(command, env=dict(self.cloud.environment), stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout
            yield process.stdout
        finally:
            process.kill()
            process.communicate()

    def make(self, manifest: Manifest) -> Manifest:
        return self.api.create({**manifest, "metadata": {**manifest["metadata"], "namespace": self.name}})

    def pods(self, app: str) -> list[Manifest]:
        return self.api.list("v1", "Pod", self.name, label_selector=f"app={app}")

    def ready(self, app: str) -> list[Manifest]:
        return [pod for pod in self.pods(app) if is_ready(pod)]

    def wait_ready(self, app: str, count: int, *, within: float = 120.0) -> list[Manifest]:
        return until(lambda: pods if len(pods := self.ready(app)) == count == len(self.pods(app)) else None, within=within)

    def first_status(self, app: str) -> dict[str, Any]:
        """The status of the only container of the app's first pod; empty while it has none."""
        pods = self.pods(app)
        return (pods[0]["status"].get("containerStatuses") or [{}])[0] if pods else {}

    def waits_for(self, app: str) -> str:
        """Why the only container of the app's first pod does not run; empty when it does."""
        return self.first_status(app).get("state", {}).get("waiting", {}).get("reason", "")

    def reasons(self, app: str) -> set[str]:
        """The reasons of all events of the app's pods."""
        names = {pod["metadata"]["name"] for pod in self.pods(app)}
        return {each["reason"] for each in self.api.list("v1", "Event", self.name) if each["involvedObject"]["name"] in names}


def is_ready(pod: Manifest) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", ()))


def pid_of(pod: Manifest) -> int:
    return int(pod["status"]["containerStatuses"][0]["containerID"].removeprefix("proc://"))


def pod_spec(program: str, *, container: Manifest | None = None, pod: Manifest | None = None) -> Manifest:
    """A pod of one container; `container` and `pod` say what is special about them."""
    main = {"name": "app", "image": IMAGE, "command": ["python", "-S", "-c", program], **(container or {})}
    return {"automountServiceAccountToken": False, "containers": [main], **(pod or {})}


def serving(environment: dict[str, str] | None = None) -> Manifest:
    """What makes a container of `SERVER` one that is probed."""
    return {
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": name, "value": value} for name, value in {"PORT": "8080", **(environment or {})}.items()],
        "readinessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 1},
    }


def deployment(name: str, spec: Manifest, *, replicas: int = 1, deadline: int = 600) -> Manifest:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "progressDeadlineSeconds": deadline,
            "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def job(name: str, program: str) -> Manifest:
    template = {"metadata": {"labels": {"app": name}}, "spec": pod_spec(program, pod={"restartPolicy": "Never"})}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"backoffLimit": 0, "template": template}}
