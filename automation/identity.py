"""Whether a stack's context leads to a cluster that answers, and to the one that the spec pins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automation.errors import HhctlError, Refusal
from automation.ports.programs import ClusterForbids
from stacks.overrides import Override

if TYPE_CHECKING:
    from automation.ports.clusters import Identities
    from stacks.spec import Spec


def doubt(spec: Spec, stack: str, *, clusters: Identities) -> HhctlError | None:
    """Say why the cluster of `stack` is not known to be the pinned one, or does not answer where none is pinned; None for no doubt.

    A stack without a workload has no cluster. Where none is pinned nobody has to be allowed to see which one it is.
    """
    place = spec.stacks[stack]
    region = spec.regions[place.region]
    if place.workload is None:
        return None
    try:
        found = clusters.fingerprint(region.context)
    except HhctlError as error:
        return None if region.fingerprint is None and isinstance(error, ClusterForbids) else error
    if region.fingerprint in {None, found}:
        return None
    return Refusal(
        f"context {region.context} leads to another cluster than region {place.region} of the spec: {found}, not {region.fingerprint}",
        hint=f"kubectl config get-contexts, then export {Override.CONTEXT.variable(place.region)}=CONTEXT",
    )
