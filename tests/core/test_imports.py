"""What import-linter cannot ask: which module of a package outside is imported."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).resolve().parents[2]


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_one_module_knows_the_automation_api() -> None:
    files = [file for folder in ("automation", "components", "stacks") for file in (PROJECT / folder).rglob("*.py")]
    knowing = [file for file in files if any(name.startswith("pulumi.automation") for name in imported(file))]
    assert [str(file.relative_to(PROJECT)) for file in knowing] == ["automation/engine/operation.py"]
