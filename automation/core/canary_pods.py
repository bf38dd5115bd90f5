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
    ends = [end for pod in living if (end := _last_end(pod, container)) and _moment(end["finishedAt"]) >= since]
    names = {pod["metadata"]["name"] for pod in living}
    failed = {event["involvedObject"]["name"] for event in warnings if _is_a_failure(event, since, container)} & names
    return PodsSeen(restarts=len(ends), oom_kills=sum(end.get("reason") == "OOMKilled" for end in ends), failed_probes=len(failed))


def _last_end(pod: Document, container: str) -> Document | None:
    """Find how the container last ended, where it was started again or is about to be."""
    for status in pod["status"].get("containerStatuses", ()):
        if status["name"] == container:
            return status.get("state", {}).get("terminated") or status.get("lastState", {}).get("terminated")
    return None


def _is_a_failure(event: Document, since: datetime, container: str) -> bool:
    about = event["involvedObject"].get("fieldPath", "")
    named = not about or f"{{{container}}}" in about
    at = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"]
    return named and not event.get("message", "").startswith(_STARTING) and _moment(at) >= since


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written)
