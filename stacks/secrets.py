"""The secrets that stacks are given: from a file of the operator's or from the engine's configuration, and on into resources only."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import TypeAlias

import pulumi

from stacks.house import HOME, PROJECT, STANDBY


class SecretName(Enum):
    """A secret, by its key in a file of secrets and, in the project's namespace, in the engine's configuration."""

    DATABASE_URL = "databaseUrl"
    CACHE_URL = "cacheUrl"
    SLACK_WEBHOOK = "slackWebhook"

    @property
    def key(self) -> str:
        """The key as `pulumi config set --secret` takes it."""
        return f"{PROJECT}:{self.value}"


Secrets: TypeAlias = Mapping[SecretName, pulumi.Input[str]]

_OF_WORKLOAD = (SecretName.DATABASE_URL, SecretName.CACHE_URL)
_OF_REGION = (*_OF_WORKLOAD, SecretName.SLACK_WEBHOOK)
_NEEDED = {"staging": _OF_WORKLOAD, HOME: _OF_REGION, STANDBY: _OF_REGION, "global": ()}


def secrets_variable(stack: str) -> str:
    """The environment variable that names a TOML file of a stack's secrets, which stand over those of the configuration."""
    return f"HHCTL_SECRETS_{stack.upper()}"


def given_secrets(stack: str, environment: Mapping[str, str]) -> Secrets:
    """Gather the secrets that `stack` needs; run within the engine.

    Raises:
        pulumi.RunError: one is missing or stands in plain text in the configuration, or the file cannot be read.
    """
    file = environment.get(secrets_variable(stack))
    held: Mapping[str, object] = _in_file(Path(file)) if file and _NEEDED[stack] else {}
    return {name: _secret(stack, name, held) for name in _NEEDED[stack]}


def _secret(stack: str, name: SecretName, held: Mapping[str, object]) -> pulumi.Output[str]:
    if isinstance(value := held.get(name.value), str):
        return pulumi.Output.secret(value)
    config = pulumi.Config(PROJECT)
    command = f"pulumi config set --stack {stack} --secret {name.key}"
    if config.get(name.value) is None:
        raise pulumi.RunError(f"{name.key} is missing; set it with `{command}`, or put it into a file that {secrets_variable(stack)} names")
    if not _encrypted(name.key):
        raise pulumi.RunError(f"{name.key} stands in plain text in the configuration; set it anew with `{command}`")
    return config.require_secret(name.value)


def _encrypted(key: str) -> bool:
    """Ask both places: an inline program is told of secret keys, one of its own process finds them in the environment."""
    return pulumi.runtime.is_config_secret(key) or key in pulumi.runtime.get_config_secret_keys_env()


def _in_file(file: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise pulumi.RunError(f"the secrets in {file} cannot be read: {error.strerror}") from error
    except ValueError:
        # What the parser says of a line may quote it.
        raise pulumi.RunError(f"the secrets in {file} are no TOML in UTF-8") from None
