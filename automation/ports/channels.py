"""Slack, the status page, the pager and the incident tracker, each behind one small call."""

from __future__ import annotations

import http.client
import json
import urllib.request
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from automation.core.messages import Channel
from automation.errors import HhctlError, TimedOut
from automation.ports import patience
from automation.ports.checks import AS_ANSWERED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from automation.core.messages import Message
    from stacks.spec import Messages

_SECONDS = 2.0


class Unheard(HhctlError):
    """A channel did not take a message; it may be sent again."""


class Teller(Protocol):
    """Tells people something, in one place."""

    def tell(self, message: Message) -> None:
        """Have the place take a message, within two seconds.

        Raises:
            Unheard: it did not, or did not say so.
        """
        ...


@dataclass(frozen=True, slots=True)
class Nobody:
    """The null: a place that this house does not have."""

    def tell(self, message: Message) -> None:
        """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Console:
    """Says to the operator what they are to pass on."""

    say: Callable[[str], None]

    def tell(self, message: Message) -> None:
        """Say it in a line."""
        self.say(f"to {message.channel.value.replace('_', ' ')}: {message.subject}. {message.body}")


@dataclass(frozen=True, slots=True)
class Webhook:
    """A URL that takes messages as JSON; whoever answers 2xx has it, and knows by its id that it is no other."""

    url: str

    def tell(self, message: Message) -> None:
        """Send it once."""
        request = urllib.request.Request(  # noqa: S310 - the spec allows http and https only
            self.url,
            data=json.dumps(message.document()).encode(),
            headers={"Content-Type": "application/json", "Idempotency-Key": message.id},
        )
        try:
            status = patience.within(_SECONDS, partial(_send, request), told=message.channel.value)
        except TimedOut as late:
            raise Unheard(late.message) from late
        except (OSError, http.client.HTTPException) as error:
            raise Unheard(f"{message.channel.value} does not answer: {getattr(error, 'reason', error)}") from error
        if not 200 <= status < 300:
            raise Unheard(f"{message.channel.value} answered {status}")


def _send(request: urllib.request.Request) -> int:
    """Return the status of the answer. Where that leads elsewhere nothing follows: what would get there is a GET without the message."""
    with AS_ANSWERED.open(request, timeout=_SECONDS) as answer:
        return answer.status


def tellers(messages: Messages, *, say: Callable[[str], None]) -> Mapping[Channel, Teller]:
    """Return who tells what goes to each channel, as the spec has it."""
    return {channel: _teller(getattr(messages, channel.value), say) for channel in Channel}


def _teller(destination: str | None, say: Callable[[str], None]) -> Teller:
    match destination:
        case None:
            return Nobody()
        case "console":
            return Console(say)
        case url:
            return Webhook(url)
