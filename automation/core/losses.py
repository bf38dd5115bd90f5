"""What the database of the side that was left has committed since the other one was promoted: writes that no longer count. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from automation.errors import HhctlError

if TYPE_CHECKING:
    from automation.core.plan import Json

BRANCH = """select (regexp_match(
  pg_read_file('pg_wal/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || '.history'),
  '\\t([0-9A-F]+/[0-9A-F]+)\\t[^\\n]*\\n?$'))[1]"""
"""Where in the log the newest promotion left its primary's: the last line of the timeline's history.

Source: https://www.postgresql.org/docs/18/continuous-archiving.html#BACKUP-TIMELINES.
"""

LOST = r"""set default_transaction_read_only = off;
set timezone = 'UTC';
create extension if not exists pg_walinspect;
create temporary table written (xid text, place text, deed text);
create temporary table ended (xid text, top text, at timestamptz, gone boolean);
insert into ended
 select family.xid, committed.top, committed.at, committed.gone
 from (
  select coalesce(said[1], found.xid::text) as top, said[2]::timestamptz as at,
   string_to_array((regexp_match(found.description, '; subxacts: ([0-9 ]+)'))[1], ' ') as children,
   found.description ~ ('; rels:[^;]*/' || base.oid::text || '/[0-9]+') as gone
  from pg_get_wal_records_info(:'branch', pg_current_wal_flush_lsn()) found
  join pg_database base on base.datname = current_database()
  cross join lateral regexp_match(found.description, '^(?:([0-9]+): )?([^;]+)') as said
  where found.resource_manager = 'Transaction' and found.record_type like 'COMMIT%'
 ) as committed
 cross join lateral unnest(array[committed.top] || coalesce(committed.children, array[]::text[])) as family(xid);
insert into written
 select ended.xid, class.oid::regclass::text, found.record_type
 from pg_get_wal_records_info(:'branch', pg_current_wal_flush_lsn()) found
 join ended on ended.xid = found.xid::text
 cross join lateral regexp_match(found.block_ref, 'rel \d+/(\d+)/(\d+) ') as file
 join pg_class class on pg_relation_filenode(class.oid) = file[2]::oid and class.relkind = 'r'
 join pg_namespace space on space.oid = class.relnamespace and space.nspname !~ '^(pg_|information_schema$)'
 where found.resource_manager in ('Heap', 'Heap2') and found.record_type ~ '^(INSERT|UPDATE|HOT_UPDATE|DELETE|MULTI_INSERT)'
 and file[1]::oid = (select oid from pg_database where datname = current_database());
select json_build_object(
 'emptied', exists (select from ended where gone),
 'transactions', (select count(distinct top) from ended where xid in (select xid from written)),
 'deleted', (select count(*) from written where deed like 'DELETE%'),
 'first', (select min(at) from ended where xid in (select xid from written)),
 'last', (select max(at) from ended where xid in (select xid from written)));
select format('select json_build_object(''table'', %L, ''row'', to_jsonb(it)) from %s it where it.xmin::text = any (%L)',
 place, place, array_agg(distinct xid)) from written group by place order by place
\gexec
\q
"""
"""A script for psql, `branch` given: one line about all that was committed after it, then each row that was written and still stands.

What a savepoint wrote stands in the log under a number of its own, and only the commit of the whole names it. A commit that drops files of
the database, as TRUNCATE does, makes all that was written to them untraceable.
It ends itself, since not every cluster hands the end of stdin on to what is run in a pod.
Sources: https://www.postgresql.org/docs/18/pgwalinspect.html, and `xact_desc_commit` in src/backend/access/rmgrdesc/xactdesc.c.
"""


@dataclass(frozen=True, slots=True)
class Losses:
    """What one side committed and the other never had: `rows` as JSON, a line each, `deleted` how many rows it took away.

    `first` and `last` are when the first and the last of the transactions were committed, None where there was none.
    """

    transactions: int
    deleted: int
    first: datetime | None
    last: datetime | None
    rows: tuple[str, ...]

    def __str__(self) -> str:
        """Say how much it is."""
        if not self.transactions:
            return "nothing"
        gone = f", {self.deleted} deleted" if self.deleted else ""
        return f"{_counted(self.transactions, 'transaction')} ({_counted(len(self.rows), 'row')} written{gone})"

    def document(self) -> dict[str, Json]:
        """Return the numbers, without the rows."""
        times = {name: at.isoformat() if at else None for name, at in (("first", self.first), ("last", self.last))}
        return {"transactions": self.transactions, "rows": len(self.rows), "deleted": self.deleted, **times}


class Uncountable(HhctlError):
    """What a database has written alone can never be counted: its log does not reach back so far any more, or a table was emptied since."""


def is_recycled(complaint: str) -> bool:
    """Tell whether a database that was asked for `LOST` complains that its log does not reach back so far.

    Source: `wal_segment_open` in src/backend/access/transam/xlogutils.c of PostgreSQL 18.
    """
    return "has already been removed" in complaint


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def read_branch(answer: str) -> str:
    """Read the answer to `BRANCH`.

    Raises:
        HhctlError: the database was never promoted.
    """
    if not (branch := answer.strip()):
        raise HhctlError("the database does not say where in the log it was promoted")
    return branch


def read_losses(answer: str) -> Losses:
    """Read the answer to `LOST`.

    Raises:
        Uncountable: tables were emptied, rewritten or dropped.
        HhctlError: it is none.
    """
    # A text may hold what Python takes for the end of a line too, such as U+2028, which PostgreSQL's JSON leaves as it is.
    summary, *rows = answer.strip().split("\n")
    try:
        told = cast("dict[str, Any]", json.loads(summary))
        if told["emptied"]:
            raise Uncountable("since they parted, tables were emptied, rewritten or dropped: their rows leave no trace")
        first, last = (datetime.fromisoformat(told[name]) if told[name] else None for name in ("first", "last"))
        return Losses(int(told["transactions"]), int(told["deleted"]), first, last, tuple(rows))
    except (ValueError, KeyError, TypeError):
        raise HhctlError(f"the database answers with something else than what was written: {summary[:80]}") from None
