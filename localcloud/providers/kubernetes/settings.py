"""How one instance of the provider is configured."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from localcloud.providers.resource import CheckFailure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.providers.resource import Properties

_REQUEST_SECONDS = 10.0
_HONOURED = frozenset(
    {
        "cluster",
        "context",
        "deleteUnreachable",
        "enableConfigMapMutable",
        "enablePatchForce",
        "enableSecretMutable",
        "enableServerSideApply",
        "kubeClientSettings",
        "kubeconfig",
        "namespace",
        "upsertExistingObjects",
    }
)
# They change nothing here: there are no such warnings, and every change of configuration is an update.
_WITHOUT_EFFECT = frozenset(
    {"clusterIdentifier", "suppressDeprecationWarnings", "suppressHelmHookWarnings", "version", "pluginDownloadURL"}
)
_REFUSED = frozenset({"alwaysRender", "helmReleaseSettings", "renderYamlToDirectory", "skipUpdateUnreachable"})


@dataclass(frozen=True, slots=True)
class Settings:
    """A provider resource's inputs, with the defaults of pulumi-kubernetes 4.34; `timeout` is in seconds and for each request."""

    kubeconfig: str
    context: str | None = None
    cluster: str | None = None
    namespace: str | None = None
    timeout: float = _REQUEST_SECONDS
    mutable_config_maps: bool = False
    mutable_secrets: bool = False
    force_patches: bool = False
    upsert: bool = False
    delete_unreachable: bool = False


def judge_settings(config: Properties) -> Iterator[CheckFailure]:
    """What cannot be carried out of a configuration."""
    for name in config:
        if name in _REFUSED:
            yield CheckFailure(property=name, reason="the local kubernetes provider cannot do this")
        elif name not in _HONOURED | _WITHOUT_EFFECT:
            yield CheckFailure(property=name, reason="the kubernetes provider has no such setting")
    if config.get("enableServerSideApply") is False:
        yield CheckFailure(property="enableServerSideApply", reason="the local kubernetes provider applies on the server side only")


def read_settings(config: Properties) -> Settings:
    """The settings of a configuration; what it leaves out may stand in the environment, as for the real provider."""
    kubeconfig = config.get("kubeconfig") or os.environ.get("KUBECONFIG") or str(Path.home() / ".kube/config")
    client: Any = config.get("kubeClientSettings")
    timeout = cast("Mapping[str, Any]", client).get("timeout") if isinstance(client, Mapping) else None
    return Settings(
        kubeconfig=json.dumps(kubeconfig) if isinstance(kubeconfig, Mapping) else str(kubeconfig),
        context=config.get("context"),
        cluster=config.get("cluster"),
        namespace=config.get("namespace"),
        timeout=float(timeout or _REQUEST_SECONDS),
        mutable_config_maps=_switch(config, "enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"),
        mutable_secrets=_switch(config, "enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE"),
        force_patches=_switch(config, "enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE"),
        upsert=_switch(config, "upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"),
        delete_unreachable=_switch(config, "deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE"),
    )


def _switch(config: Properties, name: str, variable: str) -> bool:
    return bool(config[name]) if name in config else os.environ.get(variable, "").lower() == "true"
