"""Helm releases as they are in their clusters, object by object: helm itself, and so the engine, looks only at helm's own records."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import yaml

from automation.core.drift import object_changes
from automation.errors import HhctlError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from automation.core.drift import Object, Release
    from automation.core.redact import Redactor
    from automation.core.updates import ResourceChange
    from automation.ports.programs import Programs

_DEPLOYED = "deployed"
_NOT_FOUND = "release: not found"
_APPLY = ("apply", "--server-side", "--force-conflicts", "--field-manager=helm")
"""Under the name that helm sets fields under, so that they stay its own."""

_REVISIONS_LOOKED_AT = 20
_DOCUMENT = re.compile(r"^---\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, order=True)
class _Revision:
    """A revision of a release as helm counts them, from 1."""

    number: int
    status: str


class Releases(Protocol):
    """What the objects of releases are; each call is bounded in time."""

    def drifted(self, release: Release) -> tuple[ResourceChange, ...]:
        """Compare every object that the release's deployed revision has made with what it is; a release that is not deployed made none.

        Raises:
            HhctlError: helm or the cluster cannot be had, or the API server would refuse the release's manifest now.
        """
        ...

    def settled(self, release: Release) -> bool:
        """Tell whether the release's newest revision is deployed: none is under way, and none has failed since.

        Raises:
            HhctlError: helm or the cluster cannot be had.
        """
        ...

    def restore(self, release: Release) -> None:
        """Make every object of the release's deployed revision as that made it, whoever has changed it since.

        Raises:
            HhctlError: helm or the cluster cannot be had, or the API server refuses an object.
        """
        ...


class HelmReleases:
    """Asks helm for the manifest, and the API server what applying it again, as a dry run, would make of each object."""

    def __init__(self, programs: Programs, redactor: Redactor) -> None:
        self._programs = programs
        self._redactor = redactor

    def drifted(self, release: Release) -> tuple[ResourceChange, ...]:
        """Compare what is there with what the deployed revision would make of it, namespace by namespace."""
        manifests = by_namespace(self._manifest(release), release.namespace)
        return tuple(change for namespace, manifest in manifests.items() for change in self._compared(release, namespace, manifest))

    def settled(self, release: Release) -> bool:
        """Look at helm's newest revision."""
        newest = max(self._history(release), default=None)
        return newest is not None and newest.status == _DEPLOYED

    def restore(self, release: Release) -> None:
        """Apply the manifest again, as `drifted` asks for it to be applied: no new revision of the release comes of it."""
        for namespace, manifest in by_namespace(self._manifest(release), release.namespace).items():
            self._kubectl(release, [*_APPLY, *_stream(namespace)], manifest)

    def _compared(self, release: Release, namespace: str, manifest: str) -> tuple[ResourceChange, ...]:
        words = _stream(namespace)
        with ThreadPoolExecutor(max_workers=2) as askers:
            made = askers.submit(self._kubectl, release, [*_APPLY, "--dry-run=server", *words], manifest)
            live = askers.submit(self._kubectl, release, ["get", "--ignore-not-found", *words], manifest)
            return object_changes(release, made=made.result(), live=live.result(), redactor=self._redactor)

    def _manifest(self, release: Release) -> str:
        """Return what helm's deployed revision consists of; a newer one may be under way, or have failed."""
        deployed = [each.number for each in self._history(release) if each.status == _DEPLOYED]
        return self._helm(release, "get", "manifest", f"--revision={max(deployed)}") if deployed else ""

    def _history(self, release: Release) -> Sequence[_Revision]:
        """Read the newest revisions; none for a release that is not there."""
        try:
            history = self._helm(release, "history", f"--max={_REVISIONS_LOOKED_AT}", "--output=json")
        except HhctlError as error:
            if _NOT_FOUND in error.message:
                return ()
            raise
        return [_Revision(each["revision"], each["status"]) for each in json.loads(history)]

    def _helm(self, release: Release, *words: str) -> str:
        context = [f"--kube-context={release.context}"] if release.context else []
        return self._programs.answer(["helm", *words, release.name, f"--namespace={release.namespace}", *context], told=_told(release))

    def _kubectl(self, release: Release, words: Sequence[str], manifest: str) -> Sequence[Object]:
        context = [f"--context={release.context}"] if release.context else []
        return _objects(self._programs.answer(["kubectl", *words, *context], told=_told(release), given=manifest))


def by_namespace(manifest: str, namespace: str) -> Mapping[str, str]:
    """Part a manifest by the namespaces that its documents name, `namespace` for those without: kubectl takes one namespace at a time."""
    parts: dict[str, list[str]] = {}
    for document in _DOCUMENT.split(manifest):
        found: Any = yaml.load(document, Loader=yaml.CSafeLoader)
        if found:
            parts.setdefault(found["metadata"].get("namespace") or namespace, []).append(document)
    return {name: "---\n".join(documents) for name, documents in parts.items()}


def _stream(namespace: str) -> list[str]:
    return ["--output=json", f"--namespace={namespace}", "--filename=-"]


def _objects(answer: str) -> Sequence[Object]:
    """Return the objects of an answer of kubectl's: it writes none as nothing, one as itself, and several as a list."""
    if not answer.strip():
        return ()
    found: Any = json.loads(answer)
    return found["items"] if found["kind"] == "List" else (found,)


def _told(release: Release) -> str:
    return f"the objects of Helm release {release.namespace}/{release.name} cannot be compared"
