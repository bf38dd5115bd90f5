"""The secrets that this process can come across, so that nothing that it says or writes down gives them away."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from stacks.quantities import STACKS
from stacks.secrets import SecretsUnreadable, kept_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What names a file of secrets, or how they are encrypted, is none.
_NAMES_A_SECRET = re.compile(r"(?!.*(?:_FILE$|SECRETS_PROVIDER)).*(PASSPHRASE|PASSWORD|SECRET|TOKEN|WEBHOOK|_KEY$)", re.IGNORECASE)
_PASSPHRASE_FILE = "PULUMI_CONFIG_PASSPHRASE_FILE"  # noqa: S105 - the name of a variable, no secret itself


def secrets_in(environment: Mapping[str, str]) -> frozenset[str]:
    """Return the values of the variables whose names say that they are secret, and the secrets in the files that others name."""
    return frozenset(filter(None, _found(environment)))


def _found(environment: Mapping[str, str]) -> Iterator[str]:
    yield from (value for name, value in environment.items() if _NAMES_A_SECRET.match(name))
    yield _passphrase(environment)
    for stack in STACKS:
        for secret in _kept(stack, environment):
            yield secret
            yield unquote(_password(secret))


def _passphrase(environment: Mapping[str, str]) -> str:
    """Read the passphrase; a file that cannot be read is for the engine to tell of."""
    try:
        return Path(environment[_PASSPHRASE_FILE]).read_text(encoding="utf-8").strip()
    except (KeyError, OSError, ValueError):
        return ""


def _kept(stack: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Read the stack's own secrets; a file that cannot be read is for its program to tell of."""
    try:
        return tuple(kept_secrets(stack, environment).values())
    except SecretsUnreadable:
        return ()


def _password(secret: str) -> str:
    """Find the password in a URL, which may well be told without the rest."""
    try:
        return urlsplit(secret).password or ""
    except ValueError:
        return ""
