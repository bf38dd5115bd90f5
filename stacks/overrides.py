"""The environment variables that stand over `hhctl.toml`; `hhctl local env` prints them to put the local cloud in place of the real one."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from stacks.layers import EnvironmentLayer, set_at, table_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stacks.layers import Tables
    from stacks.reading import KeyPath

PULUMI_BACKEND = "PULUMI_BACKEND_URL"
"""Pulumi's own variable: it stands over the backend of every stack."""
REGISTRY = "HHCTL_REGISTRY"
"""It stands over the registry."""
NAME_SERVER = "HHCTL_DNS"
"""It stands over the name server."""
MESSAGES = {"slack": "HHCTL_SLACK", "status_page": "HHCTL_STATUS_PAGE", "pager": "HHCTL_PAGER", "incidents": "HHCTL_INCIDENTS"}
"""They stand over where people are told, by the key below `messages`."""


class Override(Enum):
    """A key of each region or each stack that a variable may set: the table it stands in, and where below the region or stack."""

    CONTEXT = ("regions", "context")
    PROMETHEUS = ("regions", "prometheus")
    AWS_ENDPOINT = ("regions", "aws_endpoint")
    FINGERPRINT = ("regions", "fingerprint")
    BACKEND = ("stacks", "backend")
    SECRETS_PROVIDER = ("stacks", "secrets_provider")
    URL = ("stacks", "workload", "url")

    def variable(self, name: str) -> str:
        """Name the variable for one region or stack: `Override.CONTEXT.variable("us-east-1")` is `HHCTL_CONTEXT_US_EAST_1`."""
        return f"HHCTL_{self.name}_{name.upper().replace('-', '_')}"


def environment_layer(files: Tables, environment: Mapping[str, str]) -> EnvironmentLayer:
    """Return what `environment` sets for the regions and stacks that `files` name; an empty variable sets nothing."""
    tables: Tables = {}
    variables: dict[KeyPath, str] = {}
    for path, names in _settable(files):
        if variable := next((name for name in names if environment.get(name)), None):
            set_at(tables, path, environment[variable])
            variables[path] = variable
    return EnvironmentLayer(variables, tables)


def _settable(files: Tables) -> Iterator[tuple[KeyPath, tuple[str, ...]]]:
    yield ("registry",), (REGISTRY,)
    yield ("dns",), (NAME_SERVER,)
    for key, variable in MESSAGES.items():
        yield ("messages", key), (variable,)
    for override in Override:
        table, *rest = override.value
        for name in table_at(files, table):
            shared = (PULUMI_BACKEND,) if override is Override.BACKEND else ()
            yield (table, name, *rest), (*shared, override.variable(name))
