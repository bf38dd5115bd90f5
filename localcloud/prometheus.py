"""Prometheus of a region."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from localcloud import toolchain
from localcloud.part import Part, answers_http

if TYPE_CHECKING:
    from pathlib import Path

    from localcloud.folder import CloudFolder


def prometheus_part(folder: CloudFolder, region: str) -> Part:
    """The region's Prometheus, scraping itself; every sample carries its region."""
    name = f"{region}/prometheus"
    port = folder.port(name)
    configuration = folder.data(name) / "prometheus.yaml"
    command = (
        str(toolchain.path("prometheus")),
        f"--config.file={configuration}",
        f"--storage.tsdb.path={configuration.parent / 'samples'}",
        "--storage.tsdb.retention.time=2d",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    )
    return Part(
        name=name,
        command=command,
        ready=answers_http(f"http://127.0.0.1:{port}/-/ready"),
        port=port,
        prepare=lambda: _configure(folder, region, port, configuration),
    )


def _configure(folder: CloudFolder, region: str, port: int, configuration: Path) -> None:
    configuration.parent.mkdir(mode=0o700, exist_ok=True)
    settings = {
        "global": {"scrape_interval": "5s", "external_labels": {"region": region}},
        "scrape_configs": [{"job_name": "prometheus", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}],
    }
    folder.write_private(configuration, json.dumps(settings, indent=1))
