"""The one redactor: what goes to a journal, a log or a screen passes it, so that no secret stays behind there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

    from automation.core.plan import Json

MASK = "[secret]"
_SHORTEST = 6
"""A shorter secret is likelier to mask half of every sentence than to give anything away."""

_SHAPES = (
    # The password in a URL: scheme://user:password@host.
    re.compile(r"(?P<before>\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)(?P<secret>[^\s@]+)(?=@)", re.IGNORECASE),
    # A key or password that is named, as in settings, headers and query strings.
    re.compile(
        r"(?P<before>(?:password|passphrase|passwd|pgpassword|secret(?:_access)?(?:_key)?|(?:access_|auth_)?token|api_?key)"
        r"[\"']?\s*[=:](?!:)\s*[\"']?)(?P<secret>[^\s\"'&,;}]+)",
        re.IGNORECASE,
    ),
    re.compile(r"(?P<before>authorization\s*:\s*(?:bearer|basic)\s+)(?P<secret>\S+)", re.IGNORECASE),
    re.compile(r"(?P<before>https://hooks\.slack\.com/services/)(?P<secret>\S+)"),
    re.compile(r"(?P<before>)(?P<secret>\bxox[abeoprs]-[A-Za-z0-9-]{10,})"),
    re.compile(r"(?P<before>)(?P<secret>\b(?:AKIA|ASIA)[A-Z0-9]{16}\b)"),
    re.compile(r"(?P<before>)(?P<secret>\bgh[oprsu]_[A-Za-z0-9]{30,})"),
    re.compile(r"(?P<before>)(?P<secret>-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z))", re.DOTALL),
)


class Redactor:
    """Masks the secrets that it was told of, and whatever looks like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({secret for secret in secrets if len(secret) >= _SHORTEST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def text(self, text: str) -> str:
        """Return `text` with `[secret]` in place of every secret."""
        if self._known:
            text = self._known.sub(MASK, text)
        for shape in _SHAPES:
            text = shape.sub(rf"\g<before>{MASK}", text)
        return text

    def json(self, value: Json) -> Json:
        """Return `value` with every text in it redacted, names of fields too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(name): self.json(held) for name, held in value.items()}
        if isinstance(value, Sequence):
            return [self.json(held) for held in cast("Sequence[Json]", value)]
        return value
