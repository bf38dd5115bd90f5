"""Whether a stack's context leads to the cluster that the spec pins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automation.errors import HhctlError, Refusal
from stacks.overrides import Override

if TYPE_CHECKING:
    from automation.ports.clusters import Identities
    from stacks.spec import Spec


def doubt(spec: Spec, stack: str, *, clusters: Identities) -> HhctlError | None:
    """Say why the cluster of `stack` is not known to be the pinned one; None where it is, and of a stack that is pinned to none."""
    place = spec.stacks[stack]
    region = spec.regions[place.region]
    if place.workload is None or region.fingerprint is None:
        return None
    try:
        found = clusters.fingerprint(region.context)
    except HhctlError as error:
        return error
    if found == region.fingerprint:
        return None
    return Refusal(
        f"context {region.context} leads to another cluster than region {place.region} of the spec: {found}, not {region.fingerprint}",
        hint=f"kubectl config get-contexts, then export {Override.CONTEXT.variable(place.region)}=CONTEXT",
    )
