"""How the signs of a namespace are read."""

from __future__ import annotations

from typing import Any

import pytest

from automation.core.gates import Judgement, Verdict
from automation.core.health import Fitness, Sign, World, gate_sign, signs, worst

EMPTY = World(deployments=(), pods=(), slices=(), routes=(), scalers=(), warnings=(), usage=None)


def the(subject: str, world: World) -> Sign:
    return next(sign for sign in signs(world) if sign.subject.startswith(subject))


def deployment(*, replicas: int = 2, generation: int = 3, **status: Any) -> dict[str, Any]:
    counted = {"replicas": replicas, "readyReplicas": replicas, "updatedReplicas": replicas, "observedGeneration": 3}
    return {"metadata": {"name": "api", "generation": generation}, "spec": {"replicas": replicas}, "status": {**counted, **status}}


def pod(name: str = "api-1", *, phase: str = "Running", ready: bool = True, deleted: bool = False, **container: Any) -> dict[str, Any]:
    status: dict[str, Any] = {"name": "api", "restartCount": 0, "ready": ready, "state": {"running": {}}, **container}
    metadata = {"name": name, **({"deletionTimestamp": "2026-01-01T00:00:00Z"} if deleted else {})}
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {
        "metadata": metadata,
        "spec": {"containers": [{"name": "api", "resources": {"limits": {"memory": "512Mi"}}}]},
        "status": {"phase": phase, "conditions": conditions, "containerStatuses": [status]},
    }


FAILED = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}


@pytest.mark.parametrize(
    ("found", "fitness", "seen"),
    [
        (deployment(), Fitness.WELL, "2 of 2 ready, 2 of the newest template"),
        (deployment(replicas=0), Fitness.WELL, "0 of 0 ready"),
        (deployment(generation=4), Fitness.DOUBTFUL, "not observed yet"),
        (deployment(updatedReplicas=1), Fitness.DOUBTFUL, "1 of the newest"),
        (deployment(replicas=2, readyReplicas=0), Fitness.ILL, "0 of 2 ready"),
        (deployment(updatedReplicas=1, conditions=[FAILED]), Fitness.ILL, "ProgressDeadlineExceeded"),
    ],
)
def test_a_rollout_is_well_once_it_is_complete_and_ill_when_it_has_failed(found: dict[str, Any], fitness: Fitness, seen: str) -> None:
    sign = the("rollout api", World((found,), (), (), (), (), (), None))
    assert sign.fitness is fitness
    assert seen in sign.seen


def waiting(reason: str) -> dict[str, Any]:
    return {"waiting": {"reason": reason}}


def gone(reason: str) -> dict[str, Any]:
    """A pod that was restarted once and then ended for good."""
    made = pod("api-0", phase="Failed", ready=False, restartCount=1, state={"terminated": {"exitCode": 137}})
    return {**made, "status": {**made["status"], "reason": reason}}


@pytest.mark.parametrize(
    ("pods", "fitness", "seen"),
    [
        ([pod(), pod("api-2")], Fitness.WELL, "2 Running"),
        ([pod(), pod("api-2", ready=False)], Fitness.DOUBTFUL, "1 Running, 1 not ready"),
        ([pod(phase="Pending", state=waiting("ContainerCreating"))], Fitness.DOUBTFUL, "1 Pending"),
        ([pod(deleted=True)], Fitness.WELL, "1 Terminating"),
        ([pod(state=waiting("CrashLoopBackOff"))], Fitness.ILL, "1 CrashLoopBackOff"),
        ([pod(phase="Pending", state=waiting("ErrImagePull"))], Fitness.ILL, "1 ErrImagePull"),
        ([pod(phase="Failed")], Fitness.ILL, "1 Failed"),
        ([pod(), gone("Evicted")], Fitness.WELL, "1 Running, 1 Evicted"),
        ([gone("Preempting"), pod("api-2", ready=False)], Fitness.DOUBTFUL, "1 Preempting, 1 not ready"),
        ([gone("UnexpectedAdmissionError")], Fitness.ILL, "1 UnexpectedAdmissionError"),
        ([], Fitness.WELL, "none"),
    ],
)
def test_pods_are_counted_by_how_they_are(pods: list[dict[str, Any]], fitness: Fitness, seen: str) -> None:
    assert the("pods", World((), pods, (), (), (), (), None)) == Sign("pods", fitness, seen)


def test_a_restart_is_told_with_its_reason() -> None:
    ended = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}
    found = the("restarts", World((), [pod(restartCount=2, lastState=ended)], (), (), (), (), None))
    assert found == Sign("restarts api-1/api", Fitness.WELL, "2: OOMKilled (exit code 137)")


def test_what_an_evicted_pod_was_restarted_for_is_past() -> None:
    assert not [sign for sign in signs(World((), [gone("Evicted")], (), (), (), (), None)) if sign.subject.startswith("restarts")]


def endpoint_slice(*ready: str) -> dict[str, Any]:
    labels = {"kubernetes.io/service-name": "api"}
    return {"metadata": {"name": "api-x", "labels": labels}, "endpoints": [{"conditions": {"ready": each == "ready"}} for each in ready]}


@pytest.mark.parametrize(
    ("slices", "fitness", "seen"),
    [
        ([endpoint_slice("ready", "not")], Fitness.WELL, "1 of 2 ready"),
        ([endpoint_slice("not"), endpoint_slice("ready")], Fitness.WELL, "1 of 2 ready"),
        ([endpoint_slice("not")], Fitness.ILL, "0 of 1 ready"),
        ([{**endpoint_slice(), "endpoints": None}], Fitness.ILL, "0 of 0 ready"),
    ],
)
def test_a_service_without_a_ready_pod_is_ill(slices: list[dict[str, Any]], fitness: Fitness, seen: str) -> None:
    assert the("endpoints", World((), (), slices, (), (), (), None)) == Sign("endpoints api", fitness, seen)


def route(*conditions: dict[str, str]) -> dict[str, Any]:
    rules = [{"backendRefs": [{"name": "api", "weight": 90}, {"name": "api-canary", "weight": 10}]}]
    status = {"parents": [{"conditions": list(conditions)}]} if conditions else {}
    return {"metadata": {"name": "api"}, "spec": {"rules": rules}, "status": status}


def test_a_route_is_well_once_a_gateway_has_accepted_it() -> None:
    accepted = {"type": "Accepted", "status": "True", "reason": "Accepted"}
    refused = {"type": "ResolvedRefs", "status": "False", "reason": "BackendNotFound"}
    seen = [the("route", World((), (), (), [each], (), (), None)) for each in (route(accepted), route(accepted, refused), route())]
    assert [sign.fitness for sign in seen] == [Fitness.WELL, Fitness.ILL, Fitness.DOUBTFUL]
    assert seen[0].seen == "api 90, api-canary 10"
    assert "BackendNotFound" in seen[1].seen


def test_a_workload_that_no_route_or_service_leads_to_is_ill() -> None:
    assert the("route", EMPTY) == Sign("route", Fitness.ILL, "there is none")
    assert the("endpoints", EMPTY) == Sign("endpoints", Fitness.ILL, "there are none")


def scaler(current: int, *conditions: dict[str, str]) -> dict[str, Any]:
    status = {"currentReplicas": current, "conditions": list(conditions)}
    return {"metadata": {"name": "api"}, "spec": {"minReplicas": 2, "maxReplicas": 4}, "status": status}


@pytest.mark.parametrize(
    ("found", "fitness"),
    [
        (scaler(2), Fitness.WELL),
        (scaler(4, {"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas"}), Fitness.DOUBTFUL),
        (scaler(2, {"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric"}), Fitness.DOUBTFUL),
    ],
)
def test_an_autoscaler_is_doubtful_where_it_wants_more_or_knows_nothing(found: dict[str, Any], fitness: Fitness) -> None:
    assert the("autoscaler", World((), (), (), (), [found], (), None)).fitness is fitness


@pytest.mark.parametrize(("memory", "fitness"), [("100Mi", Fitness.WELL), ("500Mi", Fitness.DOUBTFUL), ("524288Ki", Fitness.DOUBTFUL)])
def test_a_container_near_its_memory_limit_is_doubtful(memory: str, fitness: Fitness) -> None:
    usage = [{"metadata": {"name": "api-1"}, "containers": [{"name": "api", "usage": {"memory": memory}}]}]
    assert the("usage", World((), [pod()], (), (), (), (), usage)).fitness is fitness


def test_usage_that_nobody_measures_is_unknown() -> None:
    assert the("usage", EMPTY).fitness is Fitness.UNKNOWN


def test_recent_warnings_are_counted_and_the_newest_is_told() -> None:
    def event(reason: str, at: str, **more: Any) -> dict[str, Any]:
        return {
            "metadata": {"creationTimestamp": at},
            "reason": reason,
            "involvedObject": {"name": "api-1"},
            "message": f"{reason}!",
            **more,
        }

    starting = event("Unhealthy", "2026-01-01T00:00:09Z", message="Startup probe failed: connection refused", count=40)
    assert the("warnings", World((), (), (), (), (), [starting], None)).fitness is Fitness.WELL
    events = [starting, event("BackOff", "2026-01-01T00:00:01Z", count=3), event("Unhealthy", "2026-01-01T00:00:02Z")]
    found = the("warnings", World((), (), (), (), (), events, None))
    assert found == Sign("warnings", Fitness.DOUBTFUL, "3 BackOff, 1 Unhealthy; newest api-1: Unhealthy!")


def test_the_worst_sign_is_the_fitness_of_all() -> None:
    assert worst([]) is Fitness.UNKNOWN
    assert worst([Sign("a", Fitness.DOUBTFUL, ""), Sign("b", Fitness.WELL, "")]) is Fitness.DOUBTFUL


def test_a_workload_that_is_not_there_is_not_well() -> None:
    assert the("workload", EMPTY) == Sign("workload", Fitness.ILL, "there is none")
    assert worst(signs(EMPTY)) is Fitness.ILL


@pytest.mark.parametrize(
    ("verdict", "fitness"),
    [
        (Verdict.PASS, Fitness.WELL),
        (Verdict.FAIL, Fitness.ILL),
        (Verdict.INCONCLUSIVE, Fitness.UNKNOWN),
        (Verdict.ERROR, Fitness.UNKNOWN),
        (Verdict.NOT_APPLICABLE, Fitness.UNKNOWN),
    ],
)
def test_a_gate_is_a_sign_and_what_it_cannot_judge_is_unknown(verdict: Verdict, fitness: Fitness) -> None:
    sign = gate_sign(Judgement(verdict, "rate(x)", "at most 1 %", n=240, value=0.2, about="Requests that fail", shown="20 %"))
    assert sign == Sign("gate Requests that fail", fitness, "20 %, wanted at most 1 %, n=240")


def test_a_gate_without_data_says_so() -> None:
    judgement = Judgement(Verdict.INCONCLUSIVE, "rate(x)", "at most 1 %", n=0, value=None, trouble="no data", about="Requests that fail")
    assert gate_sign(judgement).seen == "no data, wanted at most 1 %, n=0 (no data)"
