"""`follow-primary --stack S --primary P` in `postgresql-0`: the server of one stack made a standby of another's.

The work is done by a process of its own, which ends it even where whoever asked is gone by then.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from automation.errors import Busy, HhctlError
from localcloud.folder import CloudFolder
from localcloud.postgres import HOST, REPLICATOR, SUPERUSER, DatabaseFault, Postgres
from localcloud.process import is_alive, kill, own_for, running, start
from localcloud.regions import POSTGRES_SERVERS, PostgresServer, postgres_server

if TYPE_CHECKING:
    from collections.abc import Generator

_AGAIN = 0.1  # seconds
_LASTS = 1.0  # seconds
_LOCKED_SECONDS = 30.0
_STOP_SECONDS = 10.0
_STREAM_SECONDS = 30.0
_OURS = ("primary_conninfo", "primary_slot_name", "default_transaction_read_only")
"""What stands otherwise in a standby's configuration than in that which it has from its primary, or from when it was one."""


def main() -> int:
    """Have it done and wait for it; 1 with what went wrong on stderr."""
    parser = argparse.ArgumentParser(prog="follow-primary", description="Make a stack's database a standby of another stack's.")
    stacks = [server.stack for server in POSTGRES_SERVERS]
    parser.add_argument("--folder", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--stack", choices=stacks, required=True)
    parser.add_argument("--primary", choices=stacks, required=True)
    parser.add_argument("--itself", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if not asked.itself:
        return _elsewhere(sys.argv[1:])
    folder = CloudFolder(asked.folder)
    try:
        with _held(folder):
            follow(Postgres(folder, postgres_server(asked.stack)), postgres_server(asked.primary))
    except HhctlError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    return 0


def _elsewhere(arguments: list[str]) -> int:
    """Do it in a session of its own."""
    # What it says fits into a pipe, so that it never waits for a reader who is gone.
    command = [sys.executable, "-P", "-m", "localcloud.following", *arguments, "--itself"]
    done = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)
    _, said = done.communicate()
    sys.stderr.write(said)
    return done.returncode


@contextmanager
def _held(folder: CloudFolder) -> Generator[None]:
    """Keep `local up` and its like out meanwhile; wait for one that is at it."""
    ends = time.monotonic() + _LOCKED_SECONDS
    while True:
        try:
            with folder.held():
                yield
                return
        except Busy:
            if time.monotonic() >= ends:
                raise
            time.sleep(_AGAIN)


def follow(standby: Postgres, primary: PostgresServer) -> None:
    """Make `standby` follow `primary`, from its own files where they can be rewound and are followed up, else from a copy; it streams then.

    Raises:
        DatabaseFault: it could not be done.
    """
    try:
        _make_slot(standby, primary)
        if _follows(standby):
            return
        _stop(standby)
        if _rewind(standby, primary):
            _start(standby, primary)
            if _streams_soon(standby):
                return
        _copy_instead(standby, primary)
        if not _streams_soon(standby):
            raise DatabaseFault(f"the database of {standby.server.stack} does not stream from its primary within {_STREAM_SECONDS:g} s")
    except psycopg.Error as error:
        raise DatabaseFault(f"the database of {standby.server.stack} cannot follow that of {primary.stack}: {error}") from error


def _follows(standby: Postgres) -> bool:
    """Tell whether its primary sends to it and goes on: what lacks a log that is gone begins to receive again and again."""
    with suppress(psycopg.OperationalError):
        if not standby.replays() or (receiver := standby.receiver()) is None:
            return False
        time.sleep(_LASTS)
        return standby.receiver() == receiver
    return False


def _make_slot(standby: Postgres, primary: PostgresServer) -> None:
    """Have the primary keep its log for the standby, and write down which timeline it is on: `pg_rewind` reads that from its files."""
    with psycopg.connect(
        host=HOST,
        port=standby.door(primary),
        user=SUPERUSER,
        password=standby.password,
        dbname=SUPERUSER,
        connect_timeout=2,
        autocommit=True,
    ) as connection:
        connection.execute("checkpoint")
        slot = standby.server.stack
        kept = connection.execute("select wal_status from pg_replication_slots where slot_name = %s", (slot,)).fetchone()
        if kept == ("lost",):
            connection.execute("select pg_drop_replication_slot(%s)", (slot,))
        if kept in {None, ("lost",)}:
            connection.execute("select pg_create_physical_replication_slot(%s)", (slot,))


def _stop(standby: Postgres) -> None:
    process = running(standby.folder).get(standby.server.part)
    if process is None:
        return
    os.kill(process.pid, signal.SIGINT)
    ends = time.monotonic() + _STOP_SECONDS
    while is_alive(process):
        if time.monotonic() >= ends:
            kill([process])
        time.sleep(_AGAIN)


def _start(standby: Postgres, primary: PostgresServer) -> None:
    _configure(standby, primary)
    part = standby.part()
    part.prepare()
    start(standby.folder, part.launch)


def _rewind(standby: Postgres, primary: PostgresServer) -> bool:
    """Take back what the stopped server has written and the primary has not; tell whether that could be done."""
    source = f"host={HOST} port={standby.door(primary)} user={SUPERUSER} dbname={SUPERUSER}"
    data = f"--target-pgdata={standby.data}"
    try:
        standby.run("pg_rewind", data, f"--source-server={source}", environment={"PGPASSWORD": standby.password})
    except DatabaseFault as fault:
        sys.stderr.write(f"{fault.message}\n")
        return False
    return True


def _copy_instead(standby: Postgres, primary: PostgresServer) -> None:
    """Copy a server anew that could not be rewound, or lacks a part of the log that its primary has not kept."""
    sys.stderr.write(f"copying the database of {standby.server.stack} instead\n")
    is_whole = standby.server.part in running(standby.folder)
    _stop(standby)
    try:
        _copy(standby, primary)
    except DatabaseFault:
        if is_whole:  # it replays on, and can be promoted
            _start(standby, primary)
        raise
    _start(standby, primary)


def _copy(standby: Postgres, primary: PostgresServer) -> None:
    draft, replaced = (standby.data.with_name(name) for name in ("draft", "replaced"))
    for left_over in (draft, replaced):
        shutil.rmtree(left_over, ignore_errors=True)
    standby.copy(draft, primary)
    standby.data.replace(replaced)
    draft.replace(standby.data)
    shutil.rmtree(replaced)


def _configure(standby: Postgres, primary: PostgresServer) -> None:
    """Say whom it follows, in the file that ALTER SYSTEM writes, so that its own statements can take it back."""
    words = {"host": HOST, "port": standby.door(primary), "user": REPLICATOR, "password": standby.replication_password}
    address = " ".join(f"{key}={value}" for key, value in words.items())
    file = standby.data / "postgresql.auto.conf"
    kept = [line for line in file.read_text().splitlines() if not line.startswith(_OURS)]
    lines = [*kept, f"primary_conninfo = '{address}'", f"primary_slot_name = '{standby.server.stack}'"]
    file.write_text("\n".join(lines) + "\n")
    signal_file = standby.data / "standby.signal"
    signal_file.touch(mode=0o600)
    own_for(standby.launch, signal_file)


def _streams_soon(standby: Postgres) -> bool:
    ends = time.monotonic() + _STREAM_SECONDS
    while not _follows(standby):
        if time.monotonic() >= ends:
            return False
        time.sleep(_AGAIN)
    return True


if __name__ == "__main__":
    sys.exit(main())
