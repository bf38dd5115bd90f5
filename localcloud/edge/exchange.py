"""Requests to ports of 127.0.0.1 over connections that are kept."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.edge.message import HEAD_LIMIT, Malformed, Message, read_answer

if TYPE_CHECKING:
    from collections.abc import Container

_KEPT = 32  # idle connections to one port


class Unreached(Exception):
    """No connection could be made: nothing was asked."""


class Broken(Exception):
    """The connection ended, or what came was no answer: the request may have been carried out."""


@dataclass(frozen=True, slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def ended(self) -> bool:
        return self.reader.at_eof() or self.writer.is_closing()


class Exchanges:
    """Sends requests and reads their answers; connections are kept to every port until `keep_to` names some."""

    def __init__(self) -> None:
        self._idle: defaultdict[int, list[_Connection]] = defaultdict(list)
        self._kept_ports: Container[int] | None = None

    async def ask(self, port: int, request: Message) -> Message:
        """The answer of 127.0.0.1:`port`. Bound it in time: cancelled, it closes the connection.

        Raises:
            Unreached: nothing listens there.
            Broken: there was no whole answer.
        """
        connection = self._kept(port) or await _connected(port)
        answered = False
        try:
            connection.writer.write(request.written(keeps=True))
            answer = await read_answer(connection.reader, method=request.first[0])
            answered = answer.keeps
        except (OSError, EOFError, asyncio.LimitOverrunError, Malformed) as error:
            raise Broken(str(error) or type(error).__name__) from error
        finally:
            if answered and self._keeps(port) and len(self._idle[port]) < _KEPT:
                self._idle[port].append(connection)
            else:
                connection.writer.close()
        return answer

    def keep_to(self, ports: Container[int]) -> None:
        """Keep connections to these ports only, and none that the other side has ended; what is being asked is answered."""
        self._kept_ports = ports
        for port in list(self._idle):
            for connection in self._idle.pop(port):
                if self._keeps(port) and not connection.ended:
                    self._idle[port].append(connection)
                else:
                    connection.writer.close()

    def close(self) -> None:
        """Close the connections that are kept."""
        for connections in self._idle.values():
            for connection in connections:
                connection.writer.close()
        self._idle.clear()

    def _keeps(self, port: int) -> bool:
        return self._kept_ports is None or port in self._kept_ports

    def _kept(self, port: int) -> _Connection | None:
        """A kept connection that the other side has not ended, as far as can be seen."""
        idle = self._idle[port]
        while idle:
            connection = idle.pop()
            if not connection.ended:
                return connection
            connection.writer.close()
        return None


async def _connected(port: int) -> _Connection:
    try:
        return _Connection(*await asyncio.open_connection("127.0.0.1", port, limit=HEAD_LIMIT))
    except OSError as error:
        raise Unreached(str(error)) from error
