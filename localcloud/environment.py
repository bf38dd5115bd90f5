"""What a person's own tools need to work against the local cloud."""

from __future__ import annotations

import json
import os
import shlex
import sys
from typing import TYPE_CHECKING

from localcloud import toolchain
from localcloud.aws.part import state_bucket
from localcloud.cloud import PROVIDERS, Cloud
from localcloud.folder import read_noted
from localcloud.kube.control_plane import POD_PROGRAMS, Access, ControlPlane, kubeconfig
from localcloud.kube_api import KubeApi, KubeError
from localcloud.postgres import DATABASE, SUPERUSER, Postgres, programs
from localcloud.regions import HOME_REGION, POSTGRES_SERVERS, REGIONS, STANDBY_REGION, edge_door, postgres_server
from localcloud.stack_secrets import secrets_files, write_secrets_files
from stacks.house import FOLLOW_PRIMARY
from stacks.overrides import NAME_SERVER, REGISTRY, Override

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from localcloud.regions import PostgresServer

_SHOWN_STACK = "prod"
_STATE_REGION = {"staging": HOME_REGION, "prod": HOME_REGION, "global": HOME_REGION, "dr": STANDBY_REGION}
_ON_PATH = ("kubectl", "helm", "pulumi", "migrate")


def environment(cloud: Cloud) -> Mapping[str, str]:
    """The variables that `hhctl local env` prints; every address is a door's."""
    return {
        "KUBECONFIG": str(cloud.kubeconfig),
        **cloud.aws_environment(),
        "AWS_ENDPOINT_URL": cloud.aws_endpoint(HOME_REGION),
        # The engine's S3 client otherwise warns of every object that moto answers without a checksum.
        "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
        **_past_proxies(os.environ),
        **_postgres(cloud),
        "PULUMI_HOME": str(cloud.folder.root / "pulumi"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # The engine would otherwise fetch the real plugins before it attaches the local providers.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(cloud.folder.secret_file("pulumi-passphrase")),
        "PULUMI_DEBUG_PROVIDERS": ",".join(f"{name}:{cloud.folder.port(f'provider-{name}')}" for name in PROVIDERS),
        NAME_SERVER: f"127.0.0.1:{cloud.folder.port('dns')}",
        REGISTRY: f"http://127.0.0.1:{cloud.folder.port('catalogue')}",
        **_of_regions(cloud),
        **{Override.BACKEND.variable(stack): backend(cloud, region) for stack, region in _STATE_REGION.items()},
        **{Override.URL.variable(server.stack): _workload_url(cloud, server) for server in POSTGRES_SERVERS},
        **secrets_files(cloud),
        **{Override.SECRETS_PROVIDER.variable(stack): "passphrase" for stack in _STATE_REGION},
    }


def _past_proxies(own: Mapping[str, str]) -> dict[str, str]:
    """What keeps everybody from asking a proxy for 127.0.0.1, added to what a person has set; some read the one name, some the other."""
    named = ",".join(dict.fromkeys(filter(None, (own.get("no_proxy") or own.get("NO_PROXY"), "127.0.0.1"))))
    return {"NO_PROXY": named, "no_proxy": named}


def backend(cloud: Cloud, region: str) -> str:
    """The state backend in a region, for `pulumi login`."""
    endpoint = cloud.aws_endpoint(region)
    return f"s3://{state_bucket(region)}?region={region}&endpoint={endpoint}&s3ForcePathStyle=true&disableSSL=true"


def _workload_url(cloud: Cloud, server: PostgresServer) -> str:
    """Where a stack's workload is reached: at its region's edge, whichever region is active."""
    return f"http://127.0.0.1:{cloud.door(server.region, edge_door(server.stack))}"


def write_files(cloud: Cloud) -> None:
    """Write the files that `environment` names: a kubeconfig, passwords, the stacks' secrets, the engine's login, and programs to call."""
    folder = cloud.folder
    planes = {region: ControlPlane(folder, region) for region in REGIONS}
    accesses = tuple(
        Access(
            region,
            server=f"https://127.0.0.1:{cloud.door(region, 'kubernetes')}",
            authority=plane.certificates.authority,
            token=plane.token("admin"),
        )
        for region, plane in planes.items()
    )
    folder.write_private(cloud.kubeconfig, kubeconfig(accesses, HOME_REGION))
    lines = [
        f"127.0.0.1:{cloud.door(server.region, server.door)}:*:{SUPERUSER}:{Postgres(folder, server).password}"
        for server in POSTGRES_SERVERS
    ]
    folder.write_private(folder.root / "pgpass", "\n".join(lines) + "\n")
    write_secrets_files(cloud)
    _write_login(cloud)
    _link_programs(cloud)


def note_fingerprints(cloud: Cloud) -> None:
    """Note once which clusters these are, so that `environment` pins them; one that a fault keeps from answering is not pinned yet."""
    noted = dict(_noted_fingerprints(cloud))
    for region in REGIONS:
        if region in noted:
            continue
        api = KubeApi.from_kubeconfig(cloud.kubeconfig, region)
        try:
            namespace = api.get("v1", "Namespace", "kube-system")
        except KubeError:
            continue
        finally:
            api.close()
        if namespace:
            noted[region] = namespace["metadata"]["uid"]
    cloud.folder.write_private(_fingerprints(cloud), json.dumps(noted))


def _noted_fingerprints(cloud: Cloud) -> Mapping[str, str]:
    return read_noted(_fingerprints(cloud), str)


def _fingerprints(cloud: Cloud) -> Path:
    return cloud.folder.root / "fingerprints.json"


def _postgres(cloud: Cloud) -> dict[str, str]:
    server = postgres_server(_SHOWN_STACK)
    return {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(cloud.door(server.region, server.door)),
        "PGUSER": SUPERUSER,
        "PGDATABASE": DATABASE,
        "PGPASSFILE": str(cloud.folder.root / "pgpass"),
    }


def _of_regions(cloud: Cloud) -> dict[str, str]:
    found: dict[str, str] = {}
    fingerprints = _noted_fingerprints(cloud)
    for region in REGIONS:
        found[Override.CONTEXT.variable(region)] = region
        if fingerprint := fingerprints.get(region):
            found[Override.FINGERPRINT.variable(region)] = fingerprint
        found[Override.AWS_ENDPOINT.variable(region)] = cloud.aws_endpoint(region)
        found[Override.PROMETHEUS.variable(region)] = f"http://127.0.0.1:{cloud.door(region, 'prometheus')}"
    return found


def _write_login(cloud: Cloud) -> None:
    """Leave the engine logged in where staging, prod and global keep their state, as `pulumi login` would."""
    home = cloud.folder.root / "pulumi"
    home.mkdir(mode=0o700, exist_ok=True)
    url = backend(cloud, HOME_REGION)
    login = {"current": url, "accessTokens": {url: ""}, "accounts": {url: {"lastValidatedAt": "0001-01-01T00:00:00Z"}}}
    cloud.folder.write_private(home / "credentials.json", json.dumps(login, indent=1))


def _link_programs(cloud: Cloud) -> None:
    """Gather the programs that go with these servers in one folder, so that a person need not have them or their right versions."""
    folder = cloud.folder.root / "bin"
    folder.mkdir(mode=0o755, exist_ok=True)
    wanted = {name: toolchain.path(name) for name in _ON_PATH}
    wanted |= {path.name: path for path in programs(cloud.folder).iterdir() if path.name in {"psql", "pg_dump", "pg_restore", "pgbench"}}
    for name, target in wanted.items():
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    # For pods alone: a person's own redis-cli is not to be hidden by it.
    inside = cloud.folder.root / POD_PROGRAMS
    _write_program(inside / "redis-cli", "localcloud.redis_cli")
    _write_program(inside / FOLLOW_PRIMARY, "localcloud.following", f"--folder={cloud.folder.root}")


def _write_program(path: Path, module: str, *arguments: str) -> None:
    words = shlex.join([sys.executable, "-P", "-m", module, *arguments])
    path.parent.mkdir(mode=0o755, exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    path.chmod(0o755)
