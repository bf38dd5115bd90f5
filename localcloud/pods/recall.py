"""What an agent learns of a container from the status that another agent has written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localcloud.pods.states import CREATING, INITIALIZING, Running, Standing, State, Terminated, Waiting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.pods.manifest import Container, Pod


def recalled(pod: Pod) -> dict[str, Standing]:
    """How the API says that each container stands; one that it says nothing of waits to be created."""
    status = pod.manifest.get("status", {})
    told = {each["name"]: each for kind in ("initContainerStatuses", "containerStatuses") for each in status.get(kind) or ()}
    waits_for = INITIALIZING if pod.init_containers else CREATING
    return {each.name: _standing(each, told.get(each.name), waits_for) for each in pod.every_container}


def started_at(pod: Pod) -> datetime | None:
    """When an agent first took up the pod; None if none has yet."""
    told = pod.manifest.get("status", {}).get("startTime")
    return moment(told) if told else None


def _standing(container: Container, told: Mapping[str, Any] | None, waits_for: str) -> Standing:
    if told is None:
        return Standing(name=container.name, image=container.image, state=Waiting(waits_for))
    last = _state(told.get("lastState") or {}, told.get("containerID", ""))
    return Standing(
        name=container.name,
        image=container.image,
        image_id=told.get("imageID", ""),
        state=_state(told.get("state") or {}, told.get("containerID", "")),
        last=last if isinstance(last, Terminated) else None,
        restarts=told.get("restartCount", 0),
        started=bool(told.get("started")),
        ready=bool(told.get("ready")),
    )


def _state(told: Mapping[str, Any], id: str) -> State:
    match told:
        case {"running": running}:
            return Running(moment(running["startedAt"]), id)
        case {"terminated": over}:
            return Terminated(
                exit_code=over["exitCode"],
                reason=over.get("reason", ""),
                since=moment(over["startedAt"]),
                until=moment(over["finishedAt"]),
                id=over.get("containerID", ""),
                message=over.get("message", ""),
            )
        case _:
            waiting: Mapping[str, str] = told.get("waiting") or {}
            return Waiting(waiting.get("reason", CREATING), waiting.get("message", ""))


def moment(text: str) -> datetime:
    """A time of the API's."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
