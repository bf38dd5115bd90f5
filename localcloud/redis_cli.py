"""`redis-cli COMMAND…`, as the runbooks type it in `redis-0`: one command to the server of REDIS_URL, its reply on stdout.

Replies are written as redis-cli writes them where stdout is no terminal: bulk strings and numbers as they are, lists an element a line.
"""

from __future__ import annotations

import os
import sys
from typing import Any, cast

import valkey
import valkey.exceptions


def main() -> int:
    """Send the command, and return 0; 1 where the server refuses it or cannot be reached, 2 where there is none."""
    words = sys.argv[1:]
    if not words:
        sys.stderr.write("redis-cli COMMAND [ARGUMENT…]\n")
        return 2
    client: Any = valkey.Valkey  # its types have what its asynchronous kind returns, too
    server = client.from_url(os.environ["REDIS_URL"], decode_responses=True, socket_timeout=10)
    # The client makes objects of some replies; what the server said is wanted.
    server.response_callbacks.clear()
    try:
        reply: Any = server.execute_command(*words)
    except valkey.exceptions.ResponseError as refused:
        sys.stdout.write(f"(error) {refused}\n")
        return 1
    except valkey.exceptions.ConnectionError as error:
        sys.stderr.write(f"Could not connect to Redis: {error}\n")
        return 1
    sys.stdout.writelines(f"{line}\n" for line in _lines(reply))
    return 0


def _lines(reply: Any) -> list[str]:
    if isinstance(reply, list):
        return [line for each in cast("list[Any]", reply) for line in _lines(each)]
    return ["" if reply is None else str(reply)]


if __name__ == "__main__":
    sys.exit(main())
