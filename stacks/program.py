"""The Pulumi program of every stack."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi

from stacks.dials import DIALS_KEY, REVISION_KEY, DialsInvalid, dials_in, revision_in
from stacks.given import given_secrets
from stacks.house import PROJECT, STAGING
from stacks.loading import SpecInvalid, load_spec
from stacks.newest import newest_settings
from stacks.traffic import declare_global
from stacks.wanted import Wanted
from stacks.workload import declare_regional, declare_staging

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stacks.dials import Dials
    from stacks.given import Secrets
    from stacks.spec import Spec


def declare(stack: str, spec: Spec, *, dials: Dials, revision: int, secrets: Secrets) -> None:
    """Declare everything that `stack` is made of; run within the engine.

    `revision` is an input of nothing but the region's switch object, and an output: with dials and revision of the newest update, a preview
    is empty. `secrets` are encrypted in the state however they were given.

    Raises:
        pulumi.RunError: the dials or the spec lack what the stack needs.
    """
    pulumi.export("present", dials.present)
    pulumi.export("revision", revision)
    wanted = Wanted(stack=stack, spec=spec, dials=dials, revision=revision, secrets=secrets)
    if stack == "global":
        declare_global(wanted)
    elif stack == STAGING:
        declare_staging(wanted)
    else:
        declare_regional(wanted)


def declare_here(stack: str, dials: Dials) -> None:
    """Declare `stack` with the spec of the working folder, and with the revision and the secrets that the engine was given.

    Raises:
        pulumi.RunError: one of them is missing or invalid.
    """
    try:
        revision = revision_in(_configured())
    except DialsInvalid as wrong:
        raise pulumi.RunError(str(wrong)) from wrong
    _declare(stack, dials, revision)


def declare_newest() -> None:
    """Be the whole program of a plain `pulumi preview`: without dials in the configuration, take those of the newest update that succeeded.

    Raises:
        pulumi.RunError: there is none, or this is no preview: dials are set by hhctl, which compares before it sets.
    """
    stack = pulumi.get_stack()
    settings = _configured()
    if DIALS_KEY not in settings:
        if not pulumi.runtime.is_dry_run():
            raise pulumi.RunError(f"no dials are set; a plain pulumi may preview, to change the stack use: hhctl up {stack}")
        settings = newest_settings(stack)
    try:
        dials, revision = dials_in(settings), revision_in(settings)
    except DialsInvalid as wrong:
        raise pulumi.RunError(str(wrong)) from wrong
    _declare(stack, dials, revision)


def _declare(stack: str, dials: Dials, revision: int) -> None:
    try:
        spec = load_spec(Path.cwd(), os.environ)
    except SpecInvalid as wrong:
        raise pulumi.RunError(str(wrong)) from wrong
    declare(stack, spec, dials=dials, revision=revision, secrets=given_secrets(stack, os.environ))


def _configured() -> Mapping[str, str]:
    config = pulumi.Config(PROJECT)
    found = {key: config.get(key.removeprefix(f"{PROJECT}:")) for key in (DIALS_KEY, REVISION_KEY)}
    return {key: value for key, value in found.items() if value is not None}
