"""Which lines of a log tell of errors, and which say the same."""

from __future__ import annotations

import json

import pytest

from automation.core.log_lines import LogLine, pattern_of, patterns, read_line

AT = "2026-11-23T14:36:57.979146000Z"


@pytest.mark.parametrize(
    ("text", "level", "says", "is_error"),
    [
        (json.dumps({"level": "ERROR", "message": "cannot connect"}), "error", "cannot connect", True),
        (json.dumps({"severity": "Info", "msg": "no error here"}), "info", "no error here", False),
        (json.dumps({"level": "info", "message": "started"}), "info", "started", False),
        (json.dumps(["a", "list"]), "", '["a", "list"]', False),
        ("{not json", "", "{not json", False),
        ("ERROR: disk full", "error", "ERROR: disk full", True),
        ("[warn] an error may follow", "warn", "[warn] an error may follow", False),
        ("Traceback (most recent call last):", "", "Traceback (most recent call last):", True),
        ("terrors of errorless days", "", "terrors of errorless days", False),
        ("all is well", "", "all is well", False),
        ("", "", "", False),
    ],
)
def test_a_line_is_read_with_its_level_and_words(text: str, level: str, says: str, *, is_error: bool) -> None:
    line = read_line(f"{AT} {text}", pod="api-1")
    assert line == LogLine(AT, "api-1", level, says)
    assert line.is_error is is_error


@pytest.mark.parametrize(
    ("says", "pattern"),
    [
        ("GET /tasks answered 500 in 1.25 s", "GET /tasks answered <n> in <n> s"),
        ("user 3f0c8f2e-1111-4222-8333-944455556666 is gone", "user <uuid> is gone"),
        ("connect to 10.0.0.7:5432 failed", "connect to <address> failed"),
        ("digest deadbeef0123 unknown", "digest <hex> unknown"),
        ("since 2026-11-23T14:36:57.979Z", "since <time>"),
        ("decade facade", "decade facade"),
    ],
)
def test_what_differs_from_one_time_to_the_next_gives_way_to_a_word(says: str, pattern: str) -> None:
    assert pattern_of(says) == pattern


def test_lines_that_say_the_same_are_one_pattern_and_the_most_frequent_comes_first() -> None:
    lines = [
        LogLine("2026-01-01T00:00:02Z", "b", "error", "task 2 failed"),
        LogLine("2026-01-01T00:00:01Z", "a", "error", "task 1 failed"),
        LogLine("2026-01-01T00:00:03Z", "a", "error", "out of memory"),
    ]
    first, second = patterns(lines)
    assert (first.says, first.count, first.pods, first.newest) == ("task <n> failed", 2, ("a", "b"), "task 2 failed")
    assert (first.first, first.last) == ("2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z")
    assert (second.says, second.count) == ("out of memory", 1)
