"""The small programs that the engine's tests run, as `automation.engine.guard.Program`s."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
from engine.boxes import Box

if TYPE_CHECKING:
    from stacks.dials import Dials

SECRET = "canary-of-the-tests"


def boxes(stack: str, dials: Dials) -> None:
    """A box that says how many pods there may be, and one with a secret; nothing once the stack is destroyed."""
    pulumi.export("maximum", dials.maximum)
    pulumi.export("token", pulumi.Output.secret(SECRET))
    if dials.present:
        first = Box(f"{stack}-first", content=str(dials.maximum))
        Box(f"{stack}-second", content=pulumi.Output.secret(SECRET), opts=pulumi.ResourceOptions(depends_on=[first]))


def outputs_only(stack: str, dials: Dials) -> None:
    """No resource at all."""
    pulumi.export("setting", f"{stack} {dials.maximum}")


def broken(stack: str, dials: Dials) -> None:
    """A defect."""
    raise LookupError(f"{stack} {dials.maximum} has a defect")
