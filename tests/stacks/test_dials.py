"""Dials: written to an update's configuration and read back, checked, compared."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.dials import (
    DIALS_KEY,
    REVISION_KEY,
    Canary,
    DatabaseRole,
    DialChange,
    Dials,
    DialsInvalid,
    Image,
    changes,
    dials_in,
    from_document,
    least_stable,
    revision_in,
    to_config,
)
from stacks.first import first_dials

DIGEST = "sha256:" + "a" * 64

images = st.builds(
    Image, st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True), st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True)
)


@st.composite
def any_dials(draw: st.DrawFn) -> Dials:
    image = draw(st.none() | images)
    minimum = draw(st.integers(1, 1000))
    return Dials(
        present=draw(st.booleans()),
        image=image,
        canary=draw(st.none() | st.builds(Canary, images, st.integers(0, 100), st.integers(1, 100), st.integers(1, 100)))
        if image
        else None,
        minimum=minimum,
        maximum=draw(st.integers(minimum, 2000)),
        stopped=draw(st.booleans()),
        memory=draw(st.none() | st.sampled_from(["512Mi", "4Gi"])),
        active=draw(st.booleans()),
        database_role=draw(st.none() | st.sampled_from(DatabaseRole)),
        schema=draw(st.integers(0, 10**14)),
    )


@given(dials=any_dials(), revision=st.integers(1, 10**9))
def test_what_an_update_was_configured_with_is_read_back(dials: Dials, revision: int) -> None:
    config = to_config(dials, revision=revision)
    assert dials_in(config) == dials
    assert revision_in(config) == revision


@given(before=any_dials(), after=any_dials())
def test_changes_are_none_exactly_between_equal_dials(before: Dials, after: Dials) -> None:
    assert (changes(before, after) == ()) == (before == after)
    assert len(changes(before, after)) == len(changes(after, before))


def test_changes_name_each_dial_as_it_was_and_as_it_will_be() -> None:
    stable, candidate = Image("v1", DIGEST), Image("v2", "sha256:" + "b" * 64)
    before = Dials(image=stable, minimum=2, maximum=4)
    after = Dials(image=stable, canary=Canary(candidate, 10, 1), minimum=3, maximum=4, active=True)
    assert changes(before, after) == (
        DialChange("canary.image.tag", "", "v2"),
        DialChange("canary.image.digest", "", candidate.digest),
        DialChange("canary.weight", "", "10"),
        DialChange("canary.minimum", "", "1"),
        DialChange("canary.stable", "", "1"),
        DialChange("minimum", "2", "3"),
        DialChange("active", "false", "true"),
    )
    assert changes(after, before)[-1] == DialChange("canary.stable", "1", "")


def test_the_first_dials_are_all_changes() -> None:
    assert DialChange("present", "", "true") in changes(None, Dials())


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ({"minimum": 0}, "minimum: 0 is not a whole number from 1"),
        ({"minimum": True}, "minimum: True is not a whole number from 1"),
        ({"minimum": 3, "maximum": 2}, "minimum 3 is more than maximum 2"),
        ({"minimal": 3}, "minimal: unknown key; did you mean minimum?"),
        ({"image": {"tag": "v1"}}, "image.digest: missing"),
        ({"image": {"tag": "", "digest": DIGEST}}, "image.tag: '' is not an image tag"),
        ({"image": {"tag": "v1", "digest": "latest"}}, "image.digest: 'latest' is not a digest"),
        ({"canary": {"image": {"tag": "v1", "digest": DIGEST}, "weight": 10, "minimum": 1}}, "a canary needs a stable image"),
        ({"present": "yes"}, "present: 'yes' is not true or false"),
        ({"database_role": "replica"}, "'replica' is not a role: primary, standby or fenced"),
        ({"memory": "4 gigabytes"}, "memory: '4 gigabytes' is not an amount of memory"),
        ([], "[] is not a table"),
    ],
)
def test_what_is_no_dials_is_named(document: Any, fault: str) -> None:
    with pytest.raises(DialsInvalid) as refused:
        from_document(document, place="there")
    assert str(refused.value).startswith("there: ")
    assert fault in str(refused.value)


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ({}, f"{DIALS_KEY} is missing"),
        ({DIALS_KEY: "{"}, f"{DIALS_KEY} is no JSON"),
        ({DIALS_KEY: json.dumps({"from_a_newer_hhctl": 1})}, f"{DIALS_KEY}: from_a_newer_hhctl: unknown key"),
    ],
)
def test_configuration_without_readable_dials_is_refused(config: dict[str, str], fault: str) -> None:
    with pytest.raises(DialsInvalid, match=fault):
        dials_in(config)


@pytest.mark.parametrize("written", [None, "", "0", "-1", "1.0", "one", "٣", " 1"])
def test_configuration_without_a_revision_is_refused(written: str | None) -> None:
    with pytest.raises(DialsInvalid, match=REVISION_KEY):
        revision_in({} if written is None else {REVISION_KEY: written})


def test_first_dials_stand_in_the_stacks_own_file(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  house-helper:first: {minimum: 3, maximum: 9, active: true}\n")
    assert first_dials(tmp_path, "prod") == Dials(minimum=3, maximum=9, active=True)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (None, "cannot be read: No such file"),
        ("config: [", "is no YAML"),
        ("[]", "house-helper:first is missing"),
        ("config: {}", "house-helper:first is missing"),
        ("config: {'house-helper:first': 3}", "3 is not a table"),
        ("config: {'house-helper:first': {minimum: few}}", "minimum: 'few' is not a whole number from 1"),
    ],
)
def test_a_file_without_first_dials_is_named_with_its_fault(tmp_path: Path, text: str | None, fault: str) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(DialsInvalid) as refused:
        first_dials(tmp_path, "prod")
    assert str(refused.value).startswith(str(file))
    assert fault in str(refused.value)


def test_a_canary_keeps_the_stable_pods_that_were_ready_and_never_fewer_than_the_bounds_ask_for() -> None:
    image = Image("v1", DIGEST)
    assert least_stable(Dials(image=image, minimum=3, maximum=9)) == 3
    assert least_stable(Dials(image=image, minimum=3, maximum=9, canary=Canary(image, 10, 1, stable=5))) == 5
    assert least_stable(Dials(image=image, minimum=6, maximum=9, canary=Canary(image, 10, 1, stable=5))) == 6
