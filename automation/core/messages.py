"""What people are told of a failover or failback, each in their own place. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from automation.core.moved import Moved
    from automation.core.plan import Json


class Channel(Enum):
    """Where people are told, by its key in the spec."""

    SLACK = "slack"
    STATUS_PAGE = "status_page"
    PAGER = "pager"
    INCIDENTS = "incidents"


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one channel; `id` is the same however often it is sent, so that it counts once."""

    id: str
    channel: Channel
    subject: str
    body: str

    def document(self) -> Mapping[str, Json]:
        """Return it as it is kept and sent."""
        return {**asdict(self), "channel": self.channel.value}


class MessageInvalid(ValueError):
    """What should hold a message holds none."""


def message_in(document: object) -> Message:
    """Read a message as it is kept.

    Raises:
        MessageInvalid: it is none.
    """
    held = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
    try:
        return Message(str(held["id"]), Channel(held["channel"]), str(held["subject"]), str(held["body"]))
    except (KeyError, ValueError) as error:
        raise MessageInvalid(f"no message: {error}") from error


def messages_of(moved: Moved, *, operator: str, incident: str) -> tuple[Message, ...]:
    """Say to each channel that the traffic has moved; users are told neither who did it nor what was lost, which may not be known yet."""
    subject = f"House Helper is served from {moved.region}"
    named = f" ({incident})" if incident else ""
    loss = f"Lost: {moved.loss.says}."
    by = f"{moved.operation} by {operator}{named}: {moved.reason or 'no reason given'}."
    unfenced = f" {moved.unfenced} is unfenced: keep it from coming back unwatched." if moved.unfenced else ""
    bodies = {
        Channel.SLACK: f"{by} {moved.summary}.{unfenced}",
        Channel.STATUS_PAGE: "We have moved House Helper to another region. It works again; what you see may lag behind for a minute.",
        Channel.PAGER: f"{moved.summary}.{unfenced} {_next(moved)}",
        Channel.INCIDENTS: f"{by} Measured RTO {moved.measured.rto:.1f} s. {loss}{unfenced} {_next(moved)}",
    }
    return tuple(Message(f"{moved.run}-{channel.value}", channel, subject, body.strip()) for channel, body in bodies.items())


def _next(moved: Moved) -> str:
    return f"The way back: {moved.way_back[0]}." if moved.way_back else ""
