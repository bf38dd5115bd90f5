"""Postgres behind a small pool: at most so many connections a container, and nobody waits for long."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, LiteralString, TypeAlias

import psycopg
from psycopg.rows import dict_row

from localcloud.workload.metrics import family
from localcloud.workload.unavailable import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Sequence

Row: TypeAlias = dict[str, Any]
_Connection: TypeAlias = psycopg.AsyncConnection[Row]

_LIMIT = 4  # dozens of containers share the hundred connections of a server
_QUEUE_PATIENCE = 1.0  # seconds
_PATIENCE = 3.0  # seconds


class Database:
    """The stack's database. Statements run one by one, each its own transaction."""

    def __init__(self, url: str, *, application: str) -> None:
        self._url = url
        self._application = application
        self._free = asyncio.Semaphore(_LIMIT)
        self._idle: list[_Connection] = []
        self._lost: list[_Connection] = []
        self._busy = 0
        self._refusals = 0

    async def rows(self, statement: LiteralString, parameters: Sequence[object] = ()) -> list[Row]:
        """Run a statement and return its rows. Raises `Unavailable`, and psycopg's `IntegrityError` and `DataError`."""
        async with self._borrowed() as connection:
            try:
                cursor = await connection.execute(statement, parameters)
                return await cursor.fetchall()
            except psycopg.errors.ReadOnlySqlTransaction:
                raise Unavailable("the database takes no writes here") from None
            except psycopg.OperationalError as error:
                raise Unavailable(f"the database: {_first_line(error)}") from error

    async def lose_connection(self) -> None:
        """Open a connection past the pool and forget it, as a leak does; the server may have none left."""
        try:
            self._lost.append(await self._connect())
        except psycopg.OperationalError as error:
            raise Unavailable(f"the database: {_first_line(error)}") from error

    async def close(self) -> None:
        """Close the connections that nobody uses."""
        for connection in (*self._idle, *self._lost):
            await connection.close()

    def lines(self) -> Iterator[str]:
        """How the pool is used."""
        states = {"idle": len(self._idle), "busy": self._busy, "lost": len(self._lost)}
        samples = (({"state": state}, number) for state, number in states.items())
        yield from family("db_connections", "gauge", "Open database connections.", samples)
        yield from family("db_pool_limit", "gauge", "Connections that the pool may open.", [({}, _LIMIT)])
        yield from family("db_pool_refusals_total", "counter", "Requests that got no connection in time.", [({}, self._refusals)])

    @asynccontextmanager
    async def _borrowed(self) -> AsyncGenerator[_Connection]:
        """A connection of the pool, cut when it is used for too long; one that is broken does not come back."""
        try:
            async with asyncio.timeout(_QUEUE_PATIENCE):
                await self._free.acquire()
        except TimeoutError:
            self._refusals += 1
            raise Unavailable(f"no database connection was free within {_QUEUE_PATIENCE:g} s") from None
        self._busy += 1
        try:
            connection = await self._open()
            cutting = asyncio.get_running_loop().call_later(_PATIENCE, _cut, connection)
            try:
                yield connection
            finally:
                cutting.cancel()
                if not connection.closed:
                    self._idle.append(connection)
        finally:
            self._busy -= 1
            self._free.release()

    async def _open(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if not _hung_up(connection):
                return connection
            await connection.close()
        try:
            return await self._connect()
        except psycopg.OperationalError as error:
            raise Unavailable(f"the database: {_first_line(error)}") from error

    async def _connect(self) -> _Connection:
        return await psycopg.AsyncConnection[Row].connect(
            self._url,
            autocommit=True,
            row_factory=dict_row,
            connect_timeout=2,
            application_name=self._application,
            options=f"-c statement_timeout={_PATIENCE * 1000:.0f}",
        )


def _cut(connection: _Connection) -> None:
    """End a connection that hangs. Cancelling its statement would hang as well, in the same black hole."""
    with socket.socket(fileno=os.dup(connection.fileno())) as handle:
        handle.shutdown(socket.SHUT_RDWR)


def _hung_up(connection: _Connection) -> bool:
    """Whether the server has ended an idle connection: there is something to read where nothing was asked."""
    with socket.socket(fileno=os.dup(connection.fileno())) as handle:
        try:
            handle.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
