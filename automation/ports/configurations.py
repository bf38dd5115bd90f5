"""What a stack's API is configured with, apart from what it is called: to be compared, and never to be shown."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from automation.ports.place import API_CONTAINER
from stacks.house import DEPLOYMENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from automation.ports.place import Place
    from automation.ports.programs import Programs

_CALLED = frozenset({"STACK", "REGION", "VERSION"})
"""Variables that say where it runs and what."""

_DEPLOYMENT = f"/apis/apps/v1/namespaces/{{}}/deployments/{DEPLOYMENT}"
_SECRETS = "/api/v1/namespaces/{}/secrets?fieldSelector=type%3DOpaque"


@dataclass(frozen=True, slots=True)
class Configurations:
    """Reads configurations from clusters."""

    programs: Programs

    def read(self, place: Place) -> Mapping[str, str]:
        """Return a fingerprint of each variable of the API's container, and of each key of a secret that there is one.

        What a secret says differs from region to region, since it names the region's own servers.

        Raises:
            HhctlError: the cluster cannot be asked.
        """
        with ThreadPoolExecutor(max_workers=2) as readers:
            deployment, secrets = readers.map(partial(self._read, place), (_DEPLOYMENT, _SECRETS))
        return {**_variables(deployment), **_keys(secrets)}

    def _read(self, place: Place, path: str) -> dict[str, Any]:
        told = f"the configuration of {place.namespace} in {place.context} cannot be read"
        return self.programs.read(path.format(place.namespace), context=place.context, told=told)


def differences(one: Mapping[str, str], other: Mapping[str, str]) -> tuple[str, ...]:
    """Name what is in one configuration only, or not the same in both."""
    return tuple(sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name)))


def _variables(deployment: dict[str, Any]) -> Mapping[str, str]:
    [container] = (each for each in deployment["spec"]["template"]["spec"]["containers"] if each["name"] == API_CONTAINER)
    values = {each["name"]: each["value"] for each in container.get("env", ()) if "value" in each}
    found = {f"variable {name}": value for name, value in values.items() if name not in _CALLED}
    return {name: hashlib.sha256(value.encode()).hexdigest() for name, value in found.items()}


def _keys(secrets: dict[str, Any]) -> Mapping[str, str]:
    return {f"secret {key}": "" for secret in secrets["items"] for key in secret.get("data", {})}
