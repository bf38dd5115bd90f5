"""What happened to a canary's pods since a rung began. Pure: documents of the API in."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from automation.core.look import PodsSeen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Document = dict[str, Any]

_STARTING = "Startup probe failed"


def pods_seen(pods: Sequence[Document], warnings: Iterable[Document], *, since: datetime, container: str) -> PodsSeen:
    """Count what befell `container` of the pods that there are; `warnings` are the namespace's events of probes that failed."""
    living = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    ends = [end for pod in living if (end := _last_end(pod, container)) and _has_ended(end, since)]
    names = {pod["metadata"]["name"] for pod in living}
    failed = {event["involvedObject"]["name"] for event in warnings if _is_a_failure(event, since, container)} & names
    return PodsSeen(restarts=len(ends), oom_kills=sum(end.get("reason") == "OOMKilled" for end in ends), failed_probes=len(failed))


def _last_end(pod: Document, container: str) -> Document | None:
    """Find how the container last ended, where it was started again or is about to be.

    Of a status that the node had lost (ContainerStatusUnknown) nobody knows when it ended: by then it was started again, if it was.
    """
    for status in pod["status"].get("containerStatuses", ()):
        if status["name"] == container:
            state: Document = status.get("state") or {}
            last: Document = status.get("lastState") or {}
            running: Document = state.get("running") or {}
            end: Document | None = state.get("terminated") or last.get("terminated")
            again = running.get("startedAt")
            return {**end, "finishedAt": end.get("finishedAt") or again} if end else None
    return None


def _has_ended(end: Document, since: datetime) -> bool:
    """Tell whether it ended since a time; of what has no time that cannot be ruled out."""
    return end["finishedAt"] is None or _moment(end["finishedAt"]) >= since


def _is_a_failure(event: Document, since: datetime, container: str) -> bool:
    about = event["involvedObject"].get("fieldPath", "")
    named = not about or f"{{{container}}}" in about
    at = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"]
    return named and not event.get("message", "").startswith(_STARTING) and _moment(at) >= since


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written)
