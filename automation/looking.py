"""What the world differs in from a stack's state: what the engine finds, and the objects of Helm releases, which it does not look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.core.updates import Change, Forecast, Note, Operation
from automation.live import Silence

if TYPE_CHECKING:
    from automation.core.facts import StackFacts
    from automation.core.updates import ResourceChange
    from automation.engine.engine import PulumiEngine
    from automation.ports.releases import Releases


@dataclass(frozen=True, slots=True)
class Drift:
    """What a look at the world has found changed: of `resources`, which the engine has read, and of `objects` of Helm releases."""

    resources: Forecast
    objects: tuple[ResourceChange, ...]

    @property
    def whole(self) -> Forecast:
        """Both in one."""
        return Forecast((*self.resources.changes, *self.objects), self.resources.faults)


def look(facts: StackFacts, engine: PulumiEngine, releases: Releases) -> Drift:
    """Read the world of a stack that has come up; of a release that is gone nothing more is asked.

    Raises:
        HhctlError: it cannot be read.
    """
    found = engine.drift(Change(facts.stack, facts.standing.base, facts.wanted, Note("drift", "", "")), Silence())
    gone = {change.urn for change in found.changes if change.operation is Operation.DELETE}
    owned = [release for release in engine.releases(facts.stack) if release.urn not in gone]
    return Drift(found, tuple(change for release in owned for change in releases.drifted(release)))
