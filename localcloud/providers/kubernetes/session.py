"""One configured instance of the local `kubernetes` provider: Helm releases go one way, all other types the other."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from localcloud.kube_api import KubeError
from localcloud.providers.kubernetes.tokens import RELEASE
from localcloud.providers.resource import ResourceFault

if TYPE_CHECKING:
    from collections.abc import Generator
    from threading import Event

    from localcloud.providers.kubernetes.objects import Objects
    from localcloud.providers.kubernetes.releases import Releases
    from localcloud.providers.resource import Checked, Difference, Properties, State


class KubernetesSession:
    """A cluster as one operator's engine sees it."""

    def __init__(self, objects: Objects, releases: Releases) -> None:
        self._objects = objects
        self._releases = releases

    def check(self, type: str, *, name: str, olds: Properties, news: Properties) -> Checked:
        """Fill in and judge inputs."""
        with _told(type):
            return self._family(type).check(type, name=name, olds=olds, news=news)

    def diff(self, type: str, *, id: str, old_inputs: Properties, old_outputs: Properties, news: Properties) -> Difference:
        """Compare inputs."""
        with _told(type):
            return self._family(type).diff(type, id=id, old_inputs=old_inputs, old_outputs=old_outputs, news=news)

    def preview_create(self, type: str, *, inputs: Properties) -> Properties:
        """Forecast a creation."""
        with _told(type):
            return self._family(type).preview_create(type, inputs=inputs)

    def preview_update(self, type: str, *, id: str, old_outputs: Properties, news: Properties) -> Properties:
        """Forecast an update."""
        with _told(type):
            return self._family(type).preview_update(type, id=id, old_outputs=old_outputs, news=news)

    def create(self, type: str, *, name: str, inputs: Properties, timeout: float, cancelled: Event) -> State:
        """Make it and wait for it."""
        with _told(type):
            return self._family(type).create(type, name=name, inputs=inputs, timeout=timeout, cancelled=cancelled)

    def read(self, type: str, *, id: str, inputs: Properties, outputs: Properties) -> State | None:
        """Read it as it is now."""
        with _told(type):
            return self._family(type).read(type, id=id, inputs=inputs, outputs=outputs)

    def update(
        self, type: str, *, id: str, old_inputs: Properties, old_outputs: Properties, news: Properties, timeout: float, cancelled: Event
    ) -> State:
        """Change it and wait for it."""
        with _told(type):
            return self._family(type).update(
                type, id=id, old_inputs=old_inputs, old_outputs=old_outputs, news=news, timeout=timeout, cancelled=cancelled
            )

    def delete(self, type: str, *, id: str, inputs: Properties, outputs: Properties, timeout: float, cancelled: Event) -> None:
        """Delete it and wait until it is gone."""
        with _told(type):
            self._family(type).delete(type, id=id, inputs=inputs, outputs=outputs, timeout=timeout, cancelled=cancelled)

    def invoke(self, token: str, *, arguments: Properties) -> Properties:
        """Refuse: the functions of the real provider only serve components that the local one does not have."""
        del arguments
        raise ResourceFault(f"the local kubernetes provider has no function {token}")

    def _family(self, type: str) -> Objects | Releases:
        return self._releases if type == RELEASE else self._objects


@contextmanager
def _told(type: str) -> Generator[None]:
    """Tell of the API server's refusals in the words of a fault."""
    try:
        yield
    except KubeError as error:
        if error.status == 0:
            raise ResourceFault(f"configured Kubernetes cluster is unreachable: {error.message}") from error
        raise ResourceFault(f"{type}: {error.message}") from error
