"""Helm releases that an engine of ours was killed in: helm would refuse them for ever as pending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automation.ports.programs import Programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from automation.core.drift import Release

_PENDING = "status in (pending-install,pending-upgrade,pending-rollback)"
_SECONDS = 15


def clear_pending(releases: Iterable[Release], environment: Mapping[str, str], confirm: Callable[[], None]) -> None:
    """Forget the pending revision of each release, so that helm goes on from the one before; one that is not pending stays as it is.

    To be called for releases that the stack's own state has as under way, and while nobody holds the stack: `confirm` raises where that is
    so no more, and is called right before each is changed.

    Raises:
        HhctlError: the cluster cannot be had.
    """
    programs = Programs(environment, seconds=2 * _SECONDS)
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
        told = f"the Helm release {release.name} in {release.namespace} was left half changed, and cannot be looked at"
        confirm()
        programs.answer([*words, f"--context={release.context}"] if release.context else words, told=told)
