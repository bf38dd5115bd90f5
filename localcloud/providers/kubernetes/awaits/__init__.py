"""Waiting until an object is as asked, or gone."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localcloud.kube_api import KubeError, UnknownKind
from localcloud.providers.kubernetes.awaits.looks import rule_for
from localcloud.providers.kubernetes.awaits.progress import DONE, Progress, Verdict, failed, waiting

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from localcloud.kube_api import KubeApi, Manifest

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_DELETION_SECONDS = 600.0
_DEFINITION_SECONDS = 5.0


class NotReached(Exception):
    """The object is not as asked, and waiting on is of no use or not wanted; the text says why, `seen` is the object as last seen."""

    def __init__(self, reason: str, *, seen: Manifest | None = None) -> None:
        super().__init__(reason)
        self.seen = seen


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait at most, in seconds (0: as long as the kind usually takes), and what ends it early."""

    seconds: float
    cancelled: Event
    clock: Callable[[], float] = field(default=time.monotonic)


def wait_until_ready(api: KubeApi, applied: Manifest, patience: Patience) -> Manifest:
    """Wait for the object that was just applied and give it as it then is. Raises `NotReached`."""
    rule = rule_for(applied["apiVersion"], applied["kind"])
    if rule is None:
        return applied
    seen = applied

    def look(waited: float) -> Progress:
        nonlocal seen
        live = _get(api, applied)
        if live is None:
            return failed("somebody has deleted it")
        seen = live
        return rule.look(api, live, waited)

    try:
        _wait(look, patience, patience.seconds or rule.seconds)
    except NotReached as why:
        why.seen = seen
        raise
    return seen


def look_once(api: KubeApi, live: Manifest) -> Progress:
    """Whether the object is as asked right now."""
    rule = rule_for(live["apiVersion"], live["kind"])
    return rule.look(api, live, 0.0) if rule else DONE


def wait_until_gone(api: KubeApi, deleted: Manifest, patience: Patience) -> None:
    """Wait until the object that was just deleted is gone; another that has taken its name is not waited for. Raises `NotReached`."""

    def look(_waited: float) -> Progress:
        live = _get(api, deleted)
        if live is None or "deletionTimestamp" not in live["metadata"]:
            return DONE
        holders = ", ".join(live["metadata"].get("finalizers") or ()) or "its grace period"
        return waiting(f"it is being deleted, held by {holders}")

    _wait(look, patience, patience.seconds or _DELETION_SECONDS)


def wait_until_served(api: KubeApi, api_version: str, kind: str, cancelled: Event) -> None:
    """Wait until the API server has the kind: its definition may be made beside its first object. Raises `NotReached`, `KubeError`."""

    def look(_waited: float) -> Progress:
        try:
            api.resource(api_version, kind)
        except UnknownKind as error:
            return waiting(error.message)
        return DONE

    if look(0).verdict is not Verdict.DONE:
        _wait(look, Patience(seconds=_DEFINITION_SECONDS, cancelled=cancelled), _DEFINITION_SECONDS)


def _wait(look: Callable[[float], Progress], patience: Patience, seconds: float) -> None:
    started, pause = patience.clock(), _FIRST_PAUSE
    while True:
        waited = patience.clock() - started
        progress = _look(look, waited)
        if progress.verdict is Verdict.DONE:
            return
        if progress.verdict is Verdict.FAILED:
            raise NotReached(progress.reason)
        if waited >= seconds:
            raise NotReached(f"not there after {seconds:g} s: {progress.reason}")
        if patience.cancelled.wait(min(pause, max(seconds - waited, 0))):
            raise NotReached(f"cancelled while waiting: {progress.reason}")
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def _look(look: Callable[[float], Progress], waited: float) -> Progress:
    try:
        return look(waited)
    except KubeError as error:
        if error.status and error.status < 500 and error.status != 429:
            raise
        return waiting(error.message)  # the server may come back while there is time


def _get(api: KubeApi, manifest: Manifest) -> Manifest | None:
    metadata = manifest["metadata"]
    return api.get(manifest["apiVersion"], manifest["kind"], metadata["name"], metadata.get("namespace"))
