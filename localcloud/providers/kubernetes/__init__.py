"""The local `kubernetes` provider: any kind by server-side apply, and Helm releases by the helm program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automation.errors import UsageFault
from localcloud.kube_api import KubeApi
from localcloud.kubeconfig import read_access
from localcloud.providers.kubernetes.cluster import Cluster
from localcloud.providers.kubernetes.objects import Objects
from localcloud.providers.kubernetes.releases import Releases
from localcloud.providers.kubernetes.session import KubernetesSession
from localcloud.providers.kubernetes.settings import judge_settings, read_settings
from localcloud.providers.resource import Checked, ResourceFault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from localcloud.providers.resource import Properties


class KubernetesProvider:
    """Answers as pulumi-kubernetes 4.34 does."""

    name = "kubernetes"
    version = "4.34.2"

    def check_config(self, news: Properties) -> Checked:
        """Refuse settings that cannot be carried out."""
        return Checked(inputs=news, failures=tuple(judge_settings(news)))

    def configure(self, config: Properties, *, folder: Callable[[], Path]) -> KubernetesSession:
        """Read the kubeconfig; whether the cluster answers is for its resources to say."""
        settings = read_settings(config)
        try:
            access = read_access(settings.kubeconfig, settings.context, settings.cluster)
        except UsageFault as fault:
            raise ResourceFault(f"{fault.message}; {fault.hint}" if fault.hint else fault.message) from fault
        api = KubeApi.of(access, timeout=settings.timeout)
        return KubernetesSession(Objects(Cluster(api, settings)), Releases(access, api, settings, folder))
