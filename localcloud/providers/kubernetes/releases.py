"""Helm releases as resources, by the helm program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.providers.kubernetes import charts
from localcloud.providers.kubernetes.differences import changed_paths
from localcloud.providers.kubernetes.helm import Helm, HelmFault, ReleaseStatus
from localcloud.providers.kubernetes.hopeless import Watch
from localcloud.providers.kubernetes.manifests import has_unknown, section, without_nulls
from localcloud.providers.kubernetes.naming import parse_id, random_suffix
from localcloud.providers.paths import spell_path
from localcloud.providers.resource import UNKNOWN, Checked, CheckFailure, Difference, Effect, PartialFault, ResourceFault, State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from threading import Event

    from localcloud.kube_api import KubeApi
    from localcloud.kubeconfig import Access
    from localcloud.providers.kubernetes.settings import Settings
    from localcloud.providers.resource import Properties

_DEPLOYED = "deployed"
_TIMEOUT_SECONDS = 300
_REPLACING = ("name", "namespace")


class Releases:
    """The releases of one cluster; as a `Session` is, but for functions."""

    def __init__(self, access: Access, api: KubeApi, settings: Settings, folder: Callable[[], Path]) -> None:
        self._helm = Helm(access)
        self._api = api
        self._namespace = settings.namespace or access.namespace
        self._folder = folder

    def check(self, type: str, *, name: str, olds: Properties, news: Properties) -> Checked:
        """Fill in name, namespace and timeout, and render the chart, so that a change of its files is a change of the release."""
        del type
        inputs: dict[str, Any] = dict(news) if news.get("allowNullValues") else without_nulls(news)
        if failures := tuple(charts.judge_release(inputs, self._folder)):
            return Checked(inputs=inputs, failures=failures)
        inputs["name"] = inputs.get("name") or olds.get("name") or f"{name}-{random_suffix()}"
        inputs["namespace"] = inputs.get("namespace") or self._namespace
        if not inputs.get("skipAwait"):
            inputs.setdefault("timeout", _TIMEOUT_SECONDS)
        if has_unknown(inputs):
            return Checked(inputs={**inputs, "checksum": UNKNOWN, "resourceNames": UNKNOWN})
        try:
            manifest = self._helm.template(charts.template_options(inputs, self._folder), charts.release_values(inputs))
        except HelmFault as fault:
            return Checked(inputs=inputs, failures=(CheckFailure(property="chart", reason=str(fault)),))
        return Checked(inputs={**inputs, "checksum": charts.checksum(manifest), "resourceNames": charts.resource_names(manifest)})

    def diff(self, type: str, *, id: str, old_inputs: Properties, old_outputs: Properties, news: Properties) -> Difference:
        """Compare inputs."""
        del type, id, old_outputs
        paths = changed_paths(old_inputs, news)
        return Difference(effects={spell_path(path): Effect.REPLACE if path[0] in _REPLACING else Effect.UPDATE for path in paths})

    def preview_create(self, type: str, *, inputs: Properties) -> Properties:
        """Give the inputs; the status is for helm to say."""
        del type
        return inputs

    def preview_update(self, type: str, *, id: str, old_outputs: Properties, news: Properties) -> Properties:
        """Give the new inputs; the status is for helm to say."""
        del type, id, old_outputs
        return news

    def create(self, type: str, *, name: str, inputs: Properties, timeout: float, cancelled: Event) -> State:
        """Install the release."""
        del type, name
        self._refuse_pending(self._status(inputs["name"], inputs["namespace"]))
        return self._act("install", inputs, charts.install_options(inputs, self._folder, timeout=timeout), cancelled)

    def read(self, type: str, *, id: str, inputs: Properties, outputs: Properties) -> State | None:
        """Read helm's storage; a revision that this state has not made shows as drift of whatever it changed."""
        del type
        name, namespace = self._place(id)
        status = self._status(name, namespace)
        if status is None:
            return None
        values = self._helm.values(name, namespace)
        if not inputs:
            given: dict[str, Any] = {
                "name": name,
                "namespace": namespace,
                "chart": status.chart,
                "version": status.version,
                "values": values,
            }
        else:
            given = _drifted(inputs, recorded=section(outputs, "status"), status=status, values=values)
        return State(id=id, inputs=given, outputs=_outputs(given, status))

    def update(
        self, type: str, *, id: str, old_inputs: Properties, old_outputs: Properties, news: Properties, timeout: float, cancelled: Event
    ) -> State:
        """Upgrade the release."""
        del type, old_inputs, old_outputs
        status = self._status(*self._place(id))
        if status is None:
            raise ResourceFault(f"Helm release {id} is no longer in the cluster; refresh the state")
        self._refuse_pending(status)
        return self._act("upgrade", news, charts.upgrade_options(news, self._folder, timeout=timeout), cancelled)

    def delete(self, type: str, *, id: str, inputs: Properties, outputs: Properties, timeout: float, cancelled: Event) -> None:
        """Uninstall the release."""
        del type, outputs
        name, namespace = self._place(id)
        try:
            options = charts.uninstall_options(inputs, name=name, namespace=namespace, timeout=timeout)
            self._helm.act("uninstall", options, interrupt=lambda: "cancelled" if cancelled.is_set() else "")
        except HelmFault as fault:
            raise ResourceFault(f"Helm release {id} was not uninstalled: {fault}") from fault

    def _act(self, verb: str, inputs: Properties, options: list[str], cancelled: Event) -> State:
        name, namespace = str(inputs["name"]), str(inputs["namespace"])
        before = self._status(name, namespace)
        failure: HelmFault | None = None
        try:
            self._helm.act(verb, options, values=charts.release_values(inputs), interrupt=Watch(self._api, inputs, cancelled))
        except HelmFault as fault:
            failure = fault
        status = self._status(name, namespace)
        if failure and (status is None or status == before):
            raise ResourceFault(f"Helm release {namespace}/{name}: {failure}") from failure
        if status is None:
            raise ResourceFault(f"Helm release {namespace}/{name} was made, and is gone again")
        state = State(id=f"{namespace}/{name}", inputs=inputs, outputs=_outputs(inputs, status))
        if failure:
            reason = f"Helm release {state.id} is {status.status} at revision {status.revision}: {failure}"
            raise PartialFault(reason, state=state) from failure
        return state

    def _status(self, name: str, namespace: str) -> ReleaseStatus | None:
        try:
            return self._helm.status(name, namespace)
        except HelmFault as fault:
            raise ResourceFault(f"Helm release {namespace}/{name}: {fault}") from fault

    def _place(self, id: str) -> tuple[str, str]:
        namespace, name = parse_id(id)
        return name, namespace or self._namespace

    def _refuse_pending(self, status: ReleaseStatus | None) -> None:
        if status is None or not status.pending:
            return
        place = f"{status.name} --namespace {status.namespace}"
        mend = f"helm uninstall {place}" if status.status == "pending-install" else f"helm rollback {place}"
        raise ResourceFault(
            f"Helm release {status.namespace}/{status.name} is {status.status} at revision {status.revision}: another helm is at work on"
            f" it, or died in the middle; wait for it, or mend it with `{mend}`"
        )


def _outputs(inputs: Properties, status: ReleaseStatus) -> dict[str, Any]:
    told = {
        "appVersion": status.app_version,
        "chart": status.chart,
        "name": status.name,
        "namespace": status.namespace,
        "revision": status.revision,
        "status": status.status,
        "version": status.version,
    }
    return {**inputs, "version": status.version, "status": told}


def _drifted(inputs: Properties, *, recorded: Properties, status: ReleaseStatus, values: dict[str, Any]) -> dict[str, Any]:
    """The inputs with what a foreign revision changed.

    After one, or a failed one, they are without the checksum too, so that the next update mends whatever else it changed.
    """
    given = dict(inputs)
    if status.revision == recorded.get("revision") and status.status == _DEPLOYED:
        return given
    given.pop("checksum", None)
    if values != charts.release_values(inputs):
        given["values"] = values
    if status.version != recorded.get("version"):
        given["version"] = status.version
    return given
