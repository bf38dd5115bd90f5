"""What an operation reaches the world through, put together from the spec and the environment."""

from __future__ import annotations

import os
import random
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from automation.adoption import StandbySwitch, doubting_switch
from automation.app import SETTINGS
from automation.clock import SystemClock
from automation.core.deployment_log import ANY, LOGGED, WRITE_LOG
from automation.core.drift import AS_MADE, RESTORE, SETTLED
from automation.core.failpoints import Failpoints, read_failpoint
from automation.core.record import Author
from automation.core.redact import Redactor
from automation.core.updates import Holder
from automation.course import BRIEF_SECONDS, Doors
from automation.engine.locks import here
from automation.engine.secrets import secrets_in
from automation.errors import Busy, HhctlError
from automation.gathering import gather
from automation.identity import doubt
from automation.interrupts import TerminalInterrupts
from automation.journal import Journal, merged, records_in
from automation.lease import Leases, NoLeases
from automation.live import Showing, watched
from automation.ports.clusters import Clusters
from automation.ports.databases import RelayedDatabases
from automation.ports.deeds import NamedDeeds
from automation.ports.deployment_log import DeploymentLog
from automation.ports.forge import NoForge
from automation.ports.gauge import WorldGauge
from automation.ports.journal_file import JournalFile, journal_file
from automation.ports.journal_objects import JournalObjects
from automation.ports.kept_rows import KeptRows
from automation.ports.objects import objects_beside
from automation.ports.outbox import state_folder
from automation.ports.programs import Programs
from automation.ports.releases import HelmReleases
from automation.region_deeds import RegionDeeds
from automation.runs import new_run
from automation.show import tell
from stacks.house import STANDBY

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence

    from automation.app import App
    from automation.core.drift import Release
    from automation.core.facts import StackFacts, Unreachable
    from automation.core.gates import Judgement
    from automation.core.record import Record
    from automation.core.rung import Rung, Seen
    from automation.core.soak import Soak
    from automation.core.updates import ResourceChange
    from automation.lease import Claim
    from automation.options import Options
    from automation.ports.deeds import Deeds
    from automation.ports.forge import Forge
    from automation.ports.journal_sink import Sink
    from automation.ports.objects import Objects
    from automation.ports.releases import Releases

_CLUSTER_SECONDS = 10.0
"""For a cluster to say which one it is, by way of a login helper that may itself ask its cloud first."""

_AWS_SECONDS = 15.0
"""For AWS to say who we are to it, where nobody is in a hurry."""

_HELM_SECONDS = 15
"""For one answer of helm or kubectl, which may be about some dozens of objects."""

_DATABASE_SECONDS = 30
"""For one answer of a database, of which a promotion may take ten."""

_LOOKED_BACK = 300
"""How many of the newest lines of each journal are searched for what an interrupted run has left."""


@dataclass(frozen=True, slots=True)
class Journals:
    """The journals of the runs that one stack is home to: on this machine, and beside the stack's state."""

    sinks: Sequence[Sink]
    redactor: Redactor
    clock: SystemClock

    def newest(self) -> Sequence[Record]:
        """Return the newest records of both, oldest first."""
        return merged([records_in(sink.newest(_LOOKED_BACK)) for sink in self.sinks])

    def known(self) -> Sequence[Record]:
        """Return the newest records of those that can be read now: enough to tell what was done, not to decide what to do."""
        found: list[Sequence[Record]] = []
        for sink in self.sinks:
            with suppress(HhctlError):
                found.append(records_in(sink.newest(_LOOKED_BACK)))
        return merged(found)

    def journal(self, run: str | None = None) -> Journal:
        """Return the journal of a new run, or of one that is taken up."""
        name = run or new_run(self.clock.now(), random.SystemRandom())
        return Journal(name, self.sinks, self.redactor, self.clock.now, warn=tell)


class Told:
    """Shows resources as they come and go, and tells each record in a line, and each change in what a gate waits for."""

    def __init__(self, progress: Showing) -> None:
        self._progress = progress
        self._waited_for = ""
        self._tenth = -1

    def resource(self, change: ResourceChange, *, done: bool) -> None:
        """Pass on what the engine does."""
        self._progress.resource(change, done=done)

    def recorded(self, record: Record) -> None:
        """Tell what was written in the journal."""
        tell(f"{record.event.value}: {record.says}")

    def soaking(self, soak: Soak, elapsed: float, judgements: Sequence[Judgement]) -> None:
        """Tell every tenth of the soak how far it has come and what is seen."""
        tenth = int(10 * elapsed / soak.seconds)
        if tenth != self._tenth:
            self._tenth = tenth
            seen = ", ".join(f"{each.about or each.query}: {each.shown or each.verdict.value}" for each in judgements)
            tell(f"soaking: {elapsed:.0f} of {soak.seconds:g} s: {seen}")

    def climbing(self, rung: Rung, elapsed: float, seen: Seen, judgements: Sequence[Judgement]) -> None:
        """Show how the rung looks now."""
        self._progress.climbing(rung, elapsed, seen, judgements)

    def waiting(self, judgement: Judgement) -> None:
        """Tell what is there and what is wanted, unless that was told last."""
        seen = "no data" if judgement.value is None else f"{judgement.value:g}"
        says = f"waiting: {judgement.query}: {seen}, wanted {judgement.threshold}{judgement.trouble and f' ({judgement.trouble})'}"
        if says != self._waited_for:
            tell(says)
            self._waited_for = says


class Session:
    """One command's way to the world; what it does not use it does not open."""

    def __init__(self, app: App, options: Options) -> None:
        self.app = app
        self._options = options
        self._clock = SystemClock()
        self._opened: dict[str, Objects] = {}

    @cached_property
    def author(self) -> Author:
        """Who runs this, and why."""
        us = here()
        reason = self._options.reason or (f"incident {self._options.incident}" if self._options.incident else "")
        return Author(us.user, reason, us.host, os.getpid())

    def now(self) -> datetime:
        """Return the date and time, in UTC."""
        return self._clock.now()

    def gather(self, *stacks: str, within: Mapping[str, float] | None = None) -> Mapping[str, StackFacts | Unreachable]:
        """Read how stacks stand, to show it; those that `within` names are waited for so many seconds."""
        return gather(self.app.engine, stacks, settings=SETTINGS, within=within or {})

    def gather_to_act(self, *stacks: str, within: Mapping[str, float] | None = None) -> Mapping[str, StackFacts | Unreachable]:
        """Read how stacks stand, whether their clusters are those that the spec pins, and whether dr's switch is as the engine left it.

        Whoever acts on a stack asks that first. Its cluster has to answer `within` so many seconds, ten where that names none; its state
        then too, which else may take as long as its backend does.
        """

        def prove(stack: str) -> HhctlError | None:
            seconds = (within or {}).get(stack, _CLUSTER_SECONDS)
            return doubt(self.app.spec, stack, clusters=Clusters(Programs(os.environ, seconds=seconds)))

        found = gather(self.app.engine, stacks, settings=SETTINGS, within=within or {}, prove=prove)
        return {stack: doubting_switch(self.app.spec, facts) if stack == STANDBY else facts for stack, facts in found.items()}

    def must_reach_aws(self, stack: str) -> None:
        """Make sure that AWS answers in the region of `stack`, and knows us; raises `HhctlError`."""
        from automation.ports.servers import ask_aws  # noqa: PLC0415 - boto3 is paid for where it is used

        region = self.app.spec.stacks[stack].region
        ask_aws(region, self.app.spec.regions[region].aws_endpoint, seconds=_AWS_SECONDS)

    def local_journals(self) -> Journals:
        """Open the journal of this machine alone, for what is done without any state."""
        return Journals((JournalFile(journal_file(os.environ)),), self.redactor, self._clock)

    def journals(self, home: str) -> Journals:
        """Open the journals of runs that have `home` for their home."""
        sinks = (JournalFile(journal_file(os.environ)), JournalObjects(self.objects(home)))
        return Journals(sinks, self.redactor, self._clock)

    def all_journals(self) -> Journals:
        """Open every journal: that of this machine, and those beside the state of all stacks, each place once."""
        sinks = (JournalFile(journal_file(os.environ)), *(JournalObjects(self.objects(name)) for name in self._homes()))
        return Journals(sinks, self.redactor, self._clock)

    def journals_in_reach(self) -> Journals:
        """Open every journal but those whose place cannot be opened from here."""
        sinks: list[Sink] = [JournalFile(journal_file(os.environ))]
        for name in self._homes():
            with suppress(HhctlError):
                sinks.append(JournalObjects(self.objects(name)))
        return Journals(sinks, self.redactor, self._clock)

    def _homes(self) -> Iterable[str]:
        """Name one stack for each place that states are kept in."""
        return {stack.backend: name for name, stack in self.app.spec.stacks.items()}.values()

    def objects(self, stack: str) -> Objects:
        """Open what is kept beside the state of `stack`."""
        backend = self.app.spec.stacks[stack].backend
        if backend not in self._opened:
            self._opened[backend] = objects_beside(backend)
        return self._opened[backend]

    def lease_holder(self, stack: str) -> str:
        """Say who holds a lease on `stack`, empty for nobody."""
        try:
            self._leases.look([stack])
        except Busy as busy:
            return busy.message
        return ""

    def holders(self, stack: str) -> tuple[Holder, ...]:
        """Return whose processes hold the state of `stack`, without those of ours that have died: the next update takes it from them."""
        return tuple(holder for holder in self.app.engine.holders(stack) if not here().has_left(holder))

    @property
    def forge(self) -> Forge:
        """Where versions are reviewed and built, and tickets are kept."""
        return NoForge()

    @cached_property
    def releases(self) -> Releases:
        """Look at Helm releases through the helm and the kubectl on PATH."""
        return HelmReleases(Programs(os.environ, seconds=_HELM_SECONDS), self.redactor)

    @property
    def kept_rows(self) -> KeptRows:
        """Where rows are kept that one database alone has."""
        return KeptRows(state_folder(os.environ) / "lost")

    @property
    def databases(self) -> RelayedDatabases:
        """Look at the databases of stacks, and give them their roles; one Ctrl-C lets what is under way come to its end."""
        return self._databases(_DATABASE_SECONDS)

    def _databases(self, seconds: float) -> RelayedDatabases:
        return RelayedDatabases(self.app.spec, finishing(seconds))

    @cached_property
    def redactor(self) -> Redactor:
        """Mask the secrets of the stacks, and whatever looks like one."""
        return Redactor(secrets_in(os.environ))

    @property
    def deployment_log(self) -> DeploymentLog:
        """What is kept of releases beside the state of their stacks."""
        return DeploymentLog(self.objects, self.app.engine.recent)

    def _deeds(self, databases: RelayedDatabases) -> Deeds:
        """Name what tasks look at and do."""
        releases, of_stack = HelmReleases(finishing(_HELM_SECONDS), self.redactor), self.app.engine.releases
        log = self.deployment_log
        regions = RegionDeeds(self.app.spec, databases, self.kept_rows, self.holders, self._clock)
        return NamedDeeds(
            {
                ANY: lambda _: True,
                LOGGED: log.names_what_runs,
                SETTLED: lambda stack: all(releases.settled(each) for each in of_stack(stack)),
                AS_MADE: lambda stack: not any(releases.drifted(each) for each in of_stack(stack)),
                **regions.conditions(),
            },
            {
                RESTORE: lambda stack: _each(releases.restore, of_stack(stack)),
                WRITE_LOG: log.write,
                **regions.actions(),
            },
        )

    @cached_property
    def _leases(self) -> Leases:
        return Leases(self.objects, is_dead=_is_dead, now=self._clock.now)

    @contextmanager
    def doors_without_state(self) -> Generator[Doors]:
        """Open what can be opened without state: no lease is held, and what two operators do at once only the effects tell apart."""
        with self.doors() as opened:
            yield replace(opened, leases=NoLeases())

    @contextmanager
    def doors(self) -> Generator[Doors]:
        """Open every door of a run, show what it does, and take this process's Ctrl-C while the block runs."""
        failpoints = Failpoints(read_failpoint(os.environ), self._clock.sleep)
        interrupts = TerminalInterrupts()
        with interrupts.watched(), watched(self._options) as progress:
            yield Doors(
                engine=self.app.engine,
                gauge=WorldGauge(self.app.spec, self.redactor),
                deeds=self._deeds(self.databases),
                brief_deeds=self._deeds(self._databases(BRIEF_SECONDS)),
                leases=self._leases,
                switches=StandbySwitch(self.app.spec, self.app.engine.recent),
                clock=self._clock,
                interrupts=interrupts,
                failpoints=failpoints,
                watcher=Told(progress),
            )


def finishing(seconds: float) -> Programs:
    """Start programs that a terminal's Ctrl-C does not end: whoever acts through them lets what is under way come to its end."""
    return Programs(os.environ, seconds=seconds, process_group=0)


def _each(act: Callable[[Release], None], releases: Iterable[Release]) -> None:
    for release in releases:
        act(release)


def _is_dead(claim: Claim) -> bool:
    since = datetime.fromisoformat(claim.since)
    return here().has_left(Holder(claim.run, user=claim.operator, host=claim.host, pid=claim.pid, since=since))
