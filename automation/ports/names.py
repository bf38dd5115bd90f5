"""What the world is told of names, by DNS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import dns.exception
import dns.resolver

from automation.errors import HhctlError, TimedOut

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dns.rdtypes.ANY.CNAME import CNAME

_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class NameServer:
    """Asks the name server at `address` ("host:port"), or where that is None those of the system."""

    address: str | None

    def target(self, name: str) -> str:
        """Return the name that `name` is an alias of, without a dot at its end.

        Raises:
            TimedOut: no name server answers within two seconds.
            HhctlError: the name is none, or no alias.
        """
        try:
            answer = self._resolver().resolve(name, "CNAME", lifetime=_SECONDS)
        except dns.exception.Timeout as late:
            raise TimedOut(f"no name server answers within {_SECONDS:g} s", hint="hhctl doctor") from late
        except dns.exception.DNSException as error:
            raise HhctlError(f"{name}: {error}", hint="hhctl preview global") from error
        [alias] = cast("Iterable[CNAME]", answer)
        return alias.target.to_text(omit_final_dot=True)

    def _resolver(self) -> dns.resolver.Resolver:
        if self.address is None:
            return dns.resolver.Resolver()
        host, _, port = self.address.rpartition(":")
        asked = dns.resolver.Resolver(configure=False)
        asked.nameservers, asked.port = [host], int(port)
        return asked
