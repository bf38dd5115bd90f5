from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from automation.core.losses import Losses
from automation.errors import HhctlError
from automation.ports.kept_rows import KeptRows

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 1, 1, tzinfo=UTC)
LOST = Losses(2, 0, None, None, ('{"a": 1}', '{"a": 2}'))


def test_every_row_is_kept_where_its_owner_alone_reads_it(tmp_path: Path) -> None:
    kept = KeptRows(tmp_path / "lost")
    file = tmp_path / "lost" / kept.keep("prod", LOST, at=AT)
    assert file.read_text() == '{"a": 1}\n{"a": 2}\n'
    assert file.stat().st_mode & 0o777 == 0o600
    assert kept.has("prod", LOST)


def test_what_was_written_after_it_was_kept_is_not(tmp_path: Path) -> None:
    kept = KeptRows(tmp_path)
    more = replace(LOST, transactions=3, rows=(*LOST.rows, '{"a": 3}'))
    assert not kept.has("prod", LOST)
    kept.keep("prod", LOST, at=AT)
    assert not kept.has("prod", more)
    assert not kept.has("dr", LOST)
    kept.keep("prod", more, at=AT + timedelta(seconds=1))
    assert kept.has("prod", more)


def test_where_nothing_was_lost_nothing_need_be_kept(tmp_path: Path) -> None:
    assert KeptRows(tmp_path / "none").has("prod", Losses(0, 0, None, None, ()))


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HhctlError, match="file"):
        KeptRows(tmp_path / "file").keep("prod", LOST, at=AT)
