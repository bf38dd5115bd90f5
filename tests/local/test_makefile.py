"""`make setup`, with programs in place of Python and uv that only note what is asked of them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
MAKES_A_WHOLE_VENV = """#!/bin/sh
echo "$@" >> asked
case "$*" in
  "-m venv"*) mkdir -p .venv/bin && for name in python uv; do printf '#!/bin/sh\\n' > .venv/bin/$name && chmod +x .venv/bin/$name; done ;;
esac
"""
WITHOUT_PIP = "#!/bin/sh\nexit 1\n"
WHOLE = "#!/bin/sh\n"


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("Makefile", "pyproject.toml", "uv.lock"):
        shutil.copy(PROJECT / name, tmp_path)
    program(tmp_path / "python", MAKES_A_WHOLE_VENV)
    return tmp_path


def venvs_made(checkout: Path) -> list[str]:
    subprocess.run(["make", "PYTHON=./python", "setup"], cwd=checkout, check=True, capture_output=True, timeout=60)
    return [line for line in (checkout / "asked").read_text().splitlines() if "venv" in line]


def test_a_venv_is_made_where_there_is_none(checkout: Path) -> None:
    assert venvs_made(checkout) == ["-m venv --clear .venv"]


def test_a_venv_that_was_made_half_is_made_anew(checkout: Path) -> None:
    program(checkout / ".venv" / "bin" / "python", WITHOUT_PIP)
    assert venvs_made(checkout) == ["-m venv --clear .venv"]


def test_a_venv_that_is_whole_is_left_alone(checkout: Path) -> None:
    for name in ("python", "uv"):
        program(checkout / ".venv" / "bin" / name, WHOLE)
    assert venvs_made(checkout) == []
