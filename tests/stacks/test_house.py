from __future__ import annotations

from pathlib import Path

import pytest

from stacks import house
from stacks.loading import load_spec

PROJECT = Path(__file__).resolve().parent.parent.parent


def test_stacks_come_up_in_the_order_of_what_they_need() -> None:
    assert house.earlier("staging") == ()
    assert house.earlier("prod") == ("staging", "dr")
    assert house.earlier("global") == ("staging", "dr", "prod")


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("", "https://house-helper-switch-us-west-2.s3.us-west-2.amazonaws.com/switch/us-west-2"),
        ("http://127.0.0.1:4566/", "http://127.0.0.1:4566/house-helper-switch-us-west-2/switch/us-west-2"),
    ],
)
def test_the_switch_is_read_at_amazon_or_at_the_specs_endpoint(endpoint: str, url: str) -> None:
    assert house.switch_url(load_spec(PROJECT, {"HHCTL_AWS_ENDPOINT_US_WEST_2": endpoint}), "us-west-2") == url


def test_switch_and_vault_never_share_a_bucket() -> None:
    buckets = [house.vault("prod"), house.vault("dr"), house.switch_bucket("us-east-1"), house.switch_bucket("us-west-2")]
    assert len(set(buckets)) == 4


def test_the_specs_urls_lead_to_the_stacks_own_region_whichever_serves() -> None:
    stacks = load_spec(PROJECT, {}).stacks
    urls = {name: stack.workload.url for name, stack in stacks.items() if stack.workload}
    assert urls == {
        "staging": f"https://{house.STAGING_API}",
        "prod": f"https://{house.entry('us-east-1')}",
        "dr": f"https://{house.entry('us-west-2')}",
    }
