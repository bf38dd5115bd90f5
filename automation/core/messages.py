"""What people are told of a failover or failback, or of a canary that needs them, each in their own place. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

from automation.core.plan import Ending
from stacks.house import HOME, STANDBY

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


def messages_of(moved: Moved, *, incident: str) -> tuple[Message, ...]:
    """Say to each channel that the traffic has moved, or may have; users are told neither who did it nor what was lost or is left to do."""
    subject = f"House Helper is served from {moved.region}"
    users = "We have moved House Helper to another region. It works again; what you see may lag behind for a minute."
    if moved.half_way:
        subject = f"House Helper is not known to be served: its move to {moved.region} has stopped half way"
        users = "We are moving House Helper to another region. It may not answer until that is done."
    took = f" Measured RTO {moved.measured_rto:.1f} s." if moved.measured_rto is not None else ""
    stopped = f" {moved.serves}." if moved.trouble else ""
    named = f" ({incident})" if incident else ""
    loss = f"Lost: {moved.loss.says}."
    by = f"{moved.operation} by {moved.operator}{named}: {moved.reason or 'no reason given'}."
    unfenced = f" {moved.unfenced} is unfenced: keep it from coming back unwatched." if moved.unfenced else ""
    bodies = {
        Channel.SLACK: f"{by} {moved.summary}.{unfenced} {_next(moved) if moved.trouble else ''}",
        Channel.STATUS_PAGE: users,
        Channel.PAGER: f"{moved.summary}.{unfenced} {_next(moved)}",
        Channel.INCIDENTS: f"{by}{stopped}{took} {loss}{unfenced} {_next(moved)}",
    }
    return tuple(Message(f"{moved.run}-{channel.value}", channel, subject, body.strip()) for channel, body in bodies.items())


@dataclass(frozen=True, slots=True)
class CanaryEnded:
    """How a run of a canary of `version` on `stack` ended.

    `is_stable`: the stack runs the version, and no canary any more. `undone`: all was taken back. `is_left`: a canary is there still, which
    nobody else has taken over. `left_out` is why dr was not to follow, empty where it was, or need not.
    """

    run: str
    version: str
    stack: str
    ending: Ending
    is_stable: bool = False
    undone: bool = False
    is_left: bool = False
    left_out: str = ""


def canary_messages(ended: CanaryEnded, *, why: str) -> tuple[Message, ...]:
    """Say what became of an unattended canary, where people have to know; the pager only where somebody has to act."""
    subject, channels = _became(ended)
    return tuple(Message(f"{ended.run}-{channel.value}", channel, subject, why) for channel in channels)


def _became(ended: CanaryEnded) -> tuple[str, tuple[Channel, ...]]:
    canary, pressing = f"The canary of {ended.version} on {ended.stack}", (Channel.SLACK, Channel.PAGER)
    if ended.ending is Ending.CANCELLED or (ended.ending is Ending.DONE and not ended.left_out):
        return "", ()
    if ended.is_stable:
        after = f"{STANDBY} did not follow" if ended.stack == HOME else "what comes after it was not done"
        waits = ended.ending in {Ending.INCONCLUSIVE, Ending.NEEDS_A_HUMAN}
        return f"{ended.version} is stable on {ended.stack}; {after}", pressing if waits else (Channel.SLACK,)
    if ended.undone:
        return f"{canary} was halted and taken back", (Channel.SLACK,)
    if ended.ending is Ending.STALE or not (ended.is_left or ended.ending is Ending.NEEDS_A_HUMAN):
        return "", ()
    if ended.ending is Ending.INCONCLUSIVE:
        return f"{canary} waits for somebody: nobody can tell whether it does harm", pressing
    return f"{canary} needs somebody: it is neither stable nor taken back", pressing


def _next(moved: Moved) -> str:
    if moved.trouble:
        return f"Next: hhctl {moved.operation}."
    return f"The way back: {moved.way_back[0]}." if moved.way_back else ""
