from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from automation.core.canary_pods import pods_seen
from automation.core.look import PodsSeen

BEGAN = datetime(2026, 1, 1, 12, tzinfo=UTC)
BEFORE, AFTER = "2026-01-01T11:59:59Z", "2026-01-01T12:00:01Z"


def pod(name: str = "a", *, container: str = "api", ended: str = "", reason: str = "Error", going: bool = False) -> dict[str, Any]:
    last = {"terminated": {"finishedAt": ended, "reason": reason}} if ended else {}
    metadata = {"name": name, **({"deletionTimestamp": AFTER} if going else {})}
    return {"metadata": metadata, "status": {"containerStatuses": [{"name": container, "state": {"running": {}}, "lastState": last}]}}


def event(name: str = "a", *, at: str = AFTER, message: str = "Readiness probe failed", container: str = "api") -> dict[str, Any]:
    about = {"name": name, "fieldPath": f"spec.containers{{{container}}}"}
    return {"involvedObject": about, "message": message, "lastTimestamp": at, "metadata": {"creationTimestamp": at}}


def seen(pods: list[dict[str, Any]], *events: dict[str, Any]) -> PodsSeen:
    return pods_seen(pods, events, since=BEGAN, container="api")


def test_quiet_pods_have_nothing_to_tell() -> None:
    assert seen([pod()]) == PodsSeen(0, 0, 0)


def test_a_container_that_ended_since_was_restarted_and_one_for_want_of_memory_killed() -> None:
    assert seen([pod(ended=AFTER), pod("b", ended=AFTER, reason="OOMKilled")]) == PodsSeen(2, 1, 0)


@pytest.mark.parametrize("quiet", [pod(ended=BEFORE), pod(ended=AFTER, container="fence"), pod(ended=AFTER, going=True)])
def test_what_ended_before_or_is_a_sidecar_or_a_pod_that_goes_does_not_count(quiet: dict[str, Any]) -> None:
    assert seen([quiet]) == PodsSeen(0, 0, 0)


@pytest.mark.parametrize(("again", "restarts"), [(AFTER, 1), (BEFORE, 0), (None, 1)])
def test_of_an_end_without_a_time_the_next_start_tells_and_without_that_it_counts(again: str | None, restarts: int) -> None:
    lost = pod(ended=AFTER, reason="ContainerStatusUnknown")
    [status] = lost["status"]["containerStatuses"]
    status["lastState"]["terminated"]["finishedAt"] = None
    status["state"] = {"running": {"startedAt": again}} if again else {"waiting": {}}
    assert seen([lost]) == PodsSeen(restarts, 0, 0)


def test_a_pod_whose_probes_fail_counts_once_however_often_they_do() -> None:
    assert seen([pod()], event(), event(message="Liveness probe failed")) == PodsSeen(0, 0, 1)


@pytest.mark.parametrize(
    "quiet", [event(at=BEFORE), event(message="Startup probe failed: connection refused"), event("stable"), event(container="fence")]
)
def test_probes_that_failed_before_or_while_starting_or_of_others_do_not_count(quiet: dict[str, Any]) -> None:
    assert seen([pod()], quiet) == PodsSeen(0, 0, 0)
