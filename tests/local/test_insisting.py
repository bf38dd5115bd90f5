"""What the node agent takes for the end of a pod, and what it tries again."""

from __future__ import annotations

import asyncio

import pytest

from localcloud.kube_api import KubeError, UnknownKind
from localcloud.pods import node
from localcloud.pods.node import Gone, insist

CONFLICT = 'Operation cannot be fulfilled on pods "uid-0":'


def refusal(status: int, reason: str, message: str) -> KubeError:
    return KubeError(status=status, reason=reason, message=message)


def insisted(*refusals: KubeError) -> str:
    """What comes of a call that is refused so, and then answered."""
    left = list(refusals)

    def call() -> str:
        if left:
            raise left.pop(0)
        return "answered"

    return asyncio.run(insist(call))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "_AGAIN", 0.0)


@pytest.mark.parametrize(
    "error",
    [
        refusal(0, "Unreachable", "the API server does not answer"),
        refusal(500, "InternalError", "etcdserver: request timed out"),
        refusal(409, "Conflict", f"{CONFLICT} the object has been modified; please apply your changes to the latest version and try again"),
        refusal(409, "AlreadyExists", 'logs.kwok.x-k8s.io "uid-0" already exists'),
        refusal(422, "Invalid", 'Pod "uid-0" is invalid: status.podIPs: Invalid value: "x"'),
        UnknownKind("kwok.x-k8s.io/v1alpha1", "Logs"),
    ],
)
def test_what_may_pass_is_tried_again(error: KubeError) -> None:
    assert insisted(error, error) == "answered"


@pytest.mark.parametrize(
    "error",
    [
        refusal(404, "NotFound", 'pods "uid-0" not found'),
        refusal(422, "Invalid", 'Pod "uid-0" is invalid: metadata.uid: Invalid value: "u1": field is immutable'),
        refusal(409, "Conflict", f"{CONFLICT} uid mismatch: the provided object specified uid u1, and no existing object was found"),
        refusal(409, "Conflict", f"{CONFLICT} the UID in the precondition (u1) does not match the UID in record (u2)."),
        refusal(
            409,
            "Conflict",
            f"{CONFLICT} StorageError: invalid object, Code: 4, Key: /registry/pods/n/uid-0, ResourceVersion: 0, "
            "AdditionalErrorMsg: Precondition failed: UID in precondition: u1, UID in object meta: u2",
        ),
    ],
)
def test_a_pod_that_is_no_more_or_is_another_one_is_gone(error: KubeError) -> None:
    with pytest.raises(Gone):
        insisted(error)
