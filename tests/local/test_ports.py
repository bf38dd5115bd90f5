"""Who may choose which port: no two clouds, regions of one, or tests the same, whether anything listens there or not."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from free_ports import free_port

from automation.errors import HhctlError
from localcloud import ports
from localcloud.folder import CloudFolder
from localcloud.ports import claimed_block, port_is_free, release_block
from localcloud.regions import REGIONS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def claims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("localcloud.ports.port_claims", lambda: tmp_path / "claims")
    return tmp_path / "claims"


def clouds(tmp_path: Path, count: int) -> list[Path]:
    roots = [tmp_path / f"cloud-{number}" for number in range(count)]
    for root in roots:
        root.mkdir()
    return roots


def all_of(root: Path) -> list[int]:
    block = claimed_block(root)
    return [*block.parts, *(port for region in REGIONS for port in block.pods(region))]


@pytest.mark.usefixtures("claims")
def test_no_port_is_of_two_clouds_though_all_claim_at_once(tmp_path: Path) -> None:
    roots = clouds(tmp_path, 20)
    with ThreadPoolExecutor(len(roots)) as pool:
        chosen = [port for block in pool.map(all_of, roots) for port in block]
    assert len(set(chosen)) == len(chosen)
    assert min(chosen) >= 10000
    assert max(chosen) < 32768
    assert [all_of(root) for root in roots] == [all_of(root) for root in roots]


@pytest.mark.usefixtures("claims")
def test_a_cloud_chooses_within_its_claim(tmp_path: Path) -> None:
    [root] = clouds(tmp_path, 1)
    folder = CloudFolder(root)
    assert {folder.port(f"part-{number}") for number in range(100)} < set(claimed_block(root).parts)


@pytest.mark.usefixtures("claims")
def test_a_claim_ends_with_the_folder_of_its_cloud(tmp_path: Path) -> None:
    *others, last = clouds(tmp_path, 21)
    for root in others:
        claimed_block(root)
    with pytest.raises(HhctlError, match="20 local clouds keep all ports") as full:
        claimed_block(last)
    assert full.value.hint.startswith("hhctl local down")
    given_up = all_of(others[7])
    others[7].rmdir()
    assert all_of(last) == given_up


def test_the_last_that_is_released_leaves_nothing(claims: Path, tmp_path: Path) -> None:
    first, second = clouds(tmp_path, 2)
    claimed_block(first)
    kept = all_of(second)
    release_block(first)
    assert all_of(second) == kept
    release_block(second)
    assert not claims.exists()


def test_a_port_that_is_taken_is_not_chosen() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        taken = server.getsockname()[1]
        free = free_port()
        assert ports.free_port([taken, free], taken=()) == free
        assert ports.free_port([taken, free - 1, free], taken=[free - 1]) == free
        with pytest.raises(HhctlError, match="none of the 1 ports"):
            ports.free_port([taken], taken=())
    assert port_is_free(taken)
