"""Preflight of a failover: everything that has to be so before traffic is moved, each looked at and answered. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

from automation.core.replication import NEAR_BYTES, replays, takes_writes
from automation.core.words import bytes_words, seconds_words
from stacks.house import HOME, STANDBY

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from automation.core.replication import DatabaseStanding
    from automation.core.rollout import Rollout
    from automation.core.room import Room
    from automation.core.updates import Holder
    from automation.errors import HhctlError
    from stacks.dials import Dials

WAIT_SECONDS = 600.0
"""For how long after a switch was turned it is left alone, so that two operators do not send the traffic to and fro."""

_TOO_MUCH = 256 * 1024**2
"""Bytes of the log: more than a standby that keeps up ever lacks."""

_CLOCK_SECONDS = 5.0
_DEAD_SECONDS = 3600.0
_DATA_LOSS, _UNHEALTHY, _SOON = "--accept-data-loss", "--accept-unhealthy", "--turn-again"


class Answer(Enum):
    """GO; DOUBTFUL, which is told and stands in nobody's way; NO_GO, which only its waiver overrules."""

    GO = "go"
    DOUBTFUL = "go, but"
    NO_GO = "NO GO"


@dataclass(frozen=True, slots=True)
class Check:
    """One answer of a preflight; `waiver` is the option that goes on in spite of a NO_GO, empty where nothing does."""

    name: str
    answer: Answer
    says: str
    waiver: str = ""


@dataclass(frozen=True, slots=True)
class Waivers:
    """What the operator takes upon themselves.

    That the other region is lost, that writes of it may be, that the standby is not fit to serve, and to turn the switch so soon.
    """

    lost: bool = False
    data_loss: bool = False
    unhealthy: bool = False
    soon: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen before a failover; an error stands where nobody could tell.

    `rollout` is the standby's and `live` prod's, `room` what there is on the standby's nodes. `standby` and `home` are the two databases,
    `home_dials` prod's dials, `switch` whether the standby's is on, and `turned` when it was turned last, None for not lately.
    `differences` names what is configured otherwise on the two sides. `ahead` is how far our clock is ahead of AWS's, None where it told no
    time. `held` says who holds one of the stacks, empty for nobody, and `holders` whose processes hold the standby's state.
    """

    now: datetime
    rollout: Rollout | HhctlError
    live: Rollout | HhctlError
    room: Room | HhctlError
    smoke: tuple[str, ...]
    standby: DatabaseStanding | HhctlError
    home: DatabaseStanding | HhctlError
    home_dials: Dials | HhctlError
    standby_dials: Dials
    switch: bool | HhctlError
    turned: datetime | HhctlError | None
    differences: tuple[str, ...] | HhctlError
    ahead: timedelta | HhctlError | None
    held: str
    holders: tuple[Holder, ...] | HhctlError

    @property
    def pods(self) -> int:
        """How many pods the standby needs at least: as many as prod has or should have, as far as that is known."""
        ready = 0 if isinstance(self.live, Exception) else self.live.ready
        minimum = 1 if isinstance(self.home_dials, Exception) else self.home_dials.minimum
        return max(ready, minimum, 1)

    @property
    def promoted(self) -> bool:
        """Whether the standby's database takes writes already: an earlier run came past the point of no return."""
        return takes_writes(self.standby)

    @property
    def lacking(self) -> int:
        """How many bytes of prod's log the standby's database is known not to have."""
        home = None if isinstance(self.home, Exception) else self.home
        return 0 if isinstance(self.standby, Exception) else self.standby.lacks(home)

    @property
    def can_shut(self) -> bool:
        """Whether prod's database answers, so that it can be made to take no writes."""
        return not isinstance(self.home, Exception)

    @property
    def replays(self) -> bool:
        """Whether the standby's database is seen to replay prod's log still."""
        return replays(self.standby)

    @property
    def rival(self) -> bool:
        """Whether prod's database is seen to take writes."""
        return takes_writes(self.home)

    @property
    def followed(self) -> bool:
        """Whether prod's database is seen to replay the standby's log."""
        return replays(self.home)

    @property
    def can_stop(self) -> bool:
        """Whether prod's state and cluster can be had, so that its pods can be stopped."""
        return not isinstance(self.home_dials, Exception)


def preflight(seen: Seen, waivers: Waivers, *, region: str, rpo: timedelta, pods: int, planned: bool = False) -> tuple[Check, ...]:
    """Answer every question of a failover to the standby, which is to have `pods` pods; `region` is the one that it leaves.

    One that is `planned` may lose nothing, and only the wait after the last turn can be waived.
    """
    checks = _checks(seen, waivers, region, rpo, pods)
    if not planned:
        return checks
    level = _level(seen, rpo, region)
    return tuple(level if check.name == level.name else check if check.waiver == _SOON else replace(check, waiver="") for check in checks)


def _checks(seen: Seen, waivers: Waivers, region: str, rpo: timedelta, pods: int) -> tuple[Check, ...]:
    return (
        _pods(seen, waivers),
        _size(seen, pods),
        _room(seen, waivers, pods),
        _smoke(seen, waivers),
        _release(seen),
        _configuration(seen),
        _database(seen, waivers, rpo, region),
        _switch(seen),
        _state(seen),
        _fence(seen, waivers, region),
        _others(seen),
        _wait(seen, waivers),
        _clock(seen),
    )


def preflight_directly(seen: Seen, waivers: Waivers, *, region: str, rpo: timedelta) -> tuple[Check, ...]:
    """Answer what can be answered without engine and state; prod's database alone tells whether its writes can be stopped."""
    return (
        _pods(seen, waivers),
        _smoke(seen, waivers),
        _database(seen, waivers, rpo, region),
        _switch(seen),
        _shut(seen, waivers, region),
        _wait(seen, waivers),
        _clock(seen),
    )


def predicted_rpo(seen: Seen, *, planned: bool) -> float | None:
    """Return how many seconds of writes a failover is going to lose at most; None where nobody can tell, or where there is none to lose."""
    if planned:
        return 0.0
    if isinstance(seen.standby, Exception) or not seen.standby.replays:
        return None
    # One that is told of more than it has may lack writes that are older than what it heard last.
    keeps_up = seen.standby.streaming and not seen.lacking
    return seen.standby.heard if keeps_up else seen.standby.quiet


def refused(checks: Iterable[Check]) -> tuple[Check, ...]:
    """Choose those that stand in the way."""
    return tuple(check for check in checks if check.answer is Answer.NO_GO)


def _pods(seen: Seen, waivers: Waivers) -> Check:
    name = f"pods of {STANDBY}"
    match seen.rollout:
        case Exception() as error:
            return _unfit(name, error.message, waivers)
        case found if trouble := found.doomed or found.refused:
            return _unfit(name, trouble, waivers)
        case found:
            says = f"{found.ready} of {found.wanted} Ready"
            return Check(name, Answer.GO, says) if found.ready else _unfit(name, says, waivers)


def _unfit(name: str, says: str, waivers: Waivers) -> Check:
    return Check(name, Answer.DOUBTFUL, says) if waivers.unhealthy else Check(name, Answer.NO_GO, says, waiver=_UNHEALTHY)


def _size(seen: Seen, pods: int) -> Check:
    name, dials = f"size of {STANDBY}", seen.standby_dials
    bounds = f"{dials.minimum} to {dials.maximum} pods"
    if isinstance(seen.home_dials, Exception):
        return Check(
            name, Answer.DOUBTFUL, f"{bounds}, at least {pods} wanted; how many {HOME} had cannot be told, and its first size is taken"
        )
    if isinstance(seen.live, Exception):
        return Check(name, Answer.DOUBTFUL, f"{bounds}, at least {pods} wanted; how many {HOME} has just now cannot be told")
    return Check(name, Answer.GO, f"{bounds}, at least {pods} wanted as {HOME} has {seen.live.ready} Ready")


def _room(seen: Seen, waivers: Waivers, pods: int) -> Check:
    name = f"room for {STANDBY}"
    if isinstance(seen.room, Exception):
        return Check(name, Answer.DOUBTFUL, f"cannot be told: {seen.room.message}")
    more, lacking = seen.room.more, max(0, pods - seen.room.placed)
    says = f"{seen.room.placed} of {pods} pods have a node, and there is room for {'no' if not more else f'{more:,}'} more"
    if more >= lacking:
        return Check(name, Answer.GO, says)
    return _unfit(name, f"{says}; where nodes come as pods need them: hhctl scale api {pods} --stack {STANDBY}", waivers)


def _configuration(seen: Seen) -> Check:
    name = "configuration and secrets"
    match seen.differences:
        case Exception() as error:
            return Check(name, Answer.DOUBTFUL, f"cannot be compared: {error.message}")
        case ():
            return Check(name, Answer.GO, f"the same on {HOME} and {STANDBY}")
        case found:
            return Check(name, Answer.DOUBTFUL, f"not the same on {HOME} and {STANDBY}: {', '.join(found)}")


def _smoke(seen: Seen, waivers: Waivers) -> Check:
    name = f"smoke checks of {STANDBY}"
    return _unfit(name, "; ".join(seen.smoke), waivers) if seen.smoke else Check(name, Answer.GO, "pass")


def _release(seen: Seen) -> Check:
    name, here = "release", seen.standby_dials
    runs = here.image.tag if here.image else "nothing"
    if isinstance(seen.home_dials, Exception):
        return Check(name, Answer.DOUBTFUL, f"{STANDBY} runs {runs}; what {HOME} ran cannot be told")
    there = seen.home_dials
    if here.image != there.image or here.schema != there.schema:
        other = there.image.tag if there.image else "nothing"
        return Check(name, Answer.DOUBTFUL, f"{STANDBY} runs {runs} on schema {here.schema}, {HOME} {other} on schema {there.schema}")
    return Check(name, Answer.GO, f"both run {runs} on schema {here.schema}")


def _database(seen: Seen, waivers: Waivers, rpo: timedelta, region: str) -> Check:
    name, found = f"database of {STANDBY}", seen.standby
    if isinstance(found, Exception):
        return Check(name, Answer.NO_GO, found.message)
    if found.takes_writes:
        return Check(name, Answer.GO, "takes writes already")
    if not found.replays:
        return Check(name, Answer.NO_GO, f"is shut, and replays nothing: what has left it so goes on, or back, by hhctl failback {region}")
    if found.streaming:
        return _streaming(name, found, seen, waivers, rpo)
    return _behind(name, found.quiet, seen, waivers, rpo)


def _level(seen: Seen, rpo: timedelta, region: str) -> Check:
    """Answer for a standby that is to have all of its primary's log within moments: the service is down until it has."""
    found = seen.standby
    check = _database(seen, Waivers(data_loss=True), timedelta.max, region)
    if isinstance(found, Exception) or not found.replays or check.answer is Answer.NO_GO:
        return replace(check, waiver="")
    silent = found.heard is not None and found.heard > rpo.total_seconds()
    if silent or not found.keeps_up(None if isinstance(seen.home, Exception) else seen.home):
        return replace(check, answer=Answer.NO_GO, says=f"{check.says}; it has to keep up with {HOME} before that hands over")
    return check


def _streaming(name: str, found: DatabaseStanding, seen: Seen, waivers: Waivers, rpo: timedelta) -> Check:
    """Answer for a standby that gets its primary's log, be it late."""
    says = (
        f"replays {HOME}'s log as it is written; of what is committed, only what is on its way would be lost: {bytes_words(seen.lacking)}"
    )
    if found.unreplayed > NEAR_BYTES:
        says = f"{says}; the promotion waits until it has replayed {bytes_words(found.unreplayed)} that it has"
    if (over := _over(found, seen, rpo)) and not _takes_loss(seen, waivers):
        return Check(name, Answer.NO_GO, f"{says}; {over}", waiver=_DATA_LOSS)
    return Check(name, Answer.DOUBTFUL if max(seen.lacking, found.unreplayed) > NEAR_BYTES else Answer.GO, says)


def _over(found: DatabaseStanding, seen: Seen, rpo: timedelta) -> str:
    """Say by what a standby that streams lacks more than may be lost; empty where it is not known to."""
    most = rpo.total_seconds()
    if found.heard is not None and found.heard > most:
        return f"it has heard nothing for {seconds_words(found.heard)}, and at most {seconds_words(most)} may be lost"
    if seen.lacking > _TOO_MUCH:
        return f"one that keeps up lacks at most {bytes_words(_TOO_MUCH)}"
    if seen.lacking > NEAR_BYTES and found.quiet is not None and found.quiet > most:
        return f"it has replayed nothing for {seconds_words(found.quiet)}, and at most {seconds_words(most)} may be lost"
    return ""


def _takes_loss(seen: Seen, waivers: Waivers) -> bool:
    return waivers.data_loss or (waivers.lost and not seen.can_shut)


def _behind(name: str, quiet: float | None, seen: Seen, waivers: Waivers, rpo: timedelta) -> Check:
    """Answer for a standby that gets no log, and whose newest write was committed `quiet` seconds ago."""
    if quiet is None:
        says = f"gets no log from {HOME}, and has replayed nothing since it was started: how old its newest write is cannot be told"
        return Check(name, Answer.DOUBTFUL if waivers.data_loss else Answer.NO_GO, says, waiver="" if waivers.data_loss else _DATA_LOSS)
    much = f": {bytes_words(seen.lacking)} of it" if seen.lacking else ""
    behind = f"gets no log from {HOME}; it has replayed nothing for {seconds_words(quiet)}, and what {HOME} wrote since is lost{much}"
    # How long a region that is lost has been dead, and wrote nothing any more, nobody can tell.
    most = rpo.total_seconds() + (_DEAD_SECONDS if waivers.lost and not seen.can_shut else 0.0)
    if quiet <= most or waivers.data_loss:
        return Check(name, Answer.DOUBTFUL, behind)
    return Check(name, Answer.NO_GO, f"{behind}; at most {seconds_words(most)} may be", waiver=_DATA_LOSS)


def _switch(seen: Seen) -> Check:
    name = f"switch of {STANDBY}"
    if isinstance(seen.switch, Exception):
        return Check(name, Answer.NO_GO, f"{seen.switch.message}: Route 53 could not read it either")
    return Check(name, Answer.GO, f"everybody can read it: {'on' if seen.switch else 'off'}")


def _state(seen: Seen) -> Check:
    name = f"state of {STANDBY}"
    match seen.holders:
        case Exception() as error:
            return Check(name, Answer.NO_GO, f"whether anybody holds it cannot be told: {error.message}")
        case ():
            return Check(name, Answer.GO, "nobody holds it")
        case holders:
            return Check(name, Answer.NO_GO, f"is held by {holders[0]}: {holders[0].way_out(STANDBY)}")


def _fence(seen: Seen, waivers: Waivers, region: str) -> Check:
    name = f"writes of {HOME}"
    match seen.home, seen.home_dials:
        case Exception() as error, Exception():
            says = f"nobody can stop them: {error.message}"
        case Exception() as error, _:
            says = f"its pods can be stopped, its database cannot be shut: {error.message}"
        case _, Exception() as error:
            says = f"its database can be shut, its pods cannot be stopped: {error.message}"
        case _:
            return Check(name, Answer.GO, f"{region} can be reached, and they are stopped first")
    if waivers.lost:
        return Check(name, Answer.DOUBTFUL, f"{'' if seen.can_shut else 'unfenced: '}{says}; {region} is taken for lost")
    return Check(name, Answer.NO_GO, says, waiver=f"--assume-lost {region}")


def _shut(seen: Seen, waivers: Waivers, region: str) -> Check:
    name = f"writes of {HOME}"
    if not isinstance(seen.home, Exception):
        return Check(name, Answer.GO, f"its database can be reached in {region}, and is shut first")
    if waivers.lost:
        return Check(name, Answer.DOUBTFUL, f"unfenced: {seen.home.message}; {region} is taken for lost")
    return Check(name, Answer.NO_GO, f"nobody can stop them: {seen.home.message}", waiver=f"--assume-lost {region}")


def _others(seen: Seen) -> Check:
    name = "other operations"
    canary = None if isinstance(seen.home_dials, Exception) else seen.home_dials.canary
    under_way = (
        *([f"a canary of {canary.image.tag} at {canary.weight} % on {HOME} is ended by the fence"] if canary else []),
        *([seen.held] if seen.held else []),
    )
    return Check(name, Answer.DOUBTFUL if under_way else Answer.GO, "; ".join(under_way) or "none is known of")


def _wait(seen: Seen, waivers: Waivers) -> Check:
    name = "last turn of the switch"
    if isinstance(seen.turned, Exception):
        return Check(name, Answer.DOUBTFUL, f"cannot be told: {seen.turned.message}")
    if seen.turned is None:
        return Check(name, Answer.GO, f"none within {seconds_words(WAIT_SECONDS)}")
    since = (seen.now - seen.turned).total_seconds()
    says = f"{seconds_words(since)} ago"
    if since >= WAIT_SECONDS:
        return Check(name, Answer.GO, says)
    if waivers.soon:
        return Check(name, Answer.DOUBTFUL, f"{says}, and it is turned again")
    return Check(name, Answer.NO_GO, f"{says}; it is left alone for {seconds_words(WAIT_SECONDS)}", waiver=_SOON)


def _clock(seen: Seen) -> Check:
    name = "clock of this machine"
    if isinstance(seen.ahead, Exception) or seen.ahead is None:
        return Check(name, Answer.DOUBTFUL, f"cannot be compared{f': {seen.ahead.message}' if seen.ahead else ''}")
    off = abs(seen.ahead.total_seconds())
    if off > _CLOCK_SECONDS:
        return Check(name, Answer.DOUBTFUL, f"is {seconds_words(off)} {'ahead of' if seen.ahead.total_seconds() > 0 else 'behind'} AWS's")
    return Check(name, Answer.GO, "agrees with AWS's")
