from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from ports.disk import syncs

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
    counts, *rows = file.read_text().splitlines()
    assert json.loads(counts) == {"transactions": 2, "rows": 2, "deleted": 0, "first": None, "last": None}
    assert rows == ['{"a": 1}', '{"a": 2}']
    assert file.stat().st_mode & 0o777 == 0o600
    assert kept.has("prod", LOST)


def test_a_row_whose_text_holds_what_python_takes_for_the_end_of_a_line_is_kept_whole(tmp_path: Path) -> None:
    kept, odd = KeptRows(tmp_path), replace(LOST, rows=('{"a": "1\u20282\u20293\u00854"}', '{"a": 2}'))
    file = tmp_path / kept.keep("prod", odd, at=AT)
    assert file.read_bytes().decode().split("\n")[1:] == [*odd.rows, ""]
    assert kept.has("prod", odd)


def test_what_is_kept_is_on_the_disk_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = syncs(monkeypatch)
    file = tmp_path / "lost" / KeptRows(tmp_path / "lost").keep("prod", LOST, at=AT)
    assert synced == [(str(file), file.read_text()), (str(file.parent), "")]


def test_what_was_written_after_it_was_kept_is_not(tmp_path: Path) -> None:
    kept = KeptRows(tmp_path)
    more = replace(LOST, transactions=3, rows=(*LOST.rows, '{"a": 3}'))
    assert not kept.has("prod", LOST)
    kept.keep("prod", LOST, at=AT)
    assert not kept.has("prod", more)
    assert not kept.has("dr", LOST)
    kept.keep("prod", more, at=AT + timedelta(seconds=1))
    assert kept.has("prod", more)


def test_what_was_only_deleted_is_kept_once_it_was_counted(tmp_path: Path) -> None:
    kept, deleted = KeptRows(tmp_path), Losses(1, 1, None, None, ())
    (tmp_path / "prod-0.jsonl").write_text('{"a": 1}\n')
    assert not kept.has("prod", deleted)
    kept.keep("prod", replace(deleted, transactions=2, deleted=0), at=AT)
    assert not kept.has("prod", deleted)
    kept.keep("prod", deleted, at=AT + timedelta(seconds=1))
    assert kept.has("prod", deleted)
    assert not kept.has("prod", replace(deleted, transactions=2))


def test_where_nothing_was_lost_nothing_need_be_kept(tmp_path: Path) -> None:
    assert KeptRows(tmp_path / "none").has("prod", Losses(0, 0, None, None, ()))


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HhctlError, match="file"):
        KeptRows(tmp_path / "file").keep("prod", LOST, at=AT)
