"""Domain names as DNS compares them: labels of bytes, lower case, the root last and left out."""

from __future__ import annotations

import re
from typing import TypeAlias

Name: TypeAlias = tuple[bytes, ...]
"""`(b"api", b"house-helper", b"com")`; the root is `()`."""

_ESCAPE = re.compile(rb"\\([0-3][0-7]{2})")
_PLAIN = frozenset(range(33, 127)) - frozenset(b".\\")
_LONGEST_LABEL = 63
_LONGEST_NAME = 255  # on the wire: each label with its length byte, and the root's zero (RFC 1035, 2.3.4)


def name_of(text: str) -> Name:
    r"""Read a name as Route 53 writes it, with or without the last dot; `\052` is the octal escape of `*`.

    Raises ValueError for a name that DNS cannot carry: an empty or too long label, too long as a whole, or letters beyond ASCII.
    """
    body = text.removesuffix(".")
    if not body:
        return ()
    labels = tuple(_ESCAPE.sub(_unescaped, label).lower() for label in body.encode("ascii").split(b"."))
    if not all(0 < len(label) <= _LONGEST_LABEL for label in labels) or sum(len(label) + 1 for label in labels) >= _LONGEST_NAME:
        raise ValueError(f"{text!r} is no domain name")
    return labels


def text_of(name: Name) -> str:
    """Write a name with its last dot, for people: what is not printable stands as an octal escape, as in Route 53's answers."""
    return "".join("".join(chr(byte) if byte in _PLAIN else f"\\{byte:03o}" for byte in label) + "." for label in name) or "."


def is_within(name: Name, ancestor: Name) -> bool:
    """Whether `name` is `ancestor` or stands below it."""
    return name[len(name) - len(ancestor) :] == ancestor if len(name) >= len(ancestor) else False


def _unescaped(match: re.Match[bytes]) -> bytes:
    return bytes([int(match[1], 8)])
