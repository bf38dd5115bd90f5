"""Which local cloud a command means: the one of the checkout that the operator stands in."""

from __future__ import annotations

from automation.errors import HhctlError
from localcloud.cloud import Cloud, cloud_at
from localcloud.places import cloud_folder, project_root


def cloud_here() -> Cloud:
    """The local cloud of this checkout, which need not exist yet."""
    return cloud_at(cloud_folder(project_root()))


def existing_cloud() -> Cloud:
    """The local cloud of this checkout. Raises `HhctlError` where there is none."""
    cloud = cloud_here()
    if not cloud.folder.exists:
        raise HhctlError(f"there is no local cloud in {cloud.folder.root}", hint="hhctl local up")
    return cloud
