"""The secrets that stacks need, and the file that an operator may keep them in."""

from __future__ import annotations

import tomllib
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from stacks.house import HOME, PROJECT, STAGING, STANDBY

if TYPE_CHECKING:
    from collections.abc import Mapping


class SecretName(Enum):
    """A secret, by its key in a file of secrets and, in the project's namespace, in the engine's configuration."""

    DATABASE_URL = "databaseUrl"
    CACHE_URL = "cacheUrl"
    SLACK_WEBHOOK = "slackWebhook"

    @property
    def key(self) -> str:
        """The key as `pulumi config set --secret` takes it."""
        return f"{PROJECT}:{self.value}"


class SecretsUnreadable(ValueError):
    """A file of secrets cannot be used; the message names it, and quotes nothing of it."""


_OF_WORKLOAD = (SecretName.DATABASE_URL, SecretName.CACHE_URL)
_OF_REGION = (*_OF_WORKLOAD, SecretName.SLACK_WEBHOOK)
_NEEDED = {STAGING: _OF_WORKLOAD, HOME: _OF_REGION, STANDBY: _OF_REGION, "global": ()}


def needed_secrets(stack: str) -> tuple[SecretName, ...]:
    """The secrets without which `stack` cannot be declared."""
    return _NEEDED[stack]


def secrets_variable(stack: str) -> str:
    """The environment variable that names a TOML file of a stack's secrets, which stand over those of the engine's configuration."""
    return f"HHCTL_{stack.upper()}_SECRETS_FILE"


def kept_secrets(stack: str, environment: Mapping[str, str]) -> Mapping[SecretName, str]:
    """Read those secrets of `stack` that a file has; none where the environment names no file.

    Raises:
        SecretsUnreadable: the file that it names is missing, no TOML, or holds something else than texts.
    """
    file = environment.get(secrets_variable(stack))
    needed = needed_secrets(stack)
    if not file or not needed:
        return {}
    held = _read(Path(file))
    if odd := next((name for name in needed if not isinstance(held.get(name.value, ""), str)), None):
        raise SecretsUnreadable(f"the secrets in {file}: {odd.value} is no text")
    return {name: str(held[name.value]) for name in needed if name.value in held}


def _read(file: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SecretsUnreadable(f"the secrets in {file} cannot be read: {error.strerror}") from error
    except ValueError:
        # What the parser says of a line may quote it.
        raise SecretsUnreadable(f"the secrets in {file} are no TOML in UTF-8") from None
