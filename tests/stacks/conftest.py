"""A spec in a folder of its own, as `valid.toml` has it or changed."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def valid() -> str:
    return Path(__file__).with_name("valid.toml").read_text()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user's home without a configuration."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder
