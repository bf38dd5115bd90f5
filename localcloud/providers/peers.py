"""The engine at the other end of a connection: an attached provider is not told where it runs, as one that the engine starts is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import yaml

from localcloud.providers.kubernetes.manifests import as_object
from localcloud.providers.resource import ResourceFault

_PROJECT = "Pulumi.yaml"


def program_folder(peer: str) -> Path:
    """Return the folder that the engine of `peer` ("ipv4:127.0.0.1:PORT") would start its own plugins in: that of its program.

    It is the engine's project, or the `main` in it (sdk/go/common/workspace, `Projinfo.GetPwdMain`).

    Raises:
        ResourceFault: the engine runs as another user, or is gone.
    """
    try:
        working = Path(_process_behind(int(peer.rpartition(":")[2])).cwd())
    except psutil.Error as error:
        raise ResourceFault("the folder of the engine cannot be seen; name the chart by its absolute path") from error
    for folder in (working, *working.parents):
        if (folder / _PROJECT).is_file():
            return folder / _main(folder / _PROJECT)
    return working


def _process_behind(port: int) -> psutil.Process:
    """Return the process whose end of a connection to this one has `port`; others may have that port for connections elsewhere."""
    own = {each.raddr.port: each.laddr.port for each in psutil.Process().net_connections("tcp") if each.laddr and each.raddr}
    ends = {(each.laddr.port, each.raddr.port): each.pid for each in psutil.net_connections("tcp") if each.laddr and each.raddr}
    pid = ends.get((port, own.get(port, 0)))
    if pid is None:
        raise psutil.NoSuchProcess(0, msg=f"nobody is seen at port {port}")
    return psutil.Process(pid)


def _main(project: Path) -> str:
    written: Any = yaml.safe_load(project.read_text(encoding="utf-8"))
    return str(as_object(written).get("main") or ".")
