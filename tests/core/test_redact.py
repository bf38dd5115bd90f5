"""The redactor: secrets it was told of, and whatever looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automation.core.redact import MASK, Redactor


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://app:hunter22@db:5432/house", "postgres://app:[secret]@db:5432/house"),
        ("redis://:hunter22@cache:6379", "redis://:[secret]@cache:6379"),
        ("PGPASSWORD=hunter22 psql", "PGPASSWORD=[secret] psql"),
        ('{"password": "hunter22", "user": "app"}', '{"password": "[secret]", "user": "app"}'),
        ("aws_secret_access_key = abc/def+ghi", "aws_secret_access_key = [secret]"),
        ("?token=abc&next=1", "?token=[secret]&next=1"),
        ("Authorization: Bearer eyJhbGciOi.x.y", "Authorization: Bearer [secret]"),
        ("posting to https://hooks.slack.com/services/T0/B0/xyz", "posting to https://hooks.slack.com/services/[secret]"),
        ("key AKIAIOSFODNN7EXAMPLE denied", "key [secret] denied"),
        ("xoxb-123456789012-abcdef said no", "[secret] said no"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- end", "[secret] end"),
        ("-----BEGIN PRIVATE KEY-----\nMII", "[secret]"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, shown: str) -> None:
    assert Redactor().text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "scale api 4 --maximum 4 --stack prod",
        "sha256:" + "a" * 64,
        "https://api.house-helper.com/health",
        "the secrets provider awskms://alias/house-helper-state?region=us-east-1",
        "urn:pulumi:prod::house-helper::kubernetes:core/v1:Secret::database",
        "AccessDenied: not yours",
    ],
)
def test_what_is_no_secret_is_shown(text: str) -> None:
    assert Redactor().text(text) == text


@given(secret=st.text(min_size=6), before=st.text(), after=st.text())
def test_a_secret_it_was_told_of_never_shows(secret: str, before: str, after: str) -> None:
    shown = Redactor([secret]).text(f"{before}{secret}{after}")
    assert secret not in shown.replace(MASK, "\0") or secret in MASK


def test_a_secret_that_holds_another_is_masked_whole() -> None:
    assert Redactor(["hunter22", "hunter22-long"]).text("it is hunter22-long") == f"it is {MASK}"


def test_a_word_too_short_to_be_a_secret_is_left() -> None:
    assert Redactor(["", "app"]).text("the app is up") == "the app is up"


def test_every_text_in_json_is_masked_and_all_else_is_kept() -> None:
    held = {"n": 1, "hunter22": ["hunter22", None, {"deep": "so hunter22", "yes": True}], "share": 0.5}
    assert Redactor(["hunter22"]).json(held) == {"n": 1, MASK: [MASK, None, {"deep": f"so {MASK}", "yes": True}], "share": 0.5}
