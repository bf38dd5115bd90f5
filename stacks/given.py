"""The secrets as a program is given them: from the operator's file or the engine's configuration, and on into resources only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import pulumi

from stacks.house import PROJECT
from stacks.secrets import SecretName, SecretsUnreadable, kept_secrets, needed_secrets, secrets_variable

Secrets: TypeAlias = Mapping[SecretName, pulumi.Input[str]]


def given_secrets(stack: str, environment: Mapping[str, str]) -> Secrets:
    """Gather the secrets that `stack` needs; run within the engine.

    Raises:
        pulumi.RunError: one is missing or stands in plain text in the configuration, or the file cannot be used.
    """
    try:
        kept = kept_secrets(stack, environment)
    except SecretsUnreadable as wrong:
        raise pulumi.RunError(str(wrong)) from wrong
    return {name: pulumi.Output.secret(kept[name]) if name in kept else _configured(stack, name) for name in needed_secrets(stack)}


def _configured(stack: str, name: SecretName) -> pulumi.Output[str]:
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
