"""House Helper in a namespace: its secrets and its Helm release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_kubernetes import core, helm, meta

if TYPE_CHECKING:
    from pathlib import Path

_ROLLOUT_SECONDS = 300
_RELEASES_KEPT = 20


@dataclass(frozen=True, slots=True)
class Image:
    """An image: `tag` is its name for people, `digest` is what is pulled."""

    tag: str
    digest: str


@dataclass(frozen=True, slots=True)
class Canary:
    """The candidate beside the stable workload: `weight` is its per cent of requests, `minimum` its least number of pods."""

    image: Image
    weight: int
    minimum: int


@dataclass(frozen=True, slots=True)
class Capacity:
    """The bounds of the autoscaler; `stopped` means no pods whatever they are, `memory` is a pod's own or None for the chart's."""

    minimum: int
    maximum: int
    stopped: bool = False
    memory: str | None = None


@dataclass(frozen=True, slots=True)
class Switches:
    """Where the switch objects of the service's own region and of the other one are read."""

    own: str
    other: str


@dataclass(frozen=True, slots=True)
class ServiceArgs:
    """What a service is made of.

    `chart` is the chart's folder as seen from the program's, `values` one of its values files, `switches` None where there is no other
    region to give way to.
    """

    namespace: pulumi.Input[str]
    chart: str
    values: Path
    image: Image
    capacity: Capacity
    database_url: pulumi.Input[str]
    cache_url: pulumi.Input[str]
    canary: Canary | None = None
    switches: Switches | None = None


class Service(pulumi.ComponentResource):
    """A Helm release of the chart, and the Secret that its pods read."""

    secret: pulumi.Output[str]
    """The name of the Secret with `DATABASE_URL` and `REDIS_URL`."""

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("house-helper:components:Service", name, None, opts)
        # Named by the engine: Secrets are immutable to it, so a changed one is another one, whose new name rolls the pods. The one before
        # stays for pods that have not rolled yet, and goes with the namespace.
        secret = core.v1.Secret(
            name,
            metadata=meta.v1.ObjectMetaArgs(namespace=args.namespace),
            string_data={
                "DATABASE_URL": pulumi.Output.secret(args.database_url),
                "REDIS_URL": pulumi.Output.secret(args.cache_url),
            },
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
        self.secret = secret.metadata.apply(lambda metadata: metadata.name or "")
        helm.v3.Release(
            name,
            helm.v3.ReleaseArgs(
                name=name,
                namespace=args.namespace,
                chart=args.chart,
                # The text and not the file, whose path would make a change of every other checkout.
                value_yaml_files=[pulumi.StringAsset(args.values.read_text(encoding="utf-8"))],
                values={"existingSecret": self.secret, **chart_values(args)},
                # Helm waits for a rollout that cannot succeed until its time is over; the gates of an operation see that at once.
                skip_await=True,
                timeout=_ROLLOUT_SECONDS,
                max_history=_RELEASES_KEPT,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"secret": self.secret})


def chart_values(args: ServiceArgs) -> dict[str, Any]:
    """The values that the chart is given over its values file; nothing in it is unknown before the update."""
    capacity = args.capacity
    api: dict[str, Any] = {
        "image": _image(args.image),
        "stopped": capacity.stopped,
        "autoscaling": {"minimum": capacity.minimum, "maximum": capacity.maximum},
    }
    if capacity.memory is not None:
        api["resources"] = {part: {"memory": capacity.memory} for part in ("requests", "limits")}
    values = {"api": api, "canary": _canary(args.canary)}
    return {**values, "fence": {"own": args.switches.own, "other": args.switches.other}} if args.switches else values


def _canary(canary: Canary | None) -> dict[str, Any]:
    if canary is None:
        return {"enabled": False}
    return {"enabled": True, "weight": canary.weight, "minimum": canary.minimum, "image": _image(canary.image)}


def _image(image: Image) -> dict[str, str]:
    return {"tag": image.tag, "digest": image.digest}
