"""The program that both sides run: as many boxes as `BOXES` says, and the imports that House Helper's own program has."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws  # noqa: F401 - what importing it costs is part of what is timed
import pulumi_kubernetes  # noqa: F401 - likewise

from tests.engine.boxes import Box

if TYPE_CHECKING:
    from stacks.dials import Dials


def declare(stack: str, dials: Dials) -> None:
    declare_boxes(stack, dials.maximum)


def declare_boxes(stack: str, maximum: int) -> None:
    for number in range(int(os.environ["BOXES"])):
        Box(f"{stack}-{number}", content=f"{maximum}")
    pulumi.export("maximum", maximum)
