"""A judgement as journals and programs read it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from automation.core.gates import Figures, Judgement
    from automation.core.plan import Json


def judgement_document(judgement: Judgement) -> Mapping[str, Json]:
    """Return the verdict and all that it rests on."""
    figures = judgement.figures
    return {
        "verdict": judgement.verdict.value,
        "about": judgement.about,
        "query": judgement.query,
        "threshold": judgement.threshold,
        "n": judgement.n,
        "value": judgement.value,
        "compared": judgement.compared,
        "trouble": judgement.trouble,
        "shown": judgement.shown,
        **(_figures_json(figures) if figures else {}),
    }


def _figures_json(figures: Figures) -> Mapping[str, Json]:
    """Write the numbers of a comparison as JSON can hold them, which knows nothing infinite."""
    return {
        "window": figures.window,
        "scraped": figures.scraped,
        "planned": figures.planned,
        "control": figures.control,
        "effect": figures.effect if figures.effect is not None and math.isfinite(figures.effect) else None,
        "interval": [end if math.isfinite(end) else None for end in figures.interval] if figures.interval else None,
        "unit": figures.unit.value,
    }
