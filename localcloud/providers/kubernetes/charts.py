"""What a `Release` asks of helm: its inputs read, judged and spelled as helm's options."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml

from localcloud.providers.kubernetes.manifests import as_list, as_object, section, without_nulls
from localcloud.providers.resource import UNKNOWN, CheckFailure, ResourceFault

if TYPE_CHECKING:
    from localcloud.providers.resource import Properties

_COMMON_FLAGS = {
    "dependencyUpdate": "--dependency-update",
    "devel": "--devel",
    "disableOpenapiValidation": "--disable-openapi-validation",
    "disableWebhooks": "--no-hooks",
    "renderSubchartNotes": "--render-subchart-notes",
    "skipCrds": "--skip-crds",
    "takeOwnership": "--take-ownership",
}
_INSTALL_FLAGS = {"createNamespace": "--create-namespace", "replace": "--replace"}
_UPGRADE_FLAGS = {
    "cleanupOnFail": "--cleanup-on-fail",
    "disableCRDHooks": "--no-hooks",
    "forceUpdate": "--force-replace",
    "resetValues": "--reset-values",
    "reuseValues": "--reuse-values",
}
_REPOSITORY = {"repo": "--repo", "caFile": "--ca-file", "certFile": "--cert-file", "keyFile": "--key-file"}
_OWN_WORDS = frozenset(
    {
        "allowNullValues",
        "atomic",
        "chart",
        "checksum",
        "compat",
        "description",
        "maxHistory",
        "name",
        "namespace",
        "repositoryOpts",
        "resourceNames",
        "skipAwait",
        "timeout",
        "valueYamlFiles",
        "values",
        "version",
        "waitForJobs",
    }
)
_KNOWN = _OWN_WORDS | _COMMON_FLAGS.keys() | _INSTALL_FLAGS.keys() | _UPGRADE_FLAGS.keys()
_REFUSED = frozenset({"keyring", "lint", "manifest", "postrender", "recreatePods", "verify"})


def judge_release(inputs: Properties, folder: Callable[[], Path]) -> Iterator[CheckFailure]:
    """What is missing, unknown or cannot be done here."""
    if not inputs.get("chart"):
        yield CheckFailure(property="chart", reason="is required")
    for name in inputs:
        if name in _REFUSED:
            yield CheckFailure(property=name, reason="the local kubernetes provider cannot do this")
        elif name not in _KNOWN:
            yield CheckFailure(property=name, reason="a Release has no such property")
    for name in as_object(inputs.get("repositoryOpts")):
        if name not in _REPOSITORY:
            yield CheckFailure(property=f"repositoryOpts.{name}", reason="the local kubernetes provider cannot do this")
    chart = str(inputs.get("chart") or "")
    if chart not in ("", UNKNOWN) and not _remote(inputs) and not (found := _local(chart, folder)).exists():
        yield CheckFailure(property="chart", reason=f"there is no chart at {found}: name its path, or the repository that has it")


def _local(chart: str, folder: Callable[[], Path]) -> Path:
    """Where a chart that is no repository's lies; a relative path is meant from the program's folder."""
    return Path(chart) if Path(chart).is_absolute() else folder() / chart


def chart_options(inputs: Properties, folder: Callable[[], Path]) -> list[str]:
    """Name, chart and namespace of the release, and where the chart is."""
    chart = str(inputs["chart"])
    options = [str(inputs["name"]), chart if _remote(inputs) else str(_local(chart, folder)), f"--namespace={inputs['namespace']}"]
    if inputs.get("version"):
        options.append(f"--version={inputs['version']}")
    options.extend(f"{_REPOSITORY[name]}={value}" for name, value in as_object(inputs.get("repositoryOpts")).items())
    return options


def template_options(inputs: Properties, folder: Callable[[], Path]) -> list[str]:
    """For `helm template`: the manifests as an installation would make them, whatever is there."""
    crds = [] if inputs.get("skipCrds") else ["--include-crds"]
    return [*chart_options(inputs, folder), *_flags(inputs, {"dependencyUpdate": "--dependency-update", "devel": "--devel"}), *crds]


def install_options(inputs: Properties, folder: Callable[[], Path], *, timeout: float) -> list[str]:
    """For `helm install`; `timeout` is in seconds, 0 for the release's own."""
    return [
        *chart_options(inputs, folder),
        *_waiting(inputs, timeout),
        *_flags(inputs, _COMMON_FLAGS | _INSTALL_FLAGS),
        "--server-side=false",
    ]


def upgrade_options(inputs: Properties, folder: Callable[[], Path], *, timeout: float) -> list[str]:
    """For `helm upgrade`; `timeout` is in seconds, 0 for the release's own."""
    history = [f"--history-max={inputs['maxHistory']}"] if "maxHistory" in inputs else []
    return [
        *chart_options(inputs, folder),
        *_waiting(inputs, timeout),
        *_flags(inputs, _COMMON_FLAGS | _UPGRADE_FLAGS),
        *history,
        "--server-side=false",
    ]


def uninstall_options(inputs: Properties, *, name: str, namespace: str, timeout: float) -> list[str]:
    """For `helm uninstall`; a release that is gone already is no failure."""
    waits = [] if inputs.get("skipAwait") and not inputs.get("atomic") else ["--wait=watcher", _timeout(inputs, timeout)]
    return [name, f"--namespace={namespace}", "--ignore-not-found", *waits]


def release_values(inputs: Properties) -> dict[str, Any]:
    """The values that helm is given: those of the files, overlaid by the program's own. Raises `ResourceFault`."""
    merged: dict[str, Any] = {}
    for asset in as_list(inputs.get("valueYamlFiles")):
        merged = _merged(merged, _parsed(section(asset)))
    values = _merged(merged, as_object(inputs.get("values")))
    return values if inputs.get("allowNullValues") else without_nulls(values)


def checksum(manifest: str) -> str:
    """What tells two renderings of a chart apart."""
    return hashlib.sha256(manifest.encode()).hexdigest()


def resource_names(manifest: str) -> dict[str, list[str]]:
    """The objects of rendered manifests by kind: `Deployment.apps/apps/v1` has `["web"]`, or `["other/web"]` if it names a namespace."""
    names: dict[str, list[str]] = {}
    for document in yaml.safe_load_all(manifest):
        found = as_object(document)
        if not found.get("kind"):
            continue
        api_version, metadata = str(found.get("apiVersion")), section(document, "metadata")
        group, _, _ = api_version.rpartition("/")
        key = f"{found['kind']}.{group}/{api_version}" if group else f"{found['kind']}/{api_version}"
        names.setdefault(key, []).append("/".join(str(metadata[part]) for part in ("namespace", "name") if metadata.get(part)))
    return names


def _remote(inputs: Properties) -> bool:
    return str(inputs["chart"]).startswith("oci://") or bool(section(inputs, "repositoryOpts").get("repo"))


def _waiting(inputs: Properties, timeout: float) -> list[str]:
    options = [_timeout(inputs, timeout)]
    if inputs.get("skipAwait") and not inputs.get("atomic"):
        options.append("--wait=hookOnly")
    else:
        # The newer strategy fails an upgrade that mends a stalled Deployment by the verdict on the stalled one.
        options.extend(["--wait=legacy", *_flags(inputs, {"waitForJobs": "--wait-for-jobs"})])
    options.extend(_flags(inputs, {"atomic": "--rollback-on-failure"}))
    return [*options, f"--description={inputs['description']}"] if inputs.get("description") else options


def _timeout(inputs: Properties, timeout: float) -> str:
    return f"--timeout={timeout or inputs.get('timeout') or 300:g}s"


def _flags(inputs: Properties, flags: Mapping[str, str]) -> list[str]:
    return sorted({flag for name, flag in flags.items() if inputs.get(name)})


def _parsed(asset: Mapping[str, Any]) -> dict[str, Any]:
    try:
        text = asset["text"] if asset.get("text") else Path(str(asset["path"])).read_text()
        found: Any = yaml.safe_load(text)
    except (KeyError, OSError, yaml.YAMLError) as error:
        raise ResourceFault(f"a file of valueYamlFiles cannot be read: {error}") from error
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(as_object(merged[key]), as_object(value)) if both else value
    return merged
