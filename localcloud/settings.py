"""The numbers that a local cloud remembers, and the parts that go by them from their next start on."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.errors import HhctlError

if TYPE_CHECKING:
    from localcloud.folder import CloudFolder

TRAFFIC = "traffic"
"""The name of the part."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A number kept in `file` of the cloud folder, `default` until it is set; `parts` go by it."""

    file: str
    default: float
    parts: tuple[str, ...]

    def read(self, folder: CloudFolder) -> float:
        """Return what was set last. Raises `HhctlError` where the file is damaged."""
        path = folder.root / self.file
        try:
            return float(path.read_text())
        except FileNotFoundError:
            return self.default
        except ValueError:
            raise HhctlError(f"{path} is no number: it is damaged", hint=f"rm {shlex.quote(str(path))}, then hhctl local up") from None

    def write(self, folder: CloudFolder, value: float) -> None:
        """Remember a value."""
        folder.write_private(folder.root / self.file, f"{value:g}")


TRAFFIC_RATE = Setting("traffic-rate", 200.0, (TRAFFIC,))
"""How many requests a second the traffic makes."""
TIME_SCALE = Setting("time-scale", 1.0, ("dns", TRAFFIC))
"""How much faster than the zones say health is checked and answers of DNS run out."""
