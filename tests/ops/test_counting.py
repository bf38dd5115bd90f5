"""What a failover counts of the losses while people wait to be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from automation.aftermath import count
from automation.core.replication import DatabaseStanding
from automation.errors import TimedOut

if TYPE_CHECKING:
    from automation.core.losses import Losses

PROMOTED = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)
SHUT = DatabaseStanding(replays=False, shut=True, position="0/5", streaming=False, quiet=None)


@dataclass
class SlowDatabases:
    """Cannot count within any time, and keeps the times that it was given."""

    given: list[float] = field(default_factory=list[float])

    def last_replayed(self, stack: str) -> datetime:
        del stack
        return datetime(2026, 1, 1, 12, tzinfo=UTC)

    def lost(self, stack: str, *, within: float) -> Losses:
        self.given.append(within)
        raise TimedOut(f"the database of {stack} cannot be asked: no answer")


def test_a_count_that_takes_long_is_left_to_the_failback() -> None:
    databases = SlowDatabases()
    session = cast("Any", type("Asked", (), {"databases": databases})())
    loss = count(session, SHUT, promoted=PROMOTED)
    assert (databases.given, loss.seconds, loss.transactions) == ([5.0], 30.0, None)
    assert "no answer" in loss.says
