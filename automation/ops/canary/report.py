"""The page that every run of a canary leaves for people, in the user's state folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from automation.core.canary_story import story
from automation.errors import HhctlError
from automation.ports.canary_series import canary_series
from automation.ports.journal_file import journal_file
from automation.ports.metrics import Prometheus
from automation.ports.place import place_of
from automation.show import tell
from stacks.objectives import objectives

if TYPE_CHECKING:
    from pathlib import Path

    from automation.core.canary import Candidate
    from automation.ops.canary.asking import Asked


def write_page(asked: Asked, candidate: Candidate, *, command: str) -> Path | None:
    """Write the page of what `command` did; None where it cannot be written, which is told and changes nothing of the run."""
    try:
        return _written(asked, candidate, command)
    except (HhctlError, OSError) as error:
        tell(f"no report was written: {error}")
        return None


def _written(asked: Asked, candidate: Candidate, command: str) -> Path | None:
    told = story(asked.session.journals(asked.stack).newest(), command)
    if told is None:
        return None
    from automation.canary_page import page  # noqa: PLC0415 - jinja2 is needed once, at the very end

    spec, place = asked.app.spec, place_of(asked.app.spec, asked.stack)
    promised = objectives(spec.objectives)
    metrics = Prometheus(spec.regions[spec.stacks[asked.stack].region].prometheus)
    series = canary_series(metrics, promised, namespace=place.namespace, start=told.began.timestamp(), end=told.ended.timestamp())
    beside = asked.facts.present(asked.stack).image
    about = {
        "stack": asked.stack,
        "version": candidate.image.tag,
        "digest": candidate.image.digest,
        "beside": beside.tag if beside else "nothing",
    }
    folder = journal_file(os.environ).parent.parent / "reports"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"canary-{candidate.image.tag}-{told.runs[0]}.html"
    draft = file.with_suffix(".draft")
    draft.write_text(page(told, series, promised, about=about), encoding="utf-8")
    draft.replace(file)
    return file
