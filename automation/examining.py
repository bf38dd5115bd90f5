"""Looks at the world that `hhctl doctor` takes all at once: each is bounded in time, and what does not answer is a finding too."""

from __future__ import annotations

import os
from concurrent.futures import wait
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from automation.core.diagnosis import NEEDS, judge_alone, judge_clock, judge_cluster, judge_permissions, lies_in
from automation.core.findings import Finding, Level
from automation.core.updates import standing
from automation.errors import HhctlError
from automation.ports.clusters import Clusters
from automation.ports.images import API_IMAGE, Registry
from automation.ports.keys import is_proven_by_use, must_decrypt
from automation.ports.patience import begin
from automation.ports.programs import Programs
from automation.ports.servers import ask_aws, ask_prometheus
from automation.ports.switches import is_on
from automation.ports.writable import must_be_writable
from stacks.house import HOME, STANDBY, switch_url
from stacks.secrets import SecretsUnreadable, kept_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from automation.app import App
    from automation.ports.servers import Answer
    from stacks.spec import Spec

_SECONDS = 2.0
"""For a cluster, a server or a backend to answer in."""

_LONGEST = 5.0
"""For a look in all: what it asks is bounded by itself, but for names that nobody resolves."""


Take: TypeAlias = "Callable[[], Iterable[Finding]]"


@dataclass(frozen=True, slots=True)
class Look:
    """One look: `subject` names what it finds.

    `level` is how much it matters that it finds nothing, `fix` what to type then; an empty one leaves that to the error's hint.
    """

    subject: str
    take: Take
    fix: str = ""
    level: Level = Level.BLOCKING


def looks_at(app: App) -> Iterator[Look]:
    """Name the looks at every region, the registry and the state of every stack of the spec."""
    for name, region in app.spec.regions.items():
        reach = f"kubectl get --raw /readyz --context {region.context}"
        yield Look(f"cluster {name}", partial(_cluster, app.spec, name), reach)
        yield Look(
            f"aws {name}", partial(_asked, f"aws {name}", partial(ask_aws, name, region.aws_endpoint)), _as_whom(region.aws_endpoint)
        )
        ask = partial(ask_prometheus, region.prometheus)
        reach = f"curl -sS {region.prometheus}/-/ready"
        yield Look(f"prometheus {name}", partial(_asked, f"prometheus {name}", ask), reach, Level.WARNING)
    yield Look("registry", partial(_registry, app.spec.registry))
    for name in app.spec.stacks:
        yield Look(f"state {name}", partial(_state, app, name))
    yield Look(f"switch {STANDBY}", partial(_switch, app))
    yield Look(f"{STANDBY} alone", partial(_alone, app))


def examined(looks: Sequence[Look], *, seconds: float = _LONGEST) -> tuple[Finding, ...]:
    """Take all looks at once, and return what they find in their order; one that takes longer than `seconds` has found no answer."""
    begun = [begin(lambda look=look: tuple(_taken(look))) for look in looks]
    wait(begun, timeout=seconds)
    found = (future.result() if future.done() else (_overdue(look, seconds),) for look, future in zip(looks, begun, strict=True))
    return tuple(chain.from_iterable(found))


def _taken(look: Look) -> Iterator[Finding]:
    try:
        yield from look.take()
    except HhctlError as error:
        yield Finding(look.subject, error.message, look.level, look.fix or error.hint)


def _overdue(look: Look, seconds: float) -> Finding:
    return Finding(look.subject, f"no answer within {seconds:g} s", look.level, look.fix or "look whether its region is reached at all")


def _cluster(spec: Spec, name: str) -> Iterable[Finding]:
    """Look which cluster it is, and only then what we may do in it, so that one out of reach is waited for once."""
    region = spec.regions[name]
    found = Clusters(Programs(os.environ, seconds=_SECONDS)).fingerprint(region.context)
    yield judge_cluster(name, context=region.context, fingerprint=found, pinned=region.fingerprint)
    clusters = Clusters(Programs(os.environ, seconds=_LONGEST - _SECONDS))
    for stack, placed in spec.stacks.items():
        if placed.workload and placed.region == name:
            namespace = placed.workload.namespace
            place = f"--namespace {namespace} --context {region.context}"
            yield judge_permissions(stack, clusters.missing(region.context, namespace, NEEDS), place=place)


def _asked(subject: str, ask: Callable[[], Answer]) -> Iterable[Finding]:
    answer = ask()
    yield Finding(subject, answer.says, Level.OK)
    if answer.ahead is not None:
        yield judge_clock(subject, answer.ahead)


def _registry(url: str) -> Iterable[Finding]:
    tags = Registry(url, seconds=_SECONDS).tags()
    if tags:
        yield Finding("registry", f"{len(tags)} images of {API_IMAGE} at {url}", Level.OK)
    else:
        yield Finding("registry", f"no image of {API_IMAGE} at {url}", Level.WARNING, "push an image first, or mend registry in hhctl.toml")


def _state(app: App, name: str) -> Iterable[Finding]:
    newest = next(iter(app.engine.recent(name)), None)
    must_be_writable(app.spec.stacks[name].backend)
    revision = f"at revision {newest.revision}" if newest else "not up yet"
    yield Finding(f"state {name}", f"can be read and written, {revision}", Level.OK)


def _switch(app: App) -> Iterable[Finding]:
    """Look whether the world can read the standby's switch; while the stack is not there, there is none."""
    succeeded = standing(app.engine.recent(STANDBY)).succeeded
    if succeeded is None or not succeeded.dials.present:
        yield Finding(f"switch {STANDBY}", f"{STANDBY} is not there, nor is its switch", Level.OK)
        return
    on = is_on(switch_url(app.spec, app.spec.stacks[STANDBY].region))
    yield Finding(f"switch {STANDBY}", f"{'on' if on else 'off'}, read without credentials", Level.OK)


def _alone(app: App) -> Iterable[Finding]:
    """Prove that the standby's state and secrets can be had whatever has become of the other region: nothing of them lies there.

    A key is used as well, by the URL that the state itself names.
    """
    stack, lost = app.spec.stacks[STANDBY], app.spec.stacks[HOME].region
    try:
        kept = kept_secrets(STANDBY, os.environ)
    except SecretsUnreadable as error:
        raise HhctlError(str(error)) from error
    kept_as = app.engine.encryption(STANDBY)
    provider = kept_as.get("secretsprovider", "")
    urls = tuple(dict.fromkeys((stack.backend, stack.secrets_provider, provider, *kept.values())))
    there = lies_in(urls, region=lost, endpoint=app.spec.regions[lost].aws_endpoint)
    proven = is_proven_by_use(provider) and not there
    if proven:
        must_decrypt(provider, kept_as.get("encryptedkey", ""))
    yield judge_alone(STANDBY, there=there, lost=lost, decrypted=proven)


def _as_whom(endpoint: str | None) -> str:
    return "aws sts get-caller-identity" + (f" --endpoint-url {endpoint}" if endpoint else "")
