"""The provider that the engine attaches to under the name `aws`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from localcloud.providers.aws.session import AwsSession
from localcloud.providers.aws.settings import config_failures, settings_from
from localcloud.providers.resource import Checked, Properties

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


class AwsProvider:
    """The local double of pulumi-aws: the same types and inputs, made in the local cloud's AWS.

    `environment` says where AWS is reached (`localcloud.providers.aws.endpoints`); without it, this process's own.
    """

    name = "aws"
    version = "7.51.1"

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = dict(os.environ if environment is None else environment)

    def check_config(self, news: Properties) -> Checked:
        """Unknown arguments are told off; all others are taken as they are."""
        return Checked(inputs=news, failures=tuple(config_failures(news)))

    def configure(self, config: Properties, *, folder: Callable[[], Path]) -> AwsSession:
        """An instance for one provider resource."""
        del folder  # none of its types takes a path
        return AwsSession(settings_from(config, environment=self._environment))
