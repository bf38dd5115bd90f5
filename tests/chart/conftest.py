"""Helm, built once."""

from __future__ import annotations

import pytest

from localcloud import toolchain


@pytest.fixture(scope="session", autouse=True)
def _programs() -> None:
    toolchain.ensure(toolchain.progress_on_stderr())
