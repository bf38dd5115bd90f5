"""Quantities as the Kubernetes API writes them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from automation.core.amounts import amount, in_bytes


@pytest.mark.parametrize(
    ("quantity", "size"),
    [
        ("4096", 4096),
        ("64Mi", 64 * 2**20),
        ("1.5Gi", 3 * 2**29),
        (".5Gi", 2**29),
        ("2.Ki", 2048),
        ("+128M", 128 * 10**6),
        ("1P", 10**15),
        ("1E", 10**18),
        ("1Pi", 2**50),
        ("1Ei", 2**60),
        ("1e9", 10**9),
        ("1.5E3", 1500),
        ("12e-1", 2),
        ("400m", 1),
        ("1000m", 1),
        ("1500000u", 2),
        ("1n", 1),
        ("0", 0),
        ("9Ei", 2**63 - 1),
        ("1e999999999", 2**63 - 1),
    ],
)
def test_every_quantity_that_the_api_server_admits_is_read_and_rounded_up(quantity: str, size: int) -> None:
    assert in_bytes(quantity) == size


@pytest.mark.parametrize("text", ["", "Mi", "-1", "1KI", "1Zi", "1.2.3", "1e", "1 Mi", "\N{ARABIC-INDIC DIGIT THREE}"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no quantity of memory"):
        in_bytes(text)


@pytest.mark.parametrize(("quantity", "cores"), [("250m", "0.25"), ("2", "2"), ("1.5", "1.5"), ("100u", "0.0001")])
def test_parts_of_a_processor_are_kept(quantity: str, cores: str) -> None:
    assert amount(quantity) == Decimal(cores)
