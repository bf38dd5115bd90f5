"""Sends what stands in the outbox: all at once, each bounded in time, and what nobody hears stays there."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.errors import HhctlError
from automation.ports.channels import Unheard, tellers
from automation.ports.outbox import Outbox, state_folder
from automation.show import tell

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from automation.core.messages import Channel, Message
    from automation.ports.channels import Teller
    from stacks.spec import Spec


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one message: `trouble` is empty where it was heard."""

    message: Message
    trouble: str = ""


def outbox() -> Outbox:
    """Return this user's outbox."""
    return Outbox(state_folder(os.environ) / "outbox")


def send(box: Outbox, spec: Spec) -> tuple[Sent, ...]:
    """Send everything that is left in the outbox; once begun it goes to its end, each message within its bound, whatever Ctrl-C says.

    Raises:
        HhctlError: the outbox cannot be read.
    """
    messages = box.left()
    to = tellers(spec.messages, say=tell)
    with ThreadPoolExecutor(max_workers=max(1, len(messages))) as senders:
        sending = [senders.submit(_send, box, to, message) for message in messages]
        with suppress(KeyboardInterrupt):
            wait(sending)
    return tuple(each.result() for each in sending)


def kept(box: Outbox, messages: Iterable[Message]) -> bool:
    """Keep messages in the outbox; false where they cannot be, which is told and changes nothing of what was done."""
    try:
        box.put(messages)
    except HhctlError as error:
        tell(f"hhctl: nobody could be told: {error.message}; next: {error.hint}")
        return False
    return True


def sent_all(box: Outbox, spec: Spec) -> Sequence[Sent] | None:
    """Tell everybody, what was left from earlier too; None where the outbox cannot be read or Ctrl-C ends it, which is told likewise."""
    try:
        return send(box, spec)
    except KeyboardInterrupt:
        tell("hhctl: not everybody was told: stopped by Ctrl-C; next: hhctl notify flush")
        return None
    except HhctlError as error:
        tell(f"hhctl: nobody could be told: {error.message}; next: {error.hint}")
        return None


def all_heard(sent: Iterable[Sent] | None) -> bool:
    """Whether everybody has heard, by what became of the messages; nobody knows that of None."""
    return sent is not None and not any(each.trouble for each in sent)


def tell_untold(sent: Iterable[Sent]) -> None:
    """Say to the operator who has not heard."""
    for each in sent:
        if each.trouble:
            tell(f"hhctl: {each.message.channel.value} was not told: {each.trouble}; next: hhctl notify flush")


def _send(box: Outbox, to: Mapping[Channel, Teller], message: Message) -> Sent:
    try:
        to[message.channel].tell(message)
    except Unheard as error:
        return Sent(message, error.message)
    box.heard(message)
    return Sent(message)
