"""What is left after `hhctl local down`: nothing."""

from __future__ import annotations

import json
import socket
import stat
from typing import TYPE_CHECKING

from local_cloud import LocalCloud

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_down_leaves_no_process_no_port_and_no_folder(
    tmp_path_factory: pytest.TempPathFactory, cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = LocalCloud(cloud.folder.with_name(cloud.folder.name + "-down"), tmp_path_factory.mktemp("home"))
    temporary = tmp_path_factory.mktemp("temporary")
    monkeypatch.setenv("TMPDIR", str(temporary))
    own.hhctl("local", "up", limit=400)
    ports = json.loads((own.folder / "ports.json").read_text())
    assert own.processes()
    assert stat.S_IMODE((own.folder / "tmp").stat().st_mode) == 0o700
    own.hhctl("local", "down")
    assert own.processes() == []
    assert not own.folder.exists()
    assert not own.folder.with_name(own.folder.name + ".lock").exists()
    for port in ports.values():
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert list(temporary.iterdir()) == []


def test_down_where_nothing_is_up_does_nothing(tmp_path: Path) -> None:
    nowhere = LocalCloud(tmp_path / "none", tmp_path)
    assert "nothing to do" in nowhere.hhctl("local", "down").stderr
