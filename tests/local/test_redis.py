"""The configuration of a region's Valkey, read by Valkey itself."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

from localcloud.folder import CloudFolder
from localcloud.redis import redis_part

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 120.0


def test_it_starts_in_a_folder_of_any_name(tmp_path: Path) -> None:
    folder = CloudFolder(tmp_path / r'a "cloud" of \ my own')
    folder.make()
    part = redis_part(folder, "us-east-1")
    part.prepare()
    server = subprocess.Popen(part.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        deadline = time.monotonic() + PATIENCE
        while not part.ready():
            assert server.poll() is None, server.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert (folder.data("us-east-1/valkey") / "appendonlydir").is_dir()
    finally:
        server.kill()
        server.communicate()
        folder.remove()
