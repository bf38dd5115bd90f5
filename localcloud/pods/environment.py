"""A container's environment and files, as the pod's manifest, ConfigMaps and Secrets give them."""

from __future__ import annotations

import base64
import re
from collections import ChainMap
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from localcloud.pods.manifest import Container, Manifest, Pod

Data = dict[str, bytes]

_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")
_BY_KEY = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")


class ConfigFault(Exception):
    """The pod asks for something that is not there, or that the local cloud cannot give; the message is for `kubectl describe`."""


class Objects(Protocol):
    """Reads objects of the pod's cluster."""

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Manifest | None:
        """The object, or None when there is none."""
        ...


class Sources:
    """The ConfigMaps and Secrets of one namespace as bytes by key."""

    def __init__(self, objects: Objects, namespace: str) -> None:
        self._objects = objects
        self._namespace = namespace

    def config_map(self, reference: Manifest) -> Data | None:
        """A ConfigMap's text; None for one that is optional and not there. Raises `ConfigFault` for one that is needed."""
        found = self._get("ConfigMap", reference)
        return None if found is None else _encoded(found.get("data"))

    def config_map_files(self, reference: Manifest) -> Data | None:
        """A ConfigMap's text and what in it is none, which only files can hold; as `config_map`."""
        found = self._get("ConfigMap", reference)
        return None if found is None else _encoded(found.get("data")) | _decoded(found.get("binaryData"))

    def secret(self, reference: Manifest) -> Data | None:
        """A Secret's data, decoded; as `config_map`."""
        found = self._get("Secret", reference)
        return None if found is None else _decoded(found.get("data"))

    def _get(self, kind: str, reference: Manifest) -> Manifest | None:
        name = reference.get("name") or reference["secretName"]
        found = self._objects.get("v1", kind, name, self._namespace)
        if found is None and not reference.get("optional"):
            raise ConfigFault(f'{kind.lower()} "{name}" not found')
        return found


def _encoded(data: Mapping[str, str] | None) -> Data:
    return {key: text.encode() for key, text in (data or {}).items()}


def _decoded(data: Mapping[str, str] | None) -> Data:
    return {key: base64.b64decode(text) for key, text in (data or {}).items()}


def container_environment(pod: Pod, container: Container, sources: Sources, address: str) -> dict[str, str]:
    """The variables that the manifest gives a container, `$(NAME)` expanded. `address` is the pod's. Raises `ConfigFault`."""
    found: dict[str, str] = {}
    for origin in container.manifest.get("envFrom", ()):
        found |= _all_of(origin, sources)
    for variable in container.manifest.get("env", ()):
        value = _value(variable, pod, sources, address)
        if value is not None:
            found[variable["name"]] = expanded(value, found) if "valueFrom" not in variable else value
    return found


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """`text` with each `$(NAME)` replaced that is known; `$$` is a dollar. Source: core/v1 EnvVar.value."""
    return _REFERENCE.sub(lambda found: "$" if found[0] == "$$" else variables.get(found[1], found[0]), text)


def with_local_port(environment: Mapping[str, str], container: Container, ports: Mapping[int, int]) -> dict[str, str]:
    """The environment with PORT saying where on 127.0.0.1 the container's port is, since all pods share one machine.

    PORT may name one of the container's ports; without it the first is meant.
    """
    if not container.ports:
        return dict(environment)
    named = environment.get("PORT", "")
    own = next((port for port in container.ports if str(port) == named), container.ports[0])
    return {**environment, "PORT": str(ports[own])}


def write_mounts(pod: Pod, container: Container, sources: Sources, root: Path) -> None:
    """Write the container's mounted ConfigMaps and Secrets, and make its empty folders, below `root`; as they are now, once.

    Raises `ConfigFault` for a kind of volume that there is not here.
    """
    volumes = {volume["name"]: volume for volume in pod.manifest["spec"].get("volumes", ())}
    # What lies deeper comes later, as a container runtime mounts it: a file over one of a folder, and not the reverse.
    for mount in sorted(container.manifest.get("volumeMounts", ()), key=lambda each: each["mountPath"].rstrip("/").count("/")):
        place = root / mount["mountPath"].strip("/")
        files = dict(_files(volumes[mount["name"]], sources))
        below = mount.get("subPath", "").strip("/")
        if files and "subPathExpr" in mount:
            raise ConfigFault(f'volume "{mount["name"]}": subPathExpr cannot be had in the local cloud')
        if below in files:
            _write(place, files[below])
            continue
        place.mkdir(parents=True, mode=0o700, exist_ok=True)
        prefix = f"{below}/" if below else ""
        for name, content in files.items():
            if name.startswith(prefix):
                _write(place / name.removeprefix(prefix), content)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(content)


def _files(volume: Manifest, sources: Sources) -> Iterator[tuple[str, bytes]]:
    match volume:
        case {"emptyDir": _}:
            return
        case {"configMap": reference}:
            yield from _chosen(sources.config_map_files(reference), reference)
        case {"secret": reference}:
            yield from _chosen(sources.secret(reference), reference)
        case {"projected": projected}:
            # A service account's token is not among them: processes of the local cloud have no business with its API.
            for source in projected["sources"]:
                if "configMap" in source or "secret" in source:
                    yield from _files({"name": volume["name"], **source}, sources)
        case _:
            kind = next(key for key in volume if key != "name")
            raise ConfigFault(f'volume "{volume["name"]}": {kind} cannot be mounted in the local cloud')


def _chosen(data: Data | None, reference: Manifest) -> Iterator[tuple[str, bytes]]:
    """The files that a reference asks for: all keys, or its items under their paths."""
    paths = {item["key"]: item["path"] for item in reference.get("items", ())}
    for key, content in (data or {}).items():
        if key in paths or not paths:
            yield paths.get(key, key), content


def _all_of(origin: Manifest, sources: Sources) -> dict[str, str]:
    data = sources.secret(origin["secretRef"]) if "secretRef" in origin else sources.config_map(origin["configMapRef"])
    return {origin.get("prefix", "") + key: _text(key, content) for key, content in (data or {}).items()}


def _text(key: str, content: bytes) -> str:
    """What a variable can hold. Raises `ConfigFault` for what it cannot."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise ConfigFault(f"key {key} is no UTF-8 and cannot be a variable") from None
    if "\0" in text:
        raise ConfigFault(f"key {key} contains a NUL and cannot be a variable")
    return text


def _value(variable: Manifest, pod: Pod, sources: Sources, address: str) -> str | None:
    """A variable's own value, None where an optional source lacks it."""
    match variable.get("valueFrom"):
        case None:
            return variable.get("value", "")
        case {"secretKeyRef": reference}:
            return _key(sources.secret(reference), reference, "Secret", pod)
        case {"configMapKeyRef": reference}:
            return _key(sources.config_map(reference), reference, "ConfigMap", pod)
        case {"fieldRef": {"fieldPath": path}}:
            return field_of(pod.manifest, path, address)
        case other:
            raise ConfigFault(f"{variable['name']}: {next(iter(other))} cannot be had in the local cloud")


def _key(data: Data | None, reference: Manifest, kind: str, pod: Pod) -> str | None:
    if data is not None and reference["key"] in data:
        return _text(reference["key"], data[reference["key"]])
    if reference.get("optional"):
        return None
    raise ConfigFault(f"couldn't find key {reference['key']} in {kind} {pod.namespace}/{reference['name']}")


def field_of(manifest: Manifest, path: str, address: str) -> str:
    """A field of the pod by the downward API's path. Raises `ConfigFault` for one that it has not."""
    if by_key := _BY_KEY.fullmatch(path):
        return manifest["metadata"].get(by_key[1], {}).get(by_key[2], "")
    known: Mapping[str, Any] = ChainMap(
        {f"metadata.{name}": manifest["metadata"].get(name, "") for name in ("name", "namespace", "uid")},
        {f"spec.{name}": manifest["spec"].get(name, "") for name in ("nodeName", "serviceAccountName")},
        {"status.podIP": address, "status.podIPs": address, "status.hostIP": "127.0.0.1", "status.hostIPs": "127.0.0.1"},
    )
    if path not in known:
        raise ConfigFault(f"there is no field {path}")
    return str(known[path])
