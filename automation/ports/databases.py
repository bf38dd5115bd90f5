"""The databases of the stacks, through the relay pods that the runbooks exec into; every statement stands here in full."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from automation.core.losses import BRANCH, LOST, Uncountable, is_recycled, read_branch, read_losses
from automation.core.replication import LOOK, NEAR_BYTES, read_standing
from automation.errors import HhctlError, TimedOut
from automation.ports.place import place_of
from stacks.house import DATABASE_POD, FOLLOW_PRIMARY, other

if TYPE_CHECKING:
    from automation.core.losses import Losses
    from automation.core.replication import DatabaseStanding
    from automation.ports.programs import Programs
    from stacks.spec import Spec

# ALTER SYSTEM stays on its server, while what ALTER DATABASE and ALTER ROLE set would be replicated to the standby that is promoted next.
_SHUT = ("alter system set default_transaction_read_only = on", "select pg_reload_conf()")
_OPEN = ("alter system reset default_transaction_read_only", "select pg_reload_conf()")
_END_SESSIONS = "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"
# A session that comes before the server has read its settings anew may begin one more transaction that writes.
_SETTLE = "select pg_sleep(0.2)"
_PROMOTE = "select pg_promote(true, 10)"

_CATCH_UP_SECONDS = 30.0
_REBUILD_SECONDS = 1800.0
_PAUSE, _LONG_PAUSE = 0.2, 1.0

COUNT_SECONDS = 120.0
"""For all that a database wrote alone to be counted and read, however much it is."""


@dataclass(frozen=True, slots=True)
class RelayedDatabases:
    """Looks at databases by the stack that they belong to, and gives them their roles, by `psql` in the stack's relay pod.

    Every call is bounded in time, and raises `HhctlError` where the database cannot be reached, or refuses.
    """

    spec: Spec
    programs: Programs

    @property
    def patient(self) -> Programs:
        """What starts programs that may take as long as a database is copied."""
        return replace(self.programs, seconds=_REBUILD_SECONDS)

    def look(self, stack: str) -> DatabaseStanding:
        """Ask a database how it stands."""
        return read_standing(self._tell(stack, LOOK))

    def shut(self, stack: str) -> None:
        """Let a database take no more writes, and end all sessions that could still."""
        # In one call: who dies between two of them leaves a database that looks shut, and sessions that write on.
        self._tell(stack, *_SHUT, _SETTLE, _END_SESSIONS)

    def open(self, stack: str) -> None:
        """Let a database take writes again."""
        self._tell(stack, *_OPEN)

    def promote(self, stack: str) -> None:
        """Make a standby a primary; where it does not say so in time, it may be one all the same."""
        if self._tell(stack, _PROMOTE).strip() != "t":
            raise TimedOut(f"the database of {stack} does not say within 10 s that it is promoted", hint="run the same command again")

    def follow(self, stack: str) -> None:
        """Rebuild the database of a stack as a standby of the other one's; what it alone has is lost.

        How a server is rebuilt only its keeper knows, so the relay pod brings the program for it.
        """
        words = ["kubectl", "exec", DATABASE_POD, *place_of(self.spec, stack).options, "--", FOLLOW_PRIMARY]
        told = f"the database of {stack} cannot be rebuilt"
        self.patient.answer([*words, f"--stack={stack}", f"--primary={other(stack)}"], told=told)

    def level(self, stack: str) -> bool:
        """Tell whether the database of a stack has replayed all that the other one has ever written."""
        return self.look(stack).position == self.look(other(stack)).position

    def catch_up(self, stack: str) -> None:
        """Wait until that is so, for half a minute at most."""
        ends = time.monotonic() + _CATCH_UP_SECONDS
        while not self.level(stack) and time.monotonic() < ends:
            time.sleep(_PAUSE)

    def keeps_up(self, stack: str) -> bool:
        """Tell whether the database of a stack has within moments replayed all that the other one writes."""
        return self.look(stack).keeps_up(self.look(other(stack)))

    def keep_up(self, stack: str) -> None:
        """Wait until that is surely so, for half an hour at most: the other one serves meanwhile, and one look that fails tells nothing."""
        ends = time.monotonic() + _REBUILD_SECONDS
        while time.monotonic() < ends:
            with suppress(HhctlError):
                if self.look(stack).keeps_up(self.look(other(stack)), lacking=NEAR_BYTES // 16):
                    return
            time.sleep(_LONG_PAUSE)

    def follows(self, stack: str) -> bool:
        """Tell whether the database of a stack replays the other one's log as it is written; one that does not answer does not."""
        try:
            standing = self.look(stack)
        except HhctlError:
            return False
        return standing.replays and standing.streaming

    def has_rival(self, stack: str) -> bool:
        """Tell whether the other database is seen to take writes; one that does not answer is not."""
        try:
            return self.look(other(stack)).takes_writes
        except HhctlError:
            return False

    def lost(self, stack: str, *, within: float) -> Losses:
        """Tell what the database of a stack has committed since the other one was promoted, and so lacks it; it may take so many seconds.

        It must be a primary still, shut or not: what is looked at leaves a trace in its log, which a standby cannot bear.

        Raises:
            TimedOut: it has not told all of it by then.
            Uncountable: its log does not reach back so far, or does not tell all of it.
        """
        branch = read_branch(self._tell(other(stack), BRANCH))
        words = [*self._psql(stack, interactive=True), f"--set=branch={branch}", "--file=-"]
        counting = replace(self.programs, seconds=within)
        try:
            return read_losses(counting.answer(words, told=_told(stack), given=LOST))
        except HhctlError as error:
            if is_recycled(error.message):
                says = f"the log of the database of {stack} since they parted was recycled"
                raise Uncountable(says) from error
            raise

    def last_replayed(self, stack: str) -> datetime | None:
        """Tell when the newest transaction was committed that a database has from the other one; None where it has none of it."""
        answer = self._tell(stack, "set timezone = 'UTC'", "select pg_last_xact_replay_timestamp()").strip()
        return datetime.fromisoformat(answer) if answer else None

    def _tell(self, stack: str, *statements: str) -> str:
        orders = [f"--command={statement}" for statement in statements]
        return self.programs.answer([*self._psql(stack, interactive=False), *orders], told=_told(stack))

    def _psql(self, stack: str, *, interactive: bool) -> list[str]:
        place = place_of(self.spec, stack)
        words = ["kubectl", "exec", *(["--stdin"] if interactive else []), DATABASE_POD, *place.options]
        return [*words, "--", "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]


def _told(stack: str) -> str:
    return f"the database of {stack} cannot be asked"
