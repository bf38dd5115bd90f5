"""How a container is, and what follows from it: values and pure rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

OOM_KILLED = "OOMKilled"
PULL_FAILED, PULL_BACK_OFF = "ErrImagePull", "ImagePullBackOff"
CRASH_LOOP = "CrashLoopBackOff"
CREATING, INITIALIZING = "ContainerCreating", "PodInitializing"
CONFIG_ERROR, CREATE_ERROR = "CreateContainerConfigError", "CreateContainerError"

_FIRST_BACK_OFF, _LONGEST_BACK_OFF = 10.0, 300.0  # seconds, a kubelet's
_WELL_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not started, or not again."""

    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """Its process lives."""

    since: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Terminated:
    """Its process has ended; `id` is the process's."""

    exit_code: int
    reason: str
    since: datetime
    until: datetime
    id: str
    message: str = ""


State = Waiting | Running | Terminated


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that the API is told of one container."""

    name: str
    image: str
    state: State
    last: Terminated | None = None
    image_id: str = ""
    restarts: int = 0
    started: bool = False
    ready: bool = False

    @property
    def id(self) -> str:
        """The process that runs or ran last; empty before the first."""
        match self.state:
            case Running() | Terminated():
                return self.state.id
            case Waiting():
                return self.last.id if self.last else ""

    def waits(self, reason: str, message: str = "") -> Standing:
        """This container held up; how it ended before is kept."""
        last = self.state if isinstance(self.state, Terminated) else self.last
        return replace(self, state=Waiting(reason, message), last=last, started=False, ready=False)

    def runs(self, id: str, image_id: str, since: datetime) -> Standing:
        """This container with a process; one more restart if it had one before."""
        last = self.state if isinstance(self.state, Terminated) else self.last
        restarts = self.restarts + (1 if last else 0)
        return replace(self, state=Running(since, id), last=last, image_id=image_id, restarts=restarts, started=False, ready=False)

    def ends(self, exit_code: int, reason: str, until: datetime, message: str = "") -> Standing:
        """This container after its process."""
        since = self.state.since if isinstance(self.state, Running) else until
        over = Terminated(exit_code=exit_code, reason=reason, since=since, until=until, id=self.id, message=message)
        return replace(self, state=over, started=False, ready=False)


@dataclass(frozen=True, slots=True)
class BackOff:
    """How long the next restart waits: none, then 10 s, then twice as long each time up to 5 min, until one has run 10 min."""

    delay: float = 0.0

    def after(self, run: Terminated) -> BackOff:
        """The back-off once another process has ended."""
        if run.until - run.since >= _WELL_AFTER:
            return BackOff(0.0)
        return self.longer()

    def longer(self) -> BackOff:
        """Twice as long, within bounds."""
        return BackOff(min(_LONGEST_BACK_OFF, self.delay * 2) or _FIRST_BACK_OFF)


def is_restarted(policy: str, exit_code: int) -> bool:
    """Whether a container that ended so is started again under a restart policy."""
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)


def end_reason(exit_code: int, *, over_memory: bool) -> str:
    """The word for how a process ended."""
    if over_memory:
        return OOM_KILLED
    return "Completed" if exit_code == 0 else "Error"


def now() -> datetime:
    """The time in UTC, whole seconds, as the API keeps it."""
    return datetime.now(UTC).replace(microsecond=0)
