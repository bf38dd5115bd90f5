"""How many requests a second the traffic makes, as the cloud remembers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.folder import CloudFolder

TRAFFIC = "traffic"
"""The name of the part."""
_DEFAULT = 200.0


def traffic_rate(folder: CloudFolder) -> float:
    """The rate that was set last, else 200."""
    path = folder.root / "traffic-rate"
    return float(path.read_text()) if path.exists() else _DEFAULT


def set_traffic_rate(folder: CloudFolder, rate: float) -> None:
    """Have the traffic make `rate` requests a second from its next start on."""
    folder.write_private(folder.root / "traffic-rate", f"{rate:g}")
