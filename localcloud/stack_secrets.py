"""The secrets of each stack in the local cloud: its own database and cache, by their doors, and a webhook that leads nowhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from localcloud.postgres import DATABASE, SUPERUSER, Postgres
from localcloud.regions import POSTGRES_SERVERS
from stacks.secrets import SecretName, secrets_variable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from localcloud.cloud import Cloud
    from localcloud.regions import PostgresServer


def secrets_files(cloud: Cloud) -> Mapping[str, str]:
    """The variables that name the files of secrets, one for each stack that has a database."""
    return {secrets_variable(server.stack): str(_file(cloud, server)) for server in POSTGRES_SERVERS}


def write_secrets_files(cloud: Cloud) -> None:
    """Write those files, readable to nobody else."""
    for server in POSTGRES_SERVERS:
        # A JSON string is a TOML string.
        lines = (f"{name.value} = {json.dumps(value)}\n" for name, value in _secrets(cloud, server).items())
        cloud.folder.write_private(_file(cloud, server), "".join(lines))


def _file(cloud: Cloud, server: PostgresServer) -> Path:
    return cloud.folder.root / f"secrets-{server.stack}.toml"


def _secrets(cloud: Cloud, server: PostgresServer) -> Mapping[SecretName, str]:
    database = f"{quote(SUPERUSER)}:{quote(Postgres(cloud.folder, server).password)}@127.0.0.1:{cloud.door(server.region, server.door)}"
    cache = f":{quote(cloud.folder.secret('redis-password'))}@127.0.0.1:{cloud.door(server.region, 'redis')}"
    return {
        SecretName.DATABASE_URL: f"postgres://{database}/{DATABASE}",
        SecretName.CACHE_URL: f"redis://{cache}/0",
        SecretName.SLACK_WEBHOOK: "http://127.0.0.1:9/slack",
    }
