"""A pod's status as the API has it, from how its containers stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localcloud.pods.states import Running, Standing, State, Terminated, Waiting, is_restarted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from localcloud.pods.manifest import Pod

HOST_IP = "127.0.0.1"

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PodStanding:
    """How a pod stands: its containers by name, init containers too, and whether it is on its way out.

    `gates` are those of its readiness gates that somebody has told of, with the status of each.
    """

    pod: Pod
    ip: str
    since: datetime
    containers: Mapping[str, Standing]
    initialized: bool
    ending: bool = False
    gates: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def phase(self) -> str:
        """Pending, Running, Succeeded or Failed. Source: kubelet's getPhase."""
        inits = [self.containers[each.name] for each in self.pod.init_containers]
        if self.pod.restart_policy == "Never" and any(_ended_badly(each.state) for each in inits):
            return "Failed"
        states = [self.containers[each.name].state for each in self.pod.containers]
        if not self.initialized or not self._all_ran:
            return "Pending"
        over = [each for each in states if isinstance(each, Terminated)]
        if len(over) < len(states) or (not self.ending and any(is_restarted(self.pod.restart_policy, each.exit_code) for each in over)):
            return "Running"
        return "Failed" if any(each.exit_code for each in over) else "Succeeded"

    @property
    def _all_ran(self) -> bool:
        return all(self.containers[each.name].id for each in self.pod.containers)

    @property
    def unready(self) -> list[str]:
        """The containers that do not serve."""
        return [each.name for each in self.pod.serving if not self.containers[each.name].ready]

    @property
    def shut_gates(self) -> list[str]:
        """Why the pod's readiness gates keep it from being ready, in a kubelet's words."""
        told = [(gate, self.gates.get(gate)) for gate in self.pod.gates]
        return [
            f'corresponding condition of pod readiness gate "{gate}" does not exist.'
            if status is None
            else f'the status of pod readiness gate "{gate}" is not "True", but {status}'
            for gate, status in told
            if status != "True"
        ]


def _ended_badly(state: State) -> bool:
    return isinstance(state, Terminated) and state.exit_code != 0


def status_document(standing: PodStanding, known: Document, at: datetime) -> Document:
    """The strategic merge patch of `status`; `known` is the status before, whose transition times stand where nothing has changed."""
    pod, phase = standing.pod, standing.phase
    return {
        "phase": phase,
        "startTime": stamp(standing.since),
        "hostIP": HOST_IP,
        "hostIPs": [{"ip": HOST_IP}],
        "podIP": standing.ip,
        "podIPs": [{"ip": standing.ip}],
        "conditions": _conditions(standing, phase, known, at),
        "initContainerStatuses": [_container(standing.containers[each.name]) for each in pod.init_containers],
        "containerStatuses": [_container(standing.containers[each.name]) for each in pod.containers],
    }


def _conditions(standing: PodStanding, phase: str, known: Document, at: datetime) -> list[Document]:
    over = phase in {"Succeeded", "Failed"}
    unready = f"containers with unready status: [{' '.join(standing.unready)}]" if standing.unready else ""
    why_not = "" if over else unready
    reason = ("PodCompleted" if phase == "Succeeded" else "PodFailed") if over else "ContainersNotReady"
    missing = [each.name for each in standing.pod.init_containers if not standing.initialized and not standing.containers[each.name].ready]
    incomplete = f"containers with incomplete status: [{' '.join(missing)}]"
    serves = not unready and standing.initialized and not over
    gated = serves and bool(standing.shut_gates)
    told = (
        ("PodReadyToStartContainers", not over, "", ""),
        ("Initialized", standing.initialized, "ContainersNotInitialized", incomplete),
        (
            "Ready",
            serves and not gated,
            "ReadinessGatesNotReady" if gated else reason,
            ", ".join(standing.shut_gates) if gated else why_not,
        ),
        ("ContainersReady", serves, reason, why_not),
    )
    before = {each["type"]: each for each in known.get("conditions", ())}
    return [
        {
            "type": name,
            "status": str(holds),
            "lastTransitionTime": _since(before.get(name), str(holds)) or stamp(at),
            "reason": None if holds else why or None,
            "message": None if holds else words or None,
        }
        for name, holds, why, words in told
    ]


def _since(before: Document | None, status: str) -> str:
    """Since when a condition has had a status; empty if it has not."""
    return before.get("lastTransitionTime") or "" if before and before["status"] == status else ""


def _container(standing: Standing) -> Document:
    return {
        "name": standing.name,
        "image": standing.image,
        "imageID": standing.image_id,
        "containerID": standing.id or None,
        "ready": standing.ready,
        "started": standing.started,
        "restartCount": standing.restarts,
        # Without `replace` a merge leaves the state before beside the new one.
        "state": {"$patch": "replace", **_state(standing.state)},
        "lastState": {"$patch": "replace", **(_state(standing.last) if standing.last else {})},
    }


def gates_of(pod: Pod, status: Document) -> dict[str, str]:
    """What a status says of the pod's readiness gates."""
    return {each["type"]: each["status"] for each in status.get("conditions", ()) if each["type"] in pod.gates}


def contradicts(status: Document, pushed: Document) -> bool:
    """Whether somebody has told the API otherwise than we did last."""
    conditions = {each["type"]: each["status"] for each in status.get("conditions", ())}
    ours = {each["type"]: each["status"] for each in pushed["conditions"]}
    return any(conditions.get(name) != holds for name, holds in ours.items())


def _state(state: State) -> Document:
    match state:
        case Waiting(reason, message):
            return {"waiting": {"reason": reason, **({"message": message} if message else {})}}
        case Running(since):
            return {"running": {"startedAt": stamp(since)}}
        case Terminated():
            over: Document = {"exitCode": state.exit_code, "reason": state.reason, "containerID": state.id}
            over |= {"startedAt": stamp(state.since), "finishedAt": stamp(state.until)}
            return {"terminated": {**over, **({"message": state.message} if state.message else {})}}


def stamp(moment: datetime) -> str:
    """A time as the API writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
