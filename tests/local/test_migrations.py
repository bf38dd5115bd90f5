"""The schema: what the migrations make, that each can be taken back, and that the local cloud applies them once."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, LiteralString

import psycopg
import pytest
from psycopg import sql

from localcloud.migrations import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_cloud import LocalCloud

SCHEMA = """
    select table_name, column_name, data_type, is_nullable from information_schema.columns
    where table_schema = 'public' and table_name <> 'schema_migrations' order by 1, 2
"""


def url(cloud: LocalCloud, stack: str) -> str:
    return tomllib.loads((cloud.folder / f"secrets-{stack}.toml").read_text())["databaseUrl"]


def rows(address: str, statement: LiteralString) -> list[tuple[object, ...]]:
    with psycopg.connect(address, autocommit=True) as connection:
        return connection.execute(statement).fetchall()


@pytest.fixture
def scratch(cloud: LocalCloud) -> Iterator[str]:
    """The URL of an empty database, gone afterwards."""
    name = sql.Identifier("scratch")
    with psycopg.connect(url(cloud, "staging"), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(name))
        yield url(cloud, "staging").replace("/househelper", "/scratch")
        connection.execute(sql.SQL("drop database {} with (force)").format(name))


def migrate(cloud: LocalCloud, address: str, *words: str) -> None:
    cloud.run("migrate", "-path", str(MIGRATIONS), "-database", f"{address}?sslmode=disable", *words)


def test_every_migration_has_its_way_back_and_none_is_left_out() -> None:
    files = sorted(path.name for path in MIGRATIONS.iterdir())
    numbers = [int(name[:6]) for name in files]
    assert all(re.fullmatch(r"\d{6}_[a-z_]+\.(up|down)\.sql", name) for name in files)
    assert sorted(set(numbers)) == list(range(1, len(files) // 2 + 1))
    assert {name.replace(".down.", ".up.") for name in files} == {name for name in files if ".up." in name}


@pytest.mark.parametrize("stack", ["staging", "prod", "dr"])
def test_a_stacks_database_has_the_newest_schema(cloud: LocalCloud, stack: str) -> None:
    newest = max(int(path.name[:6]) for path in MIGRATIONS.iterdir())
    assert rows(url(cloud, stack), "select version, dirty from schema_migrations") == [(newest, False)]


def test_each_migration_can_be_taken_back_and_made_again(cloud: LocalCloud, scratch: str) -> None:
    seen: list[list[tuple[object, ...]]] = [rows(scratch, SCHEMA)]
    count = len(list(MIGRATIONS.glob("*.up.sql")))
    for _ in range(count):
        migrate(cloud, scratch, "up", "1")
        seen.append(rows(scratch, SCHEMA))
    for before in reversed(seen[:-1]):
        migrate(cloud, scratch, "down", "1")
        assert rows(scratch, SCHEMA) == before
    migrate(cloud, scratch, "up")
    assert rows(scratch, SCHEMA) == seen[-1]
    assert rows(scratch, SCHEMA) == rows(url(cloud, "prod"), SCHEMA)


def test_a_schema_that_somebody_has_set_back_stays_where_it_is(cloud: LocalCloud) -> None:
    address = url(cloud, "staging")
    migrate(cloud, address, "down", "1")
    cloud.hhctl("local", "up")
    newest = max(int(path.name[:6]) for path in MIGRATIONS.iterdir())
    assert rows(address, "select version from schema_migrations") == [(newest - 1,)]
    migrate(cloud, address, "up")
