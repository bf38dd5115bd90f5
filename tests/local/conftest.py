"""A node without a cluster, for the tests of pods that need none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from local.pod_nodes import Api, node_in

from localcloud.pods.processes import end_strays, processes_by_mark

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localcloud.pods.node import Node


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def node(tmp_path: Path, api: Api) -> Iterator[Node]:
    """A node whose pods leave no process behind, whatever becomes of the test."""
    yield (node := node_in(tmp_path, api))
    end_strays(processes_by_mark(node.folder, node.region), keep={})
