"""Properties on the wire, and what a provider knows of the engines that are connected to it."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2

from localcloud.providers.connections import Connections
from localcloud.providers.paths import parse_path, spell_path, value_at
from localcloud.providers.properties import parse_config, unwrap, wrap

SIGNATURE, SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"


def secret(value: Any) -> dict[str, Any]:
    return {SIGNATURE: SECRET, "value": value}


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(values, struct_pb2.Struct())


def plain(wired: struct_pb2.Struct) -> dict[str, Any]:
    return json_format.MessageToDict(wired)


def test_values_come_as_they_were_given() -> None:
    values = {"text": "a", "whole": 3, "part": 0.5, "truth": True, "nothing": None, "list": [1, {"a": []}], "object": {}}
    assert unwrap(struct(values)).values == values
    assert isinstance(unwrap(struct(values)).values["whole"], int)
    assert unwrap(wrap(values)).values == values


def test_secrets_are_unwrapped_wherever_they_stand_and_their_paths_are_known() -> None:
    found = unwrap(struct({"a": secret("s1"), "b": {"c": [1, secret({"d": "s22", "e": "long one"})]}}))
    assert found.values == {"a": "s1", "b": {"c": [1, {"d": "s22", "e": "long one"}]}}
    assert found.secrets == {("a",), ("b", "c", 1)}
    assert found.secret_texts() == {"long one"}


@pytest.mark.parametrize(
    ("values", "path", "expected"),
    [
        ({"a": "x"}, ("a",), {"a": secret("x")}),
        ({"a": {"b": 1, "c": 2}}, ("a", "b"), {"a": {"b": secret(1), "c": 2}}),
        ({"a": [1, 2]}, ("a", 1), {"a": [1, secret(2)]}),
        ({"a": [1]}, ("a", 1), {"a": secret([1])}),
        ({"a": [1]}, ("a", 3, "b"), {"a": secret([1])}),
        ({"a": 1}, ("b", "c"), {"a": 1}),
        ({"a": "not an object"}, ("a", "b"), {"a": "not an object"}),
    ],
)
def test_what_stands_where_a_secret_stood_is_secret(values: dict[str, Any], path: Any, expected: dict[str, Any]) -> None:
    assert plain(wrap(values, {path})) == expected


def test_what_is_inside_a_secret_is_not_made_one_again() -> None:
    assert plain(wrap({"a": {"b": "x"}}, {("a",), ("a", "b")})) == {"a": secret({"b": "x"})}


@pytest.mark.parametrize(
    ("path", "spelled"),
    [
        (("spec", "ports", 0, "name"), "spec.ports[0].name"),
        (("metadata", "labels", "app.kubernetes.io/name"), 'metadata.labels["app.kubernetes.io/name"]'),
        (("a", 0, 1), "a[0][1]"),
        (('sa"id',), '["sa\\"id"]'),
    ],
)
def test_a_path_is_spelled_as_the_engine_does_and_read_again(path: Any, spelled: str) -> None:
    assert spell_path(path) == spelled
    assert parse_path(spelled) == path


def test_a_value_is_found_by_its_path_or_not_at_all() -> None:
    tree = {"a": [{"b": 1}]}
    assert value_at(tree, ("a", 0, "b")) == 1
    for path in (("a", 1), ("a", "b"), ("x", 0), ("a", 0, "b", "c")):
        assert value_at(tree, path) is None


def test_configuration_is_parsed_where_it_is_more_than_text() -> None:
    raw = {
        "context": "us-east-1",
        "enable": "true",
        "off": "false",
        "number": "123",
        "client": '{"qps": 5}',
        "broken": "{oops",
        "real": True,
    }
    parsed = {**raw, "enable": True, "off": False, "client": {"qps": 5}}
    assert parse_config(raw) == parsed


def test_a_connection_keeps_what_belongs_to_it() -> None:
    connections = Connections(lambda: {"a", "b"})
    first, second = connections.open("a"), connections.open("b")
    first.cancelled.set()
    assert connections.of("a") is first
    assert not connections.of("b").cancelled.is_set()
    assert connections.of("b") is second


def test_a_closed_connection_is_forgotten_when_another_opens() -> None:
    alive = {"a"}
    connections = Connections(lambda: alive)
    closed = connections.open("a")
    alive.clear()
    connections.open("b")
    assert connections.of("a") is not closed


def test_a_port_that_is_used_again_starts_anew() -> None:
    connections = Connections(lambda: {"a"})
    connections.open("a").cancelled.set()
    assert not connections.open("a").cancelled.is_set()


def test_a_connection_that_opens_during_a_look_at_the_others_is_kept() -> None:
    def look() -> set[str]:
        connections.of("late")
        return set()

    connections = Connections(look)
    connections.open("a")
    late = connections.of("late")
    assert connections.of("late") is late


def test_all_are_cancelled_when_the_server_stops() -> None:
    connections = Connections(lambda: {"a", "b"})
    opened = [connections.open(peer) for peer in ("a", "b")]
    connections.cancel_all()
    assert all(each.cancelled.is_set() for each in opened)
