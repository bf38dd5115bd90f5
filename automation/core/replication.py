"""How a database stands: its role, and how far it has come in the log of writes. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from automation.errors import HhctlError

LOOK = """select pg_is_in_recovery(),
 current_setting('default_transaction_read_only') = 'on',
 case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end,
 exists (select from pg_stat_wal_receiver where status = 'streaming'),
 extract(epoch from now() - pg_last_xact_replay_timestamp()),
 (select extract(epoch from clock_timestamp() - last_msg_receipt_time) from pg_stat_wal_receiver),
 greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()),
 (select latest_end_lsn from pg_stat_wal_receiver)"""
"""The query whose one row `read_standing` reads.

Sources: https://www.postgresql.org/docs/18/functions-admin.html#FUNCTIONS-RECOVERY-CONTROL, and `ProcessWalSndrMessage` in
src/backend/replication/walreceiver.c for what `latest_end_lsn` is: where its primary's log ended by the newest message.
"""

_SILENT_SECONDS = 35.0
"""A primary that writes nothing is heard at least every 30 s, half of `wal_receiver_timeout`."""

NEAR_BYTES = 16 * 1024**2
"""How much of its primary's log a standby that keeps up lacks at most: one file of it, as PostgreSQL makes them."""


@dataclass(frozen=True, slots=True)
class DatabaseStanding:
    """A database as it says it stands.

    `replays`: it replays another's log, and takes no writes. `shut`: new transactions of its own may only read. `position` is how far its
    log has come, `streaming` whether its primary sends to it just now, `quiet` how many seconds ago the newest transaction was committed
    that was replayed, and `heard` how many ago the primary was heard; None where nothing was since it was started. `received` is how far
    the log has come that it has of its primary's, and `announced` how far that one's had come when it was heard; empty where there is none.
    """

    replays: bool
    shut: bool
    position: str
    streaming: bool
    quiet: float | None
    heard: float | None = None
    received: str = ""
    announced: str = ""

    @property
    def takes_writes(self) -> bool:
        """Whether somebody could write there."""
        return not self.replays and not self.shut

    @property
    def unreplayed(self) -> int:
        """How many bytes of its primary's log it has and has still to replay, for which a promotion waits."""
        return _bytes_between(self.position, self.received)

    def lacks(self, primary: DatabaseStanding | None) -> int:
        """How many bytes of its primary's log it is known not to have, which a promotion loses; `primary` is None where nobody answers."""
        known = (self.announced, primary.position if primary and not primary.replays else "")
        return max(_bytes_between(self.received or self.position, end) for end in known)

    def keeps_up(self, primary: DatabaseStanding | None, *, lacking: int = NEAR_BYTES) -> bool:
        """Whether it gets its primary's log, and has within moments replayed all but so many bytes of it; `primary` as in `lacks`."""
        hears = self.streaming and (self.heard is None or self.heard <= _SILENT_SECONDS)
        return self.replays and hears and max(self.lacks(primary), self.unreplayed) <= lacking


def _bytes_between(begin: str, end: str) -> int:
    """How far it is from one place in the log to a later one; 0 where either is unknown, since they were not looked at in one moment."""
    return max(0, _place(end) - _place(begin)) if begin and end else 0


def _place(position: str) -> int:
    high, _, low = position.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def replays(found: DatabaseStanding | HhctlError) -> bool:
    """Tell whether a database is seen to replay the other one's log; one that does not answer is not."""
    return isinstance(found, DatabaseStanding) and found.replays


def follows(found: DatabaseStanding | HhctlError) -> bool:
    """Tell whether a database is seen to replay the other one's log as it is written, likewise."""
    return isinstance(found, DatabaseStanding) and found.replays and found.streaming


def has_replayed_all(found: DatabaseStanding | HhctlError) -> bool:
    """Tell whether a database is seen to replay the other one's log, and to have replayed all that it has of it.

    A promotion that was asked of it would have taken effect by then: it waits for nothing else.
    Source: `WaitForWALToBecomeAvailable` in src/backend/access/transam/xlogrecovery.c, where PostgreSQL looks for that.
    """
    return isinstance(found, DatabaseStanding) and found.replays and not found.unreplayed


def takes_writes(found: DatabaseStanding | HhctlError) -> bool:
    """Tell whether a database is seen to take writes, likewise."""
    return isinstance(found, DatabaseStanding) and found.takes_writes


def read_standing(row: str) -> DatabaseStanding:
    """Read the row of `LOOK`, its fields between bars.

    Raises:
        HhctlError: it is none.
    """
    fields = row.strip().split("|")
    try:
        replays, shut, position, streaming, *since, received, announced = fields
        quiet, heard = (float(seconds) if seconds else None for seconds in since)
        return DatabaseStanding(replays == "t", shut == "t", position, streaming == "t", quiet, heard, received, announced)
    except ValueError:
        raise HhctlError(f"the database answers with something else than its standing: {row.strip()[:80]}") from None
