"""Whether a stack's workload is well, by what its cluster has. Pure: documents of the API in, findings out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from automation.core.amounts import in_bytes
from automation.core.gates import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from automation.core.gates import Judgement

Document = dict[str, Any]

_STARTING = "Startup probe failed"
_MADE_ROOM = frozenset({"Evicted", "Preempting"})
"""Why the node agent has ended a pod for good: another one is made in its place, and this one stays to be seen until it is collected."""
_FINE = frozenset({"Running", "Succeeded", "Terminating"}) | _MADE_ROOM
_WAITING = frozenset({"not ready", "Pending"})


class Fitness(Enum):
    """How something is, from best to worst; UNKNOWN is no failure, and no proof of health either."""

    WELL = "well"
    UNKNOWN = "unknown"
    DOUBTFUL = "doubtful"
    ILL = "ill"


_FITNESS = {Verdict.PASS: Fitness.WELL, Verdict.FAIL: Fitness.ILL}


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that was looked at, how it is, and what was seen; not `asked` is what could not even be asked."""

    subject: str
    fitness: Fitness
    seen: str
    asked: bool = True


@dataclass(frozen=True, slots=True)
class World:
    """What a namespace has, as the API lists it; `usage` is the metrics API's, None where that does not answer."""

    deployments: Sequence[Document]
    pods: Sequence[Document]
    slices: Sequence[Document]
    routes: Sequence[Document]
    scalers: Sequence[Document]
    warnings: Sequence[Document]
    usage: Sequence[Document] | None


def worst(signs: Iterable[Sign]) -> Fitness:
    """Return the worst fitness among `signs`; of none, UNKNOWN."""
    order = list(Fitness)
    return max((sign.fitness for sign in signs), key=order.index, default=Fitness.UNKNOWN)


def gate_sign(judgement: Judgement, *, asked: bool = True) -> Sign:
    """Say how a promise is kept just now; where there is too little to judge by, as without traffic, nothing is said."""
    return Sign(f"gate {judgement.about}", _FITNESS.get(judgement.verdict, Fitness.UNKNOWN), judgement.seen, asked)


def signs(world: World) -> tuple[Sign, ...]:
    """Say how everything in the namespace is."""
    return (
        *(map(_rollout, world.deployments) if world.deployments else [Sign("workload", Fitness.ILL, "there is none")]),
        _pods(world.pods),
        *_restarts(world.pods),
        *(map(_endpoints, _by_service(world.slices).items()) if world.slices else [Sign("endpoints", Fitness.ILL, "there are none")]),
        *(map(_route, world.routes) if world.routes else [Sign("route", Fitness.ILL, "there is none")]),
        *map(_scaler, world.scalers),
        _usage(world),
        _warnings(world.warnings),
    )


def _rollout(deployment: Document) -> Sign:
    spec, status = deployment["spec"], deployment.get("status", {})
    subject = f"rollout {deployment['metadata']['name']}"
    wanted, ready, updated = spec.get("replicas", 1), status.get("readyReplicas", 0), status.get("updatedReplicas", 0)
    seen = f"{ready} of {wanted} ready, {updated} of the newest template"
    if status.get("observedGeneration", 0) < deployment["metadata"]["generation"]:
        return Sign(subject, Fitness.DOUBTFUL, "not observed yet")
    failed = next((each for each in status.get("conditions", ()) if each["type"] == "Progressing" and each["status"] == "False"), None)
    if failed:
        return Sign(subject, Fitness.ILL, f"{seen}: {failed.get('reason', '')}")
    if wanted and ready == 0:
        return Sign(subject, Fitness.ILL, seen)
    complete = ready == wanted == updated == status.get("replicas", 0)
    return Sign(subject, Fitness.WELL if complete else Fitness.DOUBTFUL, seen)


def _pods(pods: Sequence[Document]) -> Sign:
    """Count the pods by how they are; the reason that kubectl shows stands for a pod that waits."""
    counted = Counter(map(_state, pods))
    seen = ", ".join(f"{number} {state}" for state, number in counted.most_common()) or "none"
    stuck = counted.keys() - _FINE - _WAITING
    return Sign("pods", Fitness.ILL if stuck else Fitness.DOUBTFUL if counted.keys() & _WAITING else Fitness.WELL, seen)


def _state(pod: Document) -> str:
    if "deletionTimestamp" in pod["metadata"]:
        return "Terminating"
    status = pod["status"]
    if status["phase"] == "Failed" and status.get("reason") in _MADE_ROOM:
        return status["reason"]
    for container in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        reason = container.get("state", {}).get("waiting", {}).get("reason", "")
        if reason and reason not in {"ContainerCreating", "PodInitializing"}:
            return reason
    if status["phase"] != "Running":
        return status.get("reason") or status["phase"]
    return "Running" if _is_ready(pod) else "not ready"


def _is_ready(pod: Document) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", ()))


def _restarts(pods: Sequence[Document]) -> Iterator[Sign]:
    """Name what was restarted, and why its last run ended."""
    for pod in pods:
        if _state(pod) in _MADE_ROOM:
            continue
        for container in pod["status"].get("containerStatuses", ()):
            if not container["restartCount"]:
                continue
            ended = container.get("lastState", {}).get("terminated", {})
            why = f": {ended['reason']} (exit code {ended['exitCode']})" if ended else ""
            fitness = Fitness.WELL if container["ready"] else Fitness.ILL
            yield Sign(f"restarts {pod['metadata']['name']}/{container['name']}", fitness, f"{container['restartCount']}{why}")


def _by_service(slices: Sequence[Document]) -> Mapping[str, list[Document]]:
    found: dict[str, list[Document]] = {}
    for each in slices:
        service = each["metadata"].get("labels", {}).get("kubernetes.io/service-name", each["metadata"]["name"])
        found.setdefault(service, []).extend(each.get("endpoints") or ())
    return found


def _endpoints(of_service: tuple[str, list[Document]]) -> Sign:
    service, endpoints = of_service
    ready = sum(each.get("conditions", {}).get("ready", True) for each in endpoints)
    return Sign(f"endpoints {service}", Fitness.WELL if ready else Fitness.ILL, f"{ready} of {len(endpoints)} ready")


def _route(route: Document) -> Sign:
    backends = [backend for rule in route["spec"].get("rules", ()) for backend in rule.get("backendRefs", ())]
    split = ", ".join(f"{backend['name']} {backend.get('weight', 1)}" for backend in backends)
    conditions = [each for parent in route.get("status", {}).get("parents", ()) for each in parent["conditions"]]
    refused = [each for each in conditions if each["status"] != "True"]
    subject = f"route {route['metadata']['name']}"
    if refused:
        return Sign(subject, Fitness.ILL, f"{refused[0]['type']} is {refused[0]['status']}: {refused[0]['reason']}")
    return Sign(subject, Fitness.WELL if conditions else Fitness.DOUBTFUL, split if conditions else f"{split}; no gateway has taken it up")


def _scaler(scaler: Document) -> Sign:
    spec, status = scaler["spec"], scaler.get("status", {})
    current, most = status.get("currentReplicas", 0), spec["maxReplicas"]
    seen = f"{current} pods, from {spec.get('minReplicas', 1)} to {most}"
    conditions = {each["type"]: each for each in status.get("conditions", ())}
    subject = f"autoscaler {scaler['metadata']['name']}"
    active = conditions.get("ScalingActive")
    if active and active["status"] == "False":
        return Sign(subject, Fitness.DOUBTFUL, f"{seen}: {active['reason']}")
    limited = conditions.get("ScalingLimited", {})
    if current >= most and limited.get("status") == "True" and limited.get("reason") == "TooManyReplicas":
        return Sign(subject, Fitness.DOUBTFUL, f"{seen}: wants more")
    return Sign(subject, Fitness.WELL, seen)


def _usage(world: World) -> Sign:
    """Find the container that is nearest to its memory limit: past it, it is killed."""
    if not world.usage:
        return Sign("usage", Fitness.UNKNOWN, "the metrics API has nothing to say")
    limits = {(pod["metadata"]["name"], each["name"]): _limit(each) for pod in world.pods for each in pod["spec"]["containers"]}
    used = [
        ((pod["metadata"]["name"], each["name"]), in_bytes(each["usage"]["memory"])) for pod in world.usage for each in pod["containers"]
    ]
    shares = [(bytes_ / limit, key) for key, bytes_ in used if (limit := limits.get(key))]
    if not shares:
        return Sign("usage", Fitness.UNKNOWN, "no container has a memory limit")
    share, (pod, container) = max(shares)
    return Sign("usage", Fitness.DOUBTFUL if share > 0.9 else Fitness.WELL, f"at most {share:.0%} of a memory limit, by {pod}/{container}")


def _limit(container: Document) -> int:
    limit = container.get("resources", {}).get("limits", {}).get("memory")
    return in_bytes(limit) if limit else 0


def _warnings(all_events: Sequence[Document]) -> Sign:
    """Tell of the recent warnings, by reason, and the newest of them in full; that a start takes a while is none."""
    events = [event for event in all_events if not event.get("message", "").startswith(_STARTING)]
    if not events:
        return Sign("warnings", Fitness.WELL, "none of late")
    counted = Counter[str]()
    for event in events:
        counted[event["reason"]] += event.get("count") or 1
    newest = max(events, key=lambda event: event.get("lastTimestamp") or event["metadata"]["creationTimestamp"])
    about = f"{newest['involvedObject']['name']}: {newest.get('message', '')}"
    return Sign(
        "warnings", Fitness.DOUBTFUL, f"{', '.join(f'{number} {reason}' for reason, number in counted.most_common())}; newest {about}"
    )
