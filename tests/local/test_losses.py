"""What a real database says it has written since a place in its log."""

from __future__ import annotations

import subprocess
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

import psycopg
import pytest
from psycopg import sql

from automation.core.losses import LOST, Losses, Uncountable, read_losses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_cloud import LocalCloud


@dataclass(frozen=True)
class Scratch:
    """A database of the test's own with one table, `branch` being where its log had come once that was made."""

    cloud: LocalCloud
    url: str
    branch: str

    def run(self, *statements: LiteralString) -> None:
        """Run statements in one transaction."""
        with psycopg.connect(self.url) as connection:
            for statement in statements:
                connection.execute(statement)

    def lost(self) -> Losses:
        words = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", f"--set=branch={self.branch}"]
        done = subprocess.run(
            [*words, "--file=-", self.url],
            env=dict(self.cloud.environment),
            input=LOST,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return read_losses(done.stdout)


@pytest.fixture
def scratch(cloud: LocalCloud) -> Iterator[Scratch]:
    url = tomllib.loads((cloud.folder / "secrets-staging.toml").read_text())["databaseUrl"]
    name = sql.Identifier("losses")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(name))
        own = url.replace("/househelper", "/losses")
        with psycopg.connect(own, autocommit=True) as made:
            made.execute("create table things (id int)")
            made.execute("insert into things values (0)")
            [branch] = made.execute("select pg_current_wal_lsn()::text").fetchone() or ("",)
        yield Scratch(cloud, own, branch)
        connection.execute(sql.SQL("drop database {} with (force)").format(name))


def test_nothing_is_lost_where_nothing_was_written(scratch: Scratch) -> None:
    assert scratch.lost().transactions == 0


def test_what_savepoints_wrote_counts_as_their_transaction_and_what_they_took_back_not_at_all(scratch: Scratch) -> None:
    scratch.run(
        "savepoint one", "insert into things values (1)", "release one", "savepoint two", "insert into things values (2)", "release two"
    )
    scratch.run("insert into things values (3)", "savepoint one", "insert into things values (4)", "rollback to one")
    scratch.run("savepoint one", "delete from things where id = 0", "release one")
    losses = scratch.lost()
    assert (losses.transactions, losses.deleted) == (3, 1)
    assert losses.first
    assert losses.last
    assert losses.first < losses.last
    assert sorted(losses.rows) == [f'{{"table" : "things", "row" : {{"id": {number}}}}}' for number in (1, 2, 3)]
    assert scratch.lost() == losses


@pytest.mark.parametrize("statement", ["truncate things", "drop table things"])
def test_a_table_that_was_emptied_is_not_taken_for_one_that_nobody_wrote_to(scratch: Scratch, statement: LiteralString) -> None:
    scratch.run("insert into things values (1)")
    scratch.run(statement)
    with pytest.raises(Uncountable):
        scratch.lost()
