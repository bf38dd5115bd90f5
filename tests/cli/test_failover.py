"""Regional failovers as an operator types them, each on a local cloud of its own: what a failover has moved, no test can move back."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import threading
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psycopg
import pytest
from free_ports import free_port
from local_cloud import LocalCloud
from pods.programs import until
from psycopg import sql
from terminal import Ended, Terminal, ended

from automation.errors import HhctlError
from automation.ports.names import NameServer
from localcloud.kube_api import KubeApi
from localcloud.kube_http import KubeError
from stacks.house import API, edge
from stacks.overrides import NAME_SERVER, Override
from stacks.quantities import STACKS
from stacks.secrets import SecretName, secrets_variable
from stacks.switching import INTERVAL_SECONDS, THRESHOLD, TTL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

# Each begins with a cloud and four stacks of its own.
pytestmark = pytest.mark.timeout(1800)

TIME_SCALE = 5
AT_HOME, AT_STANDBY = edge("us-east-1"), edge("us-west-2")
FENCED_WITHIN = 10.0
"""Seconds after a lost region has come back; issue: no write may pass its Service for longer."""
DEATHS = ("step-1-carried-out", "step-2-carried-out", "step-3-carried-out", "step-6-carried-out", "step-4-carried-out", "ended")
"""A death in each step that does something: size, shut, fence, promotion, then the turn, by when there is no fence left to undo, and one
before anybody is told."""
LOOK_WITHIN = 15.0
"""Seconds for a whole refusal while a region is silent: each look at it is over after two, but the machine has other things to do."""
OWN_SECONDS = 3.0
"""What a failover may take of its own until the switch is written, on a machine that has nothing else to do."""
START_SECONDS = 0.12
"""What `hhctl --help` takes there, by `benchmarks/startup.md`: a machine that takes longer is that much slower in all else."""
FLIP_SECONDS = INTERVAL_SECONDS * THRESHOLD / TIME_SCALE + 1.0
"""From the switch written to DNS that follows it."""


@dataclass(frozen=True)
class House:
    """All four stacks, up in a local cloud of their own in which health is checked faster than the zones say."""

    cloud: LocalCloud
    operator: Terminal

    def leads_to(self) -> str:
        return NameServer(self.operator.environment[NAME_SERVER]).target(API)

    def post(self, stack: str, title: str) -> int:
        with suppress(httpx.TransportError):
            url = self.operator.environment[Override.URL.variable(stack)]
            return httpx.post(f"{url}/tasks", json={"title": title}, timeout=5).status_code
        return 0

    def database(self, stack: str) -> psycopg.Connection:
        secrets = tomllib.loads(Path(self.operator.environment[secrets_variable(stack)]).read_text())
        return psycopg.connect(secrets[SecretName.DATABASE_URL.value], autocommit=True, connect_timeout=2)

    def behind_the_doors(self) -> psycopg.Connection:
        """Reach prod's database from within its region, as those do who are cut off with it."""
        secrets = tomllib.loads(Path(self.operator.environment[secrets_variable("prod")]).read_text())
        port = json.loads((self.cloud.folder / "ports.json").read_text())["us-east-1/postgres-prod"]
        return psycopg.connect(secrets[SecretName.DATABASE_URL.value], port=port, autocommit=True, connect_timeout=2)

    def fences(self) -> set[tuple[bool, bool]]:
        """Whether the API and the fence of each of prod's pods are Ready; nothing while nobody can tell."""
        api = KubeApi.from_kubeconfig(self.operator.environment["KUBECONFIG"], "us-east-1")
        with closing(api), suppress(KubeError):
            pods = api.list("v1", "Pod", "house-helper-prod")
            ready = [{each["name"]: each["ready"] for each in pod["status"].get("containerStatuses", [])} for pod in pods]
            return {(each["api"], each["fence"]) for each in ready if {"api", "fence"} <= each.keys()}
        return set()

    def takes_writes(self, stack: str) -> bool:
        with self.database(stack) as connection:
            found = connection.execute("select not pg_is_in_recovery() and not current_setting('default_transaction_read_only')::bool")
            return found.fetchone() == (True,)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    cloud = LocalCloud(Path(f"/var/tmp/hhctl-test-failover-{os.getpid()}"), tmp_path)
    try:
        cloud.hhctl("local", "up", "--traffic", "5", "--time-scale", str(TIME_SCALE), limit=400)
        operator = Terminal(dict(cloud.environment))
        for stack in STACKS:
            operator.must("up", stack, "--yes", "--reason", "a test")
        yield House(cloud, operator)
    finally:
        cloud.hhctl("local", "down")


@contextmanager
def beside(work: Callable[[], None]) -> Generator[None]:
    """Do some work again and again, in a thread, while the block runs; what it raises is raised at the end."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(0.1):
            try:
                work()
            except psycopg.OperationalError:
                continue  # its session was ended

    with ThreadPoolExecutor(max_workers=1) as workers:
        working = workers.submit(run)
        try:
            yield
        finally:
            over.set()
    working.result()


class OnlyOne:
    """Somebody who writes to both databases again and again, past all pods and by sessions that are kept; only one may ever take that."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._sessions: dict[str, psycopg.Connection] = {}
        self._took: set[str] = set()

    def look(self) -> None:
        # Asked a second time, prod took writes before and after dr did.
        took = [self._takes(stack) for stack in ("prod", "dr", "prod")]
        assert not all(took), "two databases take writes"

    def _takes(self, stack: str) -> bool:
        try:
            if stack not in self._sessions or self._sessions[stack].closed:
                self._sessions[stack] = self._house.database(stack)
            self._sessions[stack].execute("insert into tasks (title) values ('only one')")
        except (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction):
            return False
        self._took.add(stack)
        return True

    def saw_both(self) -> bool:
        """Whether each of the two databases has taken a write, so that two that do at once would have been seen."""
        return self._took == {"prod", "dr"}


class Knocker:
    """Somebody who writes at prod's own door again and again, and remembers when it answered what."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._answers: list[tuple[float, int]] = []

    def write(self) -> None:
        if status := self._house.post("prod", "must not be written"):
            self._answers.append((time.monotonic(), status))

    def late(self) -> list[int]:
        """What was answered later than it may take to fence: the door answers at all from when the region is back."""
        return [status for at, status in self._answers if at > self._answers[0][0] + FENCED_WITHIN]


def heal(house: House) -> None:
    """Bring us-east-1 back: no write passes there, and what keeps it out is the fence of pods that could serve."""
    knocker = Knocker(house)
    with beside(knocker.write):
        house.cloud.hhctl("local", "fault", "--clear", limit=400)
        until(lambda: house.fences() == {(True, False)}, within=120)
        until(lambda: len(knocker.late()) >= 5, within=60)
    assert 201 not in knocker.late()
    assert knocker.late()[-1] == 503


def kept(house: House, stack: str) -> set[str]:
    """The titles of the rows that a stack's database has."""
    with house.database(stack) as connection:
        return {title for (title,) in connection.execute("select title from tasks where title like 'row %'")}


def given_up(refused: Ended) -> set[str]:
    """The titles of the rows in the file that a refusal names."""
    file = re.search(r"kept in (\S+),", refused.err)
    assert file
    _, *rows = (json.loads(line) for line in Path(file[1]).read_text().splitlines())
    return {each["row"]["title"] for each in rows if each["table"] == "tasks" and each["row"]["title"].startswith("row ")}


def told_of(refused: Ended) -> str:
    """How many transactions a refusal says would be lost."""
    found = re.search(r"(\d+) transactions? \(", refused.err)
    assert found
    return found[1]


class Writer:
    """Somebody who writes numbered rows to wherever the public name leads, and remembers which were taken."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._tried = 0
        self.acknowledged: list[str] = []

    def write(self) -> None:
        self._tried += 1
        title = f"row {self._tried}"
        with suppress(HhctlError):
            if self._house.post("prod" if self._house.leads_to() == AT_HOME else "dr", title) == 201:
                self.acknowledged.append(title)


def test_traffic_leaves_a_dead_region_when_an_operator_moves_it_and_not_before(house: House) -> None:
    writer = Writer(house)
    with beside(writer.write):
        until(lambda: len(writer.acknowledged) >= 20, within=60)
        house.cloud.hhctl("local", "fault", "--region", "us-east-1", "--down")
        until_the_world_would_have_followed()
        assert house.leads_to() == AT_HOME

        refused = house.operator("failover", "us-west-2", "--yes", "--reason", "drill")
        assert refused.code == 13
        # On a slow machine the standby has heard nothing for longer than the RPO by now, and that is named too.
        assert "--assume-lost us-east-1" in refused.err.rpartition("next: ")[2]

        words = ("failover", "us-west-2", "--assume-lost", "us-east-1", "--yes", "--reason", "drill")
        assert house.operator(*words, HHCTL_FAILPOINT="step-3-carried-out:kill").code == -signal.SIGKILL
        assert house.leads_to() == AT_HOME
        done = of_two_at_once(house, *words, "-o", "json")
        report = done.document
        assert report["unfenced"] == "us-east-1"
        assert report["lost"]["transactions"] is None
        phases = [phase["title"] for phase in report["phases"]]
        assert "promote the database on dr: the database takes writes already" in phases
        assert "gates of update dr" in phases
        assert sum(phase["seconds"] for phase in report["phases"]) <= report["rto"]
        assert "failback us-east-1" in Path(report["file"]).read_text()
        assert house.leads_to() == AT_STANDBY
        until(lambda: house.post("dr", "written after the failover") == 201, within=60)
    assert house.operator(*words).code == 13
    serving = {item["stack"]: item["serves"] for item in house.operator("status", "-o", "json").document["items"]}
    assert serving["dr"] == "yes"

    heal(house)
    assert_home_again(house, writer)


def of_two_at_once(house: House, *words: str) -> Ended:
    """Have two operators type the same; one does it, which is given, the other one is told that somebody does."""
    both = [house.operator.start(*words) for _ in range(2)]
    one, other = sorted(map(ended, both), key=lambda each: each.code)
    assert (one.code, other.code in {12, 14}) == (0, True), (one.err, other.err)
    return one


def assert_home_again(house: House, writer: Writer) -> None:
    """The traffic comes home; what is lost by that is what the refusal before it said."""
    missing = set(writer.acknowledged) - kept(house, "dr")
    words = ("failback", "us-east-1", "--yes", "--reason", "home")
    done = house.operator(*words)
    assert done.code == 13 or not missing, done.err
    # What nobody was told had been written may be lost too, and is in the way likewise.
    if done.code == 13:
        assert given_up(done) >= missing
        assert not given_up(done) & kept(house, "dr")
        done = house.operator(*words, "--accept-data-loss")
    assert done.code == 0, done.err
    assert house.leads_to() == AT_HOME
    assert kept(house, "prod") >= set(writer.acknowledged) - missing
    until(lambda: house.post("prod", "written at home") == 201, within=60)
    assert not house.takes_writes("dr")
    assert house.operator(*words).code == 13


def until_the_world_would_have_followed() -> None:
    """Wait for as long as health checks and caches would need if anything but an operator moved the traffic."""
    time.sleep((INTERVAL_SECONDS * THRESHOLD + TTL_SECONDS) / TIME_SCALE)


class Times:
    """When an operator pressed Enter, when the switch was written, and when the public name led to the standby, by this machine's clock."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._slower = slower(house)
        self._entered = datetime.now(UTC)
        self._followed: datetime | None = None

    def look(self) -> None:
        with suppress(HhctlError):
            if self._followed is None and self._house.leads_to() == AT_STANDBY:
                self._followed = datetime.now(UTC)

    def hold(self, run: str) -> None:
        """Assert of a failover that has ended what it may take, beside the engine and the pods that it waited for."""
        records = self._house.operator("journal", "show", run, "-o", "json").document["items"]
        at = {(each["step"], each["event"]): datetime.fromisoformat(each["at"]) for each in records}
        updates = [each["step"] for each in records if each["event"] == "started" and each["says"].startswith("update dr")]
        switched, waited = at[updates[-1], "done"], timedelta()
        if len(updates) > 1:
            waited = at[updates[0], "judged"] - at[updates[0], "done"]
        engine = sum((at[step, "done"] - at[step, "started"] for step in updates), timedelta())
        own = (switched - self._entered - engine - waited).total_seconds()
        assert own <= OWN_SECONDS * max(self._slower, slower(self._house)), records
        assert self._followed
        assert (self._followed - switched).total_seconds() <= FLIP_SECONDS


def slower(house: House) -> float:
    """By how much this machine is slower, now, than one that has nothing else to do; never below 1."""
    begun = time.monotonic()
    house.operator.must("--help")
    return max(1.0, (time.monotonic() - begun) / START_SECONDS)


def test_what_a_silent_region_writes_meanwhile_is_counted_and_in_the_way(house: House) -> None:
    house.cloud.hhctl("local", "fault", "--region", "us-east-1", "--black-hole")
    words = ("failover", "us-west-2", "--assume-lost", "us-east-1", "--yes", "--reason", "drill")
    looked = time.monotonic()
    assert house.operator("failover", "us-west-2", "--reason", "drill", "--yes").code == 13
    assert time.monotonic() - looked < LOOK_WITHIN
    assert "unfenced: " in house.operator(*words, "--plan").err
    # On a busy machine the nodes may not be seen in time, which stands in nobody's way.
    room = re.compile(r"^go      room for dr: \d of \d pods have a node, and there is room for \d+ more$", re.MULTILINE)
    until(lambda: room.search(house.operator(*words, "--plan").err), within=60)
    until_the_world_would_have_followed()
    assert house.leads_to() == AT_HOME
    dead = f"http://127.0.0.1:{free_port()}/"
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        silent = f"http://127.0.0.1:{hanging.getsockname()[1]}/"
        times = Times(house)
        with beside(times.look):
            done = house.operator(*words, "-o", "json", HHCTL_SLACK=dead, HHCTL_PAGER=silent)
    assert done.code == 15, done.err
    times.hold(done.document["run"])
    assert {each["channel"] for each in done.document["told"] if each["trouble"]} == {"slack", "pager"}
    assert house.leads_to() == AT_STANDBY
    until(lambda: house.post("dr", "written after the failover") == 201, within=60)
    assert done.document["unfenced"] == "us-east-1"
    assert "unfenced" in house.operator("status").out
    assert house.operator("notify", "flush", HHCTL_SLACK=dead).code == 15
    house.operator.must("notify", "flush")
    assert house.operator("notify", "flush", "-o", "json").document["items"] == []

    with house.behind_the_doors() as connection:
        for number in range(7):
            connection.execute("insert into tasks (title) values (%s)", (f"row {number}",))
    heal(house)
    back = ("failback", "us-east-1", "--yes", "--reason", "home")
    refused = house.operator(*back)
    assert refused.code == 13
    # The pods that were cut off too have taken what came between the healing and the fence.
    assert int(told_of(refused)) >= 7
    assert given_up(refused) == {f"row {number}" for number in range(7)}
    assert house.operator(*back, "--accept-data-loss", HHCTL_FAILPOINT="step-3-carried-out:kill").code == -signal.SIGKILL
    done = house.operator(*back, "--accept-data-loss")
    assert done.code == 0, done.err
    assert house.leads_to() == AT_HOME
    assert kept(house, "prod") == set()
    assert_exactly_the_reported_is_lost(house)


def assert_exactly_the_reported_is_lost(house: House) -> None:
    """Of an unplanned failover that leaves a region which answers, the report counts what the standby lacks, and nothing else is lost."""
    words = ("failover", "us-west-2", "--accept-data-loss", "--turn-again", "--yes", "--reason", "drill", "-o", "json")
    until(lambda: "NO GO" not in house.operator(*words, "--plan").err, within=120)
    writer, only_one = Writer(house), OnlyOne(house)
    with beside(writer.write), beside(only_one.look):
        until(lambda: writer.acknowledged, within=60)
        cut_off(house)
        before = len(writer.acknowledged)
        until(lambda: len(writer.acknowledged) >= before + 5, within=60)
        done = typed_again_where_prod_is_late(house, *words)
        assert done.code == 0, done.err
        until(lambda: house.post("dr", "written after the failover") == 201, within=60)
        until(only_one.saw_both, within=60)
    lost, predicted = done.document["lost"], done.document["predicted"]
    missing = rows_of(house, "prod") - rows_of(house, "dr")
    assert len(missing) >= 5
    assert (lost["rows"], lost["transactions"]) == (len(missing), len({transaction for transaction, _ in missing}))
    titles = {json.loads(row).get("title") for _, row in missing}
    assert set(writer.acknowledged) - kept(house, "dr") <= titles
    assert done.document["unfenced"] == ""
    assert predicted["rto"] == predicted["steps"] + predicted["detection"] + predicted["ttl"]
    assert lost["seconds"] <= predicted["rpo"] + done.document["rto"]
    assert f"| RTO (s) | 300 | {predicted['rto']:.1f} | " in Path(done.document["file"]).read_text()


def typed_again_where_prod_is_late(house: House, *words: str) -> Ended:
    """On a busy machine prod may not say in time how it stands; then nothing is done, and the same command is typed again."""
    for _ in range(4):
        done = house.operator(*words)
        if done.code != 13 or "does not answer within 2 s" not in done.err:
            return done
    return house.operator(*words)


def cut_off(house: House) -> None:
    """Let dr's database get no more of prod's log."""
    with house.database("dr") as standby:
        standby.execute("alter system set primary_conninfo = ''")
        standby.execute("select pg_reload_conf()")
        until(lambda: standby.execute("select not exists (select from pg_stat_wal_receiver)").fetchone() == (True,), within=30)


def rows_of(house: House, stack: str) -> set[tuple[str, str]]:
    """Every row that a stack's database has, which nobody ever changes, behind the transaction that wrote it."""
    query = sql.SQL("select it.xmin::text, to_jsonb(it)::text from {} it")
    with house.database(stack) as connection:
        tables = (connection.execute(query.format(sql.Identifier(table))) for table in ("users", "tasks", "audit_log"))
        return set(chain.from_iterable(tables))


def test_a_planned_failover_loses_no_write_and_never_has_two_that_take_them(house: House) -> None:
    writer, only_one = Writer(house), OnlyOne(house)
    with beside(writer.write), beside(only_one.look):
        until(lambda: len(writer.acknowledged) >= 20, within=60)
        words = ("failover", "us-west-2", "--planned", "--yes", "--reason", "maintenance", "-o", "json")
        for place in DEATHS:
            killed = house.operator(*words, HHCTL_FAILPOINT=f"{place}:kill")
            assert killed.code == -signal.SIGKILL, killed.err
        done = house.operator(*words)
        assert done.code == 0, done.err
        assert done.document["lost"] == {
            "transactions": 0,
            "rows": 0,
            "seconds": 0.0,
            "at_most": False,
            "says": done.document["lost"]["says"],
        }
        assert house.leads_to() == AT_STANDBY
        until(only_one.saw_both, within=60)
        refused = house.operator("deploy", "v1.2.2", "--only", "prod", "--yes", "--reason", "a test")
        assert refused.code == 13
        assert "prod is fenced: it must not serve" in refused.err
        done = house.operator("failback", "us-east-1", "--yes", "--reason", "home", "-o", "json")
        assert done.code == 0, done.err
        assert done.document["lost"]["transactions"] == 0
    assert house.leads_to() == AT_HOME
    assert kept(house, "prod") >= set(writer.acknowledged)
    assert not house.takes_writes("dr")
    assert house.takes_writes("prod")
    assert_what_lost_touch_is_made_anew(house)
    assert_shut_without_its_state(house)


def assert_what_lost_touch_is_made_anew(house: House) -> None:
    """A standby that lacks what its primary has not kept is made to follow again by the command that has it stand by."""
    cut_off(house)
    with house.database("prod") as primary:
        for setting in ("max_slot_wal_keep_size = '1MB'", "wal_keep_size = 0"):
            primary.execute(f"alter system set {setting}")
        primary.execute("select pg_reload_conf()")

        def is_lost() -> bool:
            primary.execute("insert into tasks (title) values ('more of the log')")
            primary.execute("select pg_switch_wal()")
            primary.execute("checkpoint")
            return primary.execute("select wal_status from pg_replication_slots where slot_name = 'dr'").fetchone() == ("lost",)

        until(is_lost, within=60)
        for setting in ("max_slot_wal_keep_size", "wal_keep_size"):
            primary.execute(f"alter system reset {setting}")
        primary.execute("select pg_reload_conf()")
    words = ("failback", "us-east-1", "--yes", "--reason", "the standby has lost touch")
    done = house.operator(*words)
    assert done.code == 0, done.err
    assert rows_of(house, "dr") == rows_of(house, "prod")
    assert house.operator(*words).code == 13


def assert_shut_without_its_state(house: House) -> None:
    """Of a region that is taken for lost, the database is shut although the state of its stack cannot be had."""
    words = ("failover", "us-west-2", "--assume-lost", "us-east-1", "--turn-again", "--yes", "--reason", "its state is gone", "-o", "json")
    answers, gone = "its database can be shut, its pods cannot be stopped", without_state("prod")
    until(lambda: answers in house.operator(*words, "--plan", **gone).err, within=120)
    done = house.operator(*words, **gone)
    assert done.code == 0, done.err
    # Nobody waits for a lost region for longer than a second, in which a machine with other things to do may not answer this time.
    shut = answers in done.err
    assert (done.document["unfenced"], done.document["lost"]["transactions"]) == (("", 0) if shut else ("us-east-1", None))
    assert house.leads_to() == AT_STANDBY
    assert (house.takes_writes("prod"), house.takes_writes("dr")) == (not shut, True)


def without_state(stack: str) -> dict[str, str]:
    """What makes an operator look for the state of a stack where nobody listens."""
    return {Override.BACKEND.variable(stack): "s3://nowhere?region=us-west-2&endpoint=http://127.0.0.1:1&s3ForcePathStyle=true"}


def test_a_switch_that_was_turned_past_the_engine_is_adopted_before_anything_else(house: House) -> None:
    house.cloud.hhctl("local", "fault", "--region", "us-east-1", "--down")
    nowhere = without_state("dr")
    words = ("failover", "us-west-2", "--assume-lost", "us-east-1", "--yes", "--reason", "drill")
    unread = house.operator(*words, **nowhere)
    assert unread.code == 1
    assert "s3://nowhere" in unread.err
    done = house.operator(*words, "--direct", **nowhere)
    assert done.code == 0, done.err
    assert house.leads_to() == AT_STANDBY
    until(lambda: house.post("dr", "written after the failover") == 201, within=60)

    refused = house.operator("scale", "api", "2", "--stack", "dr", "--yes", "--reason", "a test")
    assert refused.code == 13
    assert "next: hhctl up dr" in refused.err
    house.operator.must("up", "dr", "--yes", "--reason", "adopt what the switch says")
    house.operator.must("scale", "api", "2", "--stack", "dr", "--yes", "--reason", "a test")
    assert house.leads_to() == AT_STANDBY
    verdicts = {item["verdict"] for item in house.operator("journal", "verify", "-o", "json").document["items"]}
    assert "whole" in verdicts
    assert "broken" not in verdicts
