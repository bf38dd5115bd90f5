"""How a database stands: its role, and how far it has come in the log of writes. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from automation.errors import HhctlError

LOOK = """select pg_is_in_recovery(),
 current_setting('default_transaction_read_only') = 'on',
 case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end,
 exists (select from pg_stat_wal_receiver where status = 'streaming'),
 extract(epoch from now() - pg_last_xact_replay_timestamp()),
 (select extract(epoch from clock_timestamp() - last_msg_receipt_time) from pg_stat_wal_receiver)"""
"""The query whose one row `read_standing` reads.

Source: https://www.postgresql.org/docs/18/functions-admin.html#FUNCTIONS-RECOVERY-CONTROL.
"""


@dataclass(frozen=True, slots=True)
class DatabaseStanding:
    """A database as it says it stands.

    `replays`: it replays another's log, and takes no writes. `shut`: new transactions of its own may only read. `position` is how far its
    log has come, `streaming` whether its primary sends to it just now, `quiet` how many seconds ago the newest transaction was committed
    that was replayed, and `heard` how many ago the primary was heard; None where nothing was since it was started.
    """

    replays: bool
    shut: bool
    position: str
    streaming: bool
    quiet: float | None
    heard: float | None = None

    @property
    def takes_writes(self) -> bool:
        """Whether somebody could write there."""
        return not self.replays and not self.shut


def read_standing(row: str) -> DatabaseStanding:
    """Read the row of `LOOK`, its fields between bars.

    Raises:
        HhctlError: it is none.
    """
    fields = row.strip().split("|")
    try:
        replays, shut, position, streaming, *since = fields
        quiet, heard = (float(seconds) if seconds else None for seconds in since)
        return DatabaseStanding(replays == "t", shut == "t", position, streaming == "t", quiet, heard)
    except ValueError:
        raise HhctlError(f"the database answers with something else than its standing: {row.strip()[:80]}") from None
