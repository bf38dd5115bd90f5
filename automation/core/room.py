"""For how many more pods the nodes of a cluster have room, counted by requests as its scheduler does. Pure: documents of the API in."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from automation.core.amounts import amount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Document = dict[str, Any]
Amounts = dict[str, Decimal]

_KEEPS_OUT = frozenset({"NoSchedule", "NoExecute"})
_ONE_POD = {"pods": Decimal(1)}


@dataclass(frozen=True, slots=True)
class Room:
    """At most `more` pods find a node beside those that are there, of which `placed` have one."""

    more: int
    placed: int


def room(nodes: Sequence[Document], pods: Sequence[Document], own: Sequence[Document]) -> Room:
    """Count for how many more pods like the newest of `own` there is room among `pods`, all of the cluster's that have not ended.

    Affinities and spreads that are demanded are not looked at, nor what would be preempted, nor nodes that would come.

    Source: https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/

    Raises:
        ValueError: `own` are none, so that nobody can tell what one asks for.
    """
    if not own:
        raise ValueError("no pod is there to go by")
    model = max(own, key=lambda pod: pod["metadata"]["creationTimestamp"])
    wanted = _requests(model["spec"])
    used: defaultdict[str, Amounts] = defaultdict(dict)
    for pod in pods:
        if name := pod["spec"].get("nodeName"):
            used[name] = _sum(used[name], _requests(pod["spec"]))
    fitting = (_fitting(node, used[node["metadata"]["name"]], wanted) for node in nodes if _lets_in(node, model["spec"]))
    placed = sum(1 for pod in own if pod["spec"].get("nodeName") and "deletionTimestamp" not in pod["metadata"])
    return Room(sum(fitting), placed)


def _fitting(node: Document, used: Mapping[str, Decimal], wanted: Mapping[str, Decimal]) -> int:
    has = {name: amount(str(quantity)) for name, quantity in node["status"].get("allocatable", {}).items()}
    free = (int((has.get(name, Decimal(0)) - used.get(name, Decimal(0))) // each) for name, each in wanted.items() if each)
    return max(0, min(free))


def _lets_in(node: Document, pod: Document) -> bool:
    """Tell whether a node takes new pods that are as `pod`: it is Ready, not cordoned, as selected, and its taints are tolerated."""
    labels, spec = node["metadata"].get("labels", {}), node.get("spec", {})
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in node["status"].get("conditions", ()))
    selected = all(labels.get(name) == value for name, value in pod.get("nodeSelector", {}).items())
    taints = (taint for taint in spec.get("taints", ()) if taint["effect"] in _KEEPS_OUT)
    tolerated = all(any(_tolerates(each, taint) for each in pod.get("tolerations", ())) for taint in taints)
    return ready and selected and tolerated and not spec.get("unschedulable", False)


def _tolerates(toleration: Document, taint: Document) -> bool:
    """Tell whether a toleration is one of a taint; without a key it is one of all, without an effect one of every effect.

    Source: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
    """
    if toleration.get("effect") not in {None, "", taint["effect"]}:
        return False
    if not (key := toleration.get("key")):
        return toleration.get("operator") == "Exists"
    same_value = toleration.get("operator") == "Exists" or toleration.get("value", "") == taint.get("value", "")
    return key == taint["key"] and same_value


def _requests(pod: Document) -> Amounts:
    """Add up what a pod asks for: its containers and sidecars together, or what an init container needs beside the sidecars before it.

    Source: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
    """
    together: Amounts = {}
    for container in pod["containers"]:
        together = _sum(together, _asked(container))
    sidecars: Amounts = {}
    most: Amounts = {}
    for container in pod.get("initContainers", ()):
        if container.get("restartPolicy") == "Always":
            sidecars = _sum(sidecars, _asked(container))
            most = _larger(most, sidecars)
        else:
            most = _larger(most, _sum(sidecars, _asked(container)))
    overhead = {name: amount(str(quantity)) for name, quantity in pod.get("overhead", {}).items()}
    return _sum(_larger(_sum(together, sidecars), most), overhead) | _ONE_POD


def _asked(container: Document) -> Amounts:
    return {name: amount(str(quantity)) for name, quantity in container.get("resources", {}).get("requests", {}).items()}


def _sum(one: Mapping[str, Decimal], other: Mapping[str, Decimal]) -> Amounts:
    return {name: one.get(name, Decimal(0)) + other.get(name, Decimal(0)) for name in {*one, *other}}


def _larger(one: Mapping[str, Decimal], other: Mapping[str, Decimal]) -> Amounts:
    return {name: max(one.get(name, Decimal(0)), other.get(name, Decimal(0))) for name in {*one, *other}}
