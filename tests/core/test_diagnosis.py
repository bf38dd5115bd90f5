"""What is made of what a look at the world has seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from automation.core.diagnosis import NEEDS, Need, clock_skew, judge_alone, judge_clock, judge_cluster, judge_permissions, lies_in
from automation.core.findings import Level

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pinned", "level", "says", "fix"),
    [
        ("a-1", Level.OK, "context east leads to a-1, as pinned", ""),
        (None, Level.WARNING, "context east leads to a-1, and none is pinned", 'fingerprint = "a-1" in [regions.us-east-1]'),
        ("b-2", Level.BLOCKING, "context east leads to a-1, not to b-2", "kubectl config get-contexts"),
    ],
    ids=["the pinned one", "none pinned", "another one"],
)
def test_a_cluster_is_judged_by_its_fingerprint(pinned: str | None, level: Level, says: str, fix: str) -> None:
    finding = judge_cluster("us-east-1", context="east", fingerprint="a-1", pinned=pinned)
    assert (finding.level, finding.seen, finding.fix) == (level, says, fix)


@pytest.mark.parametrize(
    ("date", "seconds_asked", "ahead"),
    [
        ("Thu, 01 Jan 2026 12:00:00 GMT", 1.0, 0.0),
        ("Thu, 01 Jan 2026 12:00:10 GMT", 1.0, -10.0),
        ("Thu, 01 Jan 2026 11:59:00 GMT", 1.0, 60.0),
        ("Thu, 01 Jan 2026 12:00:02 GMT", 5.0, 0.0),
    ],
)
def test_our_clock_is_compared_at_the_middle_of_the_question(date: str, seconds_asked: float, ahead: float) -> None:
    assert clock_skew(date, asked=NOON, answered=NOON + timedelta(seconds=seconds_asked)) == timedelta(seconds=ahead)


@pytest.mark.parametrize(
    ("seconds", "level", "says"),
    [
        (0, Level.OK, "within 5 s"),
        (-4.9, Level.OK, "within 5 s"),
        (5, Level.WARNING, "5 s ahead"),
        (-899, Level.WARNING, "899 s behind"),
        (900, Level.BLOCKING, "900 s ahead: AWS refuses what is signed by it"),
        (-3600, Level.BLOCKING, "3600 s behind: AWS refuses what is signed by it"),
    ],
)
def test_a_clock_is_judged_by_what_it_spoils(seconds: float, level: Level, says: str) -> None:
    finding = judge_clock("aws us-east-1", timedelta(seconds=seconds))
    assert (finding.level, finding.seen, bool(finding.fix)) == (level, says, level is not Level.OK)


def test_what_the_cluster_would_refuse_is_named() -> None:
    place = "--namespace prod --context east"
    missing = [Need("delete", "", "secrets"), Need("patch", "apps", "deployments")]
    finding = judge_permissions("prod", missing, place=place)
    assert (finding.level, finding.seen) == (Level.BLOCKING, "may not delete secrets, patch deployments.apps")
    assert finding.fix == "kubectl auth can-i --list --namespace prod --context east"
    assert judge_permissions("prod", [], place=place).level is Level.OK


def test_what_operations_look_at_is_needed_as_well_as_what_they_change() -> None:
    changed = {"create namespaces", "patch deployments.apps", "delete secrets"}
    looked_at = {"get secrets", "list secrets", "list pods", "list replicasets.apps", "get deployments.apps", "list events", "get pods/log"}
    assert {*changed, *looked_at, "create pods/exec"} <= set(map(str, NEEDS))


def test_what_lies_in_the_region_that_may_be_lost_is_found_and_its_secrets_left_out() -> None:
    east = {"region": "us-east-1", "endpoint": "http://127.0.0.1:20001"}
    urls = ("s3://state?region=us-west-2", "awskms://alias/key?region=us-east-1", "postgres://me:secret@127.0.0.1:20001/x", "passphrase")
    found = lies_in(urls, **east)
    assert found == ("awskms://alias", "postgres://127.0.0.1")
    finding = judge_alone("dr", there=found, lost="us-east-1", decrypted=False)
    assert (finding.level, finding.seen) == (Level.BLOCKING, "awskms://alias, postgres://127.0.0.1 would be gone with us-east-1")
    for decrypted, says in ((False, "its state is read, and"), (True, "its state is read and its key decrypts, and")):
        finding = judge_alone("dr", there=lies_in(urls[:1], **east), lost="us-east-1", decrypted=decrypted)
        assert finding.level is Level.OK
        assert finding.seen.startswith(says)
