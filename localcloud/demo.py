"""`hhctl demo`: from nothing to a stack in each of two regions, changed, found out and destroyed, in one readable run."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click
import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
from pulumi import automation

from automation.commands import Command
from automation.errors import ExitCode, HhctlError
from automation.show import show
from localcloud.commands.status import StatusView
from localcloud.commands.up import raise_cloud
from localcloud.environment import backend, environment
from localcloud.here import cloud_here
from localcloud.kube_api import KubeApi
from localcloud.regions import HOME_REGION, REGIONS
from localcloud.status import read_status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from automation.options import Options
    from localcloud.cloud import Cloud

_PROJECT = "demo"
_NAMESPACE = "hhctl-demo"


class DemoFailed(HhctlError):
    """A step of the demonstration did not do what it says."""

    code = ExitCode.RESOURCE_FAILED


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the demonstration declares in a region."""

    region: str
    replicas: int
    greeting: str


def _program(wanted: _Wanted) -> Callable[[], None]:
    """A program that the real provider plugins would run unchanged."""

    def program() -> None:
        cluster = kubernetes.Provider("cluster", context=wanted.region)
        account = aws.Provider("account", region=aws.Region(wanted.region))
        namespace = kubernetes.core.v1.Namespace("demo", metadata={"name": _NAMESPACE}, opts=pulumi.ResourceOptions(provider=cluster))
        labels = {"app": "greeter"}
        kubernetes.apps.v1.Deployment(
            "greeter",
            # Without it the provider refuses to take back a field that somebody else has set.
            metadata={"name": "greeter", "namespace": namespace.metadata.name, "annotations": {"pulumi.com/patchForce": "true"}},
            spec={
                "replicas": wanted.replicas,
                "selector": {"match_labels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "greeter", "image": "example/greeter:1"}]}},
            },
            opts=pulumi.ResourceOptions(provider=cluster),
        )
        bucket = aws.s3.Bucket("greetings", force_destroy=True, opts=pulumi.ResourceOptions(provider=account))
        aws.s3.BucketObjectv2(
            "greeting", bucket=bucket.bucket, key="greeting.txt", content=wanted.greeting, opts=pulumi.ResourceOptions(provider=account)
        )
        pulumi.export("bucket", bucket.bucket)

    return program


def _stack(cloud: Cloud, wanted: _Wanted) -> automation.Stack:
    settings = automation.ProjectSettings(
        name=_PROJECT, runtime="python", backend=automation.ProjectBackend(url=backend(cloud, HOME_REGION))
    )
    options = automation.LocalWorkspaceOptions(
        project_settings=settings,
        env_vars=dict(_engine_environment(cloud)),
        work_dir=str(_work_folder(cloud, wanted.region)),
        pulumi_command=automation.PulumiCommand(str(cloud.folder.root)),
    )
    return automation.create_or_select_stack(wanted.region, project_name=_PROJECT, program=_program(wanted), opts=options)


def _work_folder(cloud: Cloud, region: str) -> Path:
    """Where the engine keeps the project of a region; left to itself it would leave a folder in /tmp behind."""
    folder = cloud.folder.data("demo") / region
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _engine_environment(cloud: Cloud) -> Mapping[str, str]:
    return {**environment(cloud), "PATH": os.environ["PATH"]}


def _say(line: str) -> None:
    click.echo(line)


def _changes(summary: Mapping[automation.OpType, int] | None) -> str:
    # The engine's events bring the words themselves where its type says an enumeration.
    counted = {str(getattr(operation, "value", operation)): count for operation, count in (summary or {}).items()}
    return ", ".join(f"{operation} {count}" for operation, count in counted.items() if operation != "same") or "nothing to change"


def _update(cloud: Cloud, wanted: _Wanted) -> None:
    result = _stack(cloud, wanted).up(show_secrets=False, suppress_outputs=True)
    _say(f"  {wanted.region}: {_changes(result.summary.resource_changes)}")


def _preview(cloud: Cloud, wanted: _Wanted) -> str:
    return _changes(_stack(cloud, wanted).preview().change_summary)


def _change_behind_its_back(cloud: Cloud, region: str) -> None:
    api = KubeApi.from_kubeconfig(cloud.kubeconfig, region)
    api.merge("apps/v1", "Deployment", "greeter", {"spec": {"replicas": 1}}, _NAMESPACE)


@click.command(cls=Command)
@click.pass_obj
def demo(options: Options) -> None:
    r"""Show it all: two regions up, a stack in each updated, changed, found out and destroyed.

    Takes about a minute once the programs are built. Leaves the local cloud running for you to look at; `hhctl local down` ends it.

    \b
    Example:
      hhctl demo
    """
    try:
        _show_all(cloud_here(), options)
    except automation.CommandError as failed:
        said = [line.strip() for line in str(failed).splitlines() if "error:" in line]
        raise DemoFailed(f"the engine says: {' | '.join(said[:3])}", hint="hhctl local status") from None


def _show_all(cloud: Cloud, options: Options) -> None:
    first = [_Wanted(region, replicas=2, greeting=f"hello from {region}") for region in REGIONS]
    second = [replace(wanted, replicas=3, greeting=f"still here, {wanted.region}") for wanted in first]

    _say("1. Two regions on this machine: real API servers, an AWS API, Postgres with a standby, Valkey, Prometheus, DNS.")
    raise_cloud(cloud)

    _say("\n2. A stack in each region from nothing: a namespace, a Deployment that must become ready, a bucket with an object.")
    for wanted in first:
        _update(cloud, wanted)

    _say("\n3. The same program again: the preview is empty.")
    for wanted in first:
        if (changes := _preview(cloud, wanted)) != "nothing to change":
            raise DemoFailed(f"the preview in {wanted.region} is not empty: {changes}", hint="hhctl local logs provider-kubernetes")
        _say(f"  {wanted.region}: nothing to change")

    _say("\n4. More replicas and another text, as an update.")
    for wanted in second:
        _update(cloud, wanted)

    _say("\n5. Somebody scales us-west-2 behind its back; a refresh finds out, and the next update puts it right.")
    _change_behind_its_back(cloud, second[1].region)
    refreshed = _stack(cloud, second[1]).refresh(show_secrets=False)
    _say(f"  {second[1].region}: refresh: {_changes(refreshed.summary.resource_changes)}")
    _update(cloud, second[1])

    _say("\n6. All of it destroyed again.")
    for wanted in second:
        destroyed = _stack(cloud, wanted).destroy(show_secrets=False, remove=True)
        _say(f"  {wanted.region}: {_changes(destroyed.summary.resource_changes)}")

    _say("\n7. What runs:")
    show(StatusView(read_status(cloud)), options)
    _say('\nNext: eval "$(hhctl local env)" and use kubectl, helm, psql, aws and pulumi of your own;')
    _say("      hhctl local fault --region us-east-1 --down, hhctl local status, hhctl local fault --clear; hhctl local down.")
