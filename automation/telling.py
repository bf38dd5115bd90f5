"""Sends what stands in the outbox: all at once, each bounded in time, and what nobody hears stays there."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from automation.ports.channels import Unheard, tellers
from automation.ports.outbox import Outbox, state_folder
from automation.show import tell

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    """Send everything that is left in the outbox.

    Raises:
        HhctlError: the outbox cannot be read.
    """
    messages = box.left()
    to = tellers(spec.messages, say=tell)
    with ThreadPoolExecutor(max_workers=max(1, len(messages))) as senders:
        return tuple(senders.map(partial(_send, box, to), messages))


def _send(box: Outbox, to: Mapping[Channel, Teller], message: Message) -> Sent:
    try:
        to[message.channel].tell(message)
    except Unheard as error:
        return Sent(message, error.message)
    box.heard(message)
    return Sent(message)
