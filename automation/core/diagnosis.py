"""What is made of what a look at clusters, clocks and permissions has seen: pure judgements, each a finding."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from automation.core.findings import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_SKEW_NOTICED = timedelta(seconds=5)
"""A Date tells whole seconds, and a slow answer may blur another one or two."""

_SKEW_REFUSED = timedelta(minutes=15)
"""AWS refuses what is signed at a time further from its own: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html."""


@dataclass(frozen=True, slots=True)
class Need:
    """What operations do to one kind of object: a resource as the API server lists it, `pods/log` for a part of it, with its group."""

    verb: str
    group: str
    resource: str

    def __str__(self) -> str:
        """Say it as `kubectl auth can-i` takes it."""
        return f"{self.verb} {self.resource}{self.group and f'.{self.group}'}"

    @property
    def is_outside(self) -> bool:
        """Whether it is done in no namespace: one that is to be made is in none."""
        return (self.verb, self.resource) == ("create", "namespaces")


_CHANGED = (
    ("", "configmaps"),
    ("", "limitranges"),
    ("", "namespaces"),
    ("", "resourcequotas"),
    ("", "secrets"),
    ("", "serviceaccounts"),
    ("", "services"),
    ("apps", "deployments"),
    ("apps", "statefulsets"),
    ("autoscaling", "horizontalpodautoscalers"),
    ("batch", "cronjobs"),
    ("gateway.networking.k8s.io", "httproutes"),
    ("networking.k8s.io", "networkpolicies"),
    ("policy", "poddisruptionbudgets"),
)
_LISTED = (
    ("", "events"),
    ("", "pods"),
    ("", "secrets"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("autoscaling", "horizontalpodautoscalers"),
    ("discovery.k8s.io", "endpointslices"),
    ("gateway.networking.k8s.io", "httproutes"),
)
NEEDS = (
    *(Need(verb, group, resource) for group, resource in _CHANGED for verb in ("get", "create", "patch", "delete")),
    *(Need("list", group, resource) for group, resource in _LISTED),
    Need("update", "", "secrets"),  # by which helm writes what became of a release
    Need("get", "", "pods/log"),
    Need("create", "", "pods/exec"),
)
"""What operators do in a workload's namespace: change what stacks' program and chart make, look at it, and reach its database by a pod."""


def judge_cluster(region: str, *, context: str, fingerprint: str, pinned: str | None) -> Finding:
    """Judge which cluster has answered."""
    subject, seen = f"cluster {region}", f"context {context} leads to {fingerprint}"
    if pinned is None:
        return Finding(subject, f"{seen}, and none is pinned", Level.WARNING, f'fingerprint = "{fingerprint}" in [regions.{region}]')
    if pinned != fingerprint:
        return Finding(subject, f"{seen}, not to {pinned}", Level.BLOCKING, "kubectl config get-contexts")
    return Finding(subject, f"{seen}, as pinned", Level.OK)


def judge_permissions(stack: str, missing: Sequence[Need], *, place: str) -> Finding:
    """Judge what the API server would refuse of what operations do; `place` is how kubectl's options name it."""
    subject = f"permissions {stack}"
    if not missing:
        return Finding(subject, "all that operations need", Level.OK)
    return Finding(subject, f"may not {', '.join(map(str, missing))}", Level.BLOCKING, f"kubectl auth can-i --list {place}")


def clock_skew(date: str, *, asked: datetime, answered: datetime) -> timedelta:
    """Return how far our clock, which said `asked` and `answered`, is ahead of the one that wrote an HTTP `date`, cut to a second."""
    return asked + (answered - asked) / 2 - (parsedate_to_datetime(date) + timedelta(seconds=0.5))


def judge_clock(server: str, skew: timedelta) -> Finding:
    """Judge how far this machine's clock is ahead of a server's: from 5 s on it is told, from 15 min on AWS refuses."""
    seconds = skew.total_seconds()
    subject, seen = f"clock by {server}", f"{abs(seconds):.0f} s {'ahead' if seconds > 0 else 'behind'}"
    if abs(skew) >= _SKEW_REFUSED:
        return Finding(subject, f"{seen}: AWS refuses what is signed by it", Level.BLOCKING, "timedatectl set-ntp true")
    if abs(skew) >= _SKEW_NOTICED:
        return Finding(subject, seen, Level.WARNING, "timedatectl set-ntp true")
    return Finding(subject, f"within {_SKEW_NOTICED.total_seconds():g} s", Level.OK)


def lies_in(urls: Sequence[str], *, region: str, endpoint: str | None) -> tuple[str, ...]:
    """Choose those of `urls` that lead into a region, by its name or by where its AWS answers; what may be secret in them is left out."""
    ends = filter(None, (region, urlsplit(endpoint).netloc if endpoint else None))
    names = tuple(ends)
    return tuple(f"{urlsplit(url).scheme}://{urlsplit(url).hostname or ''}" for url in urls if any(name in url for name in names))


def judge_alone(stack: str, *, there: Sequence[str], lost: str, decrypted: bool) -> Finding:
    """Judge whether a stack can be had when the region `lost` is: of its state and secrets, those in `there` lie in it.

    `decrypted`: its key was seen to decrypt.
    """
    subject = f"{stack} alone"
    if there:
        fix = f"move them to the region of {stack} in hhctl.toml"
        return Finding(subject, f"{', '.join(there)} would be gone with {lost}", Level.BLOCKING, fix)
    read = "its state is read and its key decrypts" if decrypted else "its state is read"
    return Finding(subject, f"{read}, and neither that nor its secrets need {lost}", Level.OK)
