"""Which local cloud a command means: the one of the checkout that the operator stands in."""

from __future__ import annotations

from pathlib import Path

from automation.errors import HhctlError
from localcloud.cloud import Cloud, cloud_at
from localcloud.places import cloud_folder


def project_root() -> Path:
    """The nearest folder upward that has an `hhctl.toml`; where there is none, the working directory."""
    start = Path.cwd()
    return next((folder for folder in (start, *start.parents) if (folder / "hhctl.toml").is_file()), start)


def cloud_here() -> Cloud:
    """The local cloud of this checkout, which need not exist yet."""
    return cloud_at(cloud_folder(project_root()))


def existing_cloud() -> Cloud:
    """The local cloud of this checkout. Raises `HhctlError` where there is none."""
    cloud = cloud_here()
    if not cloud.folder.exists:
        raise HhctlError(f"there is no local cloud in {cloud.folder.root}", hint="hhctl local up")
    return cloud
