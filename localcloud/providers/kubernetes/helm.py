"""The helm program: what is asked of it goes by files of one's own, never by arguments, which everybody on the machine can read."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from localcloud.kubeconfig import write_access
from localcloud.process import MARK
from localcloud.providers.resource import ResourceFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from localcloud.kubeconfig import Access

_PROGRAM = "HHCTL_HELM"
_NOT_FOUND = "release: not found"
_POLL_SECONDS = 0.05
_GRACE_SECONDS = 30.0
"""How long helm may take, once interrupted, to note in its release that it was."""


Interrupt = Callable[[], str]
"""Asked again and again while helm works: why it should stop, empty while it should not."""


def _never() -> str:
    return ""


class HelmFault(Exception):
    """Helm refused or failed; the text is its own."""


@dataclass(frozen=True, slots=True)
class ReleaseStatus:
    """A release as helm's storage has it; `revision` counts from 1."""

    name: str
    namespace: str
    chart: str
    version: str
    app_version: str
    revision: int
    status: str

    @property
    def pending(self) -> bool:
        """Whether an operation on it is under way, or was when its client died."""
        return self.status.startswith("pending-")


class Helm:
    """Helm 4 for one cluster; the program is `$HHCTL_HELM`, or the one on the PATH."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def status(self, name: str, namespace: str) -> ReleaseStatus | None:
        """The newest revision of a release, None when there is none. Raises `HelmFault`."""
        found = self._look_up("metadata", name, namespace)
        if found is None:
            return None
        return ReleaseStatus(
            name=name,
            namespace=namespace,
            chart=found.get("chart", ""),
            version=found.get("version", ""),
            app_version=found.get("appVersion", ""),
            revision=found["revision"],
            status=found["status"],
        )

    def values(self, name: str, namespace: str) -> dict[str, Any]:
        """The values that the release was given, without the chart's own. Raises `HelmFault`."""
        return self._look_up("values", name, namespace) or {}

    def template(self, arguments: Sequence[str], values: Mapping[str, Any]) -> str:
        """The manifests that a chart gives, as YAML; asks nothing of the cluster. Raises `HelmFault`."""
        return self._run(("template", *arguments), values=values)

    def act(self, verb: str, arguments: Sequence[str], *, values: Mapping[str, Any] | None = None, interrupt: Interrupt = _never) -> None:
        """`install`, `upgrade` or `uninstall`; interrupted once `interrupt` gives a reason, which is then the text of the `HelmFault`."""
        self._run((verb, *arguments), values=values, interrupt=interrupt)

    def _look_up(self, noun: str, name: str, namespace: str) -> dict[str, Any] | None:
        try:
            return json.loads(self._run(("get", noun, name, f"--namespace={namespace}", "--output=json")))
        except HelmFault as fault:
            if _NOT_FOUND in str(fault):
                return None
            raise

    def _run(self, arguments: Sequence[str], *, values: Mapping[str, Any] | None = None, interrupt: Interrupt = _never) -> str:
        with TemporaryDirectory(prefix="hhctl-helm-") as name:
            folder = Path(name)  # 0700, so nothing in it is anybody else's to read
            (folder / "kubeconfig").write_text(write_access(self._access))
            (folder / "kubeconfig").chmod(0o600)
            command = [_program(), *arguments, f"--kubeconfig={folder / 'kubeconfig'}"]
            if values is not None:
                (folder / "values.json").touch(mode=0o600)
                (folder / "values.json").write_text(json.dumps(values))
                command.append(f"--values={folder / 'values.json'}")
            with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
                process = subprocess.Popen(
                    command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=_environment(), start_new_session=True
                )
                reason = _wait(process, interrupt)
            if process.returncode:
                raise HelmFault(reason or _words((folder / "err").read_text(errors="replace")))
            return (folder / "out").read_text()


def _wait(process: subprocess.Popen[bytes], interrupt: Interrupt) -> str:
    """Wait for its end, and give the reason if it was interrupted."""
    while True:
        try:
            process.wait(_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            reason = interrupt()
            if not reason:
                continue
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            return reason
        return ""


def _program() -> str:
    found = shutil.which(os.environ.get(_PROGRAM) or "helm")
    if found is None:
        raise ResourceFault(f"there is no helm program: put it on the PATH, or name it in {_PROGRAM}")
    return found


def _environment() -> dict[str, str]:
    """Ours, without what would point helm at another cluster, namespace or release store, and with a mark of its own below our part's.

    By the mark `hhctl local down` finds a helm whose provider was killed, and `up` does not take it for the provider.
    """
    mark = {MARK: f"{part}/helm"} if (part := os.environ.get(MARK)) else {}
    given = {
        key: value
        for key, value in os.environ.items()
        if key != "KUBECONFIG" and not key.startswith(("HELM_KUBE", "HELM_NAMESPACE", "HELM_DRIVER"))
    }
    return {**given, **mark}


def _words(text: str) -> str:
    """What helm says of its failure, without what it logs on the way."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    first = next((number for number, line in enumerate(lines) if line.startswith("Error:")), 0)
    return " ".join(lines[first:]).removeprefix("Error: ") or "no reason given"
