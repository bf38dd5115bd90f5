"""The spec: where the stacks run, how they are checked and what is promised for them, as `hhctl.toml` says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from stacks.quantities import (
    Address,
    Backend,
    Count,
    Destination,
    Duration,
    Fraction,
    HttpStatus,
    Instant,
    Namespace,
    RegionName,
    SecretsProvider,
    StackName,
    Text,
    Uid,
    UrlPath,
    WebUrl,
)


@dataclass(frozen=True, slots=True)
class Region:
    """A failure domain: the kubectl context of its cluster, its Prometheus, and where its AWS answers if not at Amazon.

    `fingerprint` pins the cluster that the context must lead to: the UID of its namespace kube-system, which no other cluster has.
    """

    context: Text
    prometheus: WebUrl
    aws_endpoint: WebUrl | None = None
    fingerprint: Uid | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """House Helper in a stack: its namespace, and the URL under which its clients reach it."""

    namespace: Namespace
    url: WebUrl


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack: its home region, and where Pulumi keeps its state and encrypts its secrets; `global` has no workload."""

    region: RegionName
    backend: Backend
    secrets_provider: SecretsProvider
    workload: Workload | None = None


@dataclass(frozen=True, slots=True)
class SmokeCheck:
    """A request to a workload's URL that changes nothing: the status it must answer with in time, and a text that the answer `contains`.

    It is made up to `retries` times more before it has failed.
    """

    name: Text
    path: UrlPath
    status: HttpStatus = 200
    timeout: Duration = timedelta(seconds=5)
    contains: Text = ""
    retries: Count = 2


@dataclass(frozen=True, slots=True)
class SmokeProgram:
    """A program that checks what requests cannot: it is called with the stack's name, and its exit code says whether all is well."""

    path: Text
    timeout: Duration = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Freeze:
    """A time in which no version is brought to the stacks named, from `begins` up to and without `ends`."""

    reason: Text
    stacks: tuple[StackName, ...]
    begins: Instant
    ends: Instant

    def __post_init__(self) -> None:
        if self.ends <= self.begins:
            raise ValueError("ends must come after begins")


@dataclass(frozen=True, slots=True)
class RecoveryObjective:
    """How long a recovery may take, and how much data it may lose."""

    rto: Duration
    rpo: Duration


@dataclass(frozen=True, slots=True)
class Objectives:
    """What is promised: error rate and degradation as fractions of 1, the 95th percentile of latency, and recovery."""

    error_rate: Fraction
    p95: Duration
    degradation: Fraction
    failover: RecoveryObjective
    recover: RecoveryObjective


@dataclass(frozen=True, slots=True)
class Contact:
    """Who is called, and how."""

    role: Text
    reach: Text


@dataclass(frozen=True, slots=True)
class Messages:
    """Where people are told of what was done: a URL that takes JSON, or the operator's console; None tells nobody."""

    slack: Destination | None = None
    status_page: Destination | None = None
    pager: Destination | None = None
    incidents: Destination | None = None


@dataclass(frozen=True, slots=True)
class Spec:
    """Everything that `hhctl.toml` says, checked.

    `registry` is where images are looked up, `changelog` the file that must name a version before it is deployed; without it nobody looks.
    Files are named from the folder of the `hhctl.toml` that names them.
    `dashboards` is where Grafana is. `dns` is the name server that is asked for what the world is told, without it the system's. `messages`
    says who is told of a failover.
    """

    regions: Mapping[RegionName, Region]
    stacks: Mapping[StackName, Stack]
    objectives: Objectives
    smoke: tuple[SmokeCheck, ...]
    contacts: tuple[Contact, ...]
    freeze: tuple[Freeze, ...] = ()
    smoke_program: SmokeProgram | None = None
    registry: WebUrl = "https://registry.house-helper.com"
    changelog: Text | None = None
    dashboards: WebUrl | None = None
    dns: Address | None = None
    messages: Messages = Messages()
