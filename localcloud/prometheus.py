"""Prometheus of a region."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localcloud import toolchain
from localcloud.edge import EDGE
from localcloud.part import Part, answers_http
from localcloud.pods.targets import targets_file
from localcloud.settings import TRAFFIC

if TYPE_CHECKING:
    from pathlib import Path

    from localcloud.folder import CloudFolder


def prometheus_part(folder: CloudFolder, region: str) -> Part:
    """The region's Prometheus, scraping every second the pods that ask for it, the edge and the traffic; samples carry the region."""
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
        prepare=lambda: _configure(folder, region, name, configuration),
    )


def _configure(folder: CloudFolder, region: str, name: str, configuration: Path) -> None:
    configuration.parent.mkdir(mode=0o700, exist_ok=True)
    # A folder that comes later it would not watch.
    targets_file(folder, region).parent.mkdir(mode=0o700, exist_ok=True)
    pods = {"job_name": "pods", "file_sd_configs": [{"files": [str(targets_file(folder, region))]}]}
    parts = [_job(job, folder.port(part)) for job, part in (("edge", f"{region}/{EDGE}"), ("traffic", TRAFFIC), ("prometheus", name))]
    settings = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "external_labels": {"region": region}},
        "scrape_configs": [pods, *parts],
    }
    folder.write_private(configuration, json.dumps(settings, indent=1))


def _job(name: str, port: int) -> dict[str, Any]:
    return {"job_name": name, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
