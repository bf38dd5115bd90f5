"""What things of House Helper are called. Stacks know each other's things by these names alone: none reads another's outputs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stacks.quantities import STACKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stacks.spec import Spec

PROJECT = "house-helper"
DOMAIN = "house-helper.com"
API = f"api.{DOMAIN}"
STAGING_API = f"staging-api.{DOMAIN}"

RELEASE = "house-helper"
"""The Helm release, in the namespace of each stack that has a workload."""
DEPLOYMENT = f"{RELEASE}-api"
CANARY_DEPLOYMENT = f"{DEPLOYMENT}-canary"
DATABASE_POD = "postgresql-0"
FOLLOW_PRIMARY = "follow-primary"
"""The program in `DATABASE_POD` that rebuilds the stack's database as a standby of another stack's: `--stack STACK --primary STACK`."""
CACHE_POD = "redis-0"
HEALTH_PATH = "/health"

STAGING = "staging"
"""The stack that has nothing in AWS."""

HOME, STANDBY = "prod", "dr"
"""The stacks of the region that serves by default, and of the one that stands by."""

CHART = Path(__file__).resolve().parent.parent / "infra" / "helm" / "house-helper"
CHART_FROM_PROGRAM = "../infra/helm/house-helper"
"""The chart as seen from the programs' folder: an absolute path would make a change of every other checkout."""

MIGRATIONS = CHART.parent.parent.parent / "services" / "api" / "migrations"


PODS_AT_MOST = {STAGING: 40, HOME: 200, STANDBY: 200}
"""The pods of all kinds that a stack's namespace takes, by its quota."""


def other(stack: str) -> str:
    """The one of prod and dr that `stack` is not."""
    return STANDBY if stack == HOME else HOME


def version_label(tag: str) -> str:
    """The label that the chart gives the pods of an image's tag, cut to what a label may be."""
    return tag[:63].strip("._-")


def values_file(stack: str) -> Path:
    """The chart's values of a stack."""
    return CHART / f"values-{stack}.yaml"


def earlier(stack: str) -> tuple[str, ...]:
    """The stacks that must have come up before `stack` does so for the first time."""
    return STACKS[: STACKS.index(stack)]


def vault(stack: str) -> str:
    """The bucket of a stack's backup vault; its encryption key has the alias `alias/<bucket>`."""
    return {HOME: "house-helper-backups", STANDBY: "house-helper-backups-replica"}[stack]


def switch_bucket(region: str) -> str:
    """The bucket of a region's failover switch."""
    return f"house-helper-switch-{region}"


def switch_key(region: str) -> str:
    """The key of a region's switch object."""
    return f"switch/{region}"


def switch_host(region: str) -> str:
    """The host at which Route 53 and everybody else read a region's switch object."""
    return f"{switch_bucket(region)}.s3.{region}.amazonaws.com"


def switch_url(spec: Spec, region: str) -> str:
    """Where a region's switch object is read without credentials: at Amazon, or at the endpoint that the spec names instead."""
    endpoint = spec.regions[region].aws_endpoint
    if endpoint is None:
        return f"https://{switch_host(region)}/{switch_key(region)}"
    return f"{endpoint.rstrip('/')}/{switch_bucket(region)}/{switch_key(region)}"


def entry(region: str) -> str:
    """The name under which a region's own API is reached, whichever region is active."""
    return f"api-{region}.{DOMAIN}"


def edge(region: str) -> str:
    """The name of a region's edge, which the region's own gateway publishes."""
    return f"edge.{region}.{DOMAIN}"


def backup_role(stack: str) -> str:
    """The IAM role of a stack's daily backup; IAM has no regions, so the stack is in its name."""
    return f"house-helper-backup-{stack}"


def tags(stack: str) -> Mapping[str, str]:
    """What every AWS resource of a stack is tagged with."""
    return {"project": PROJECT, "stack": stack, "managed-by": "hhctl"}
