"""Helm releases that an engine of ours was killed in: helm would refuse them for ever as pending."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from automation.engine.troubles import BadCredentials
from automation.errors import HhctlError, TimedOut

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from automation.core.drift import Release

_PENDING = "status in (pending-install,pending-upgrade,pending-rollback)"
_SECONDS = 15


def clear_pending(releases: Iterable[Release], environment: Mapping[str, str]) -> None:
    """Forget the pending revision of each release, so that helm goes on from the one before; one that is not pending stays as it is.

    To be called for releases that the stack's own state has as under way, and while nobody holds the stack.

    Raises:
        HhctlError: the cluster cannot be had.
    """
    for release in releases:
        # Helm keeps a revision in a Secret with its status as a label; there is no command of helm's that forgets one.
        selector = f"owner=helm,name={release.name},{_PENDING}"
        words = [
            "kubectl",
            "delete",
            "secret",
            f"--namespace={release.namespace}",
            f"--selector={selector}",
            f"--request-timeout={_SECONDS}s",
        ]
        _run([*words, f"--context={release.context}"] if release.context else words, release, environment)


def _run(words: list[str], release: Release, environment: Mapping[str, str]) -> None:
    told = f"the Helm release {release.name} in {release.namespace} was left half changed, and cannot be looked at"
    try:
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=2 * _SECONDS, check=False)
    except FileNotFoundError as missing:
        raise HhctlError(f"{told}: kubectl is not on PATH", hint="hhctl doctor") from missing
    except subprocess.TimeoutExpired as late:
        raise TimedOut(f"{told}: the cluster does not answer") from late
    if done.returncode:
        kind = BadCredentials if "Unauthorized" in done.stderr or "Forbidden" in done.stderr else HhctlError
        raise kind(f"{told}: {' '.join(done.stderr.split())}")
