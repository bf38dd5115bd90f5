"""Every resource type that the local cloud has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.providers.aws.cloudwatch import METRIC_ALARM
from localcloud.providers.aws.iam.policy import POLICY
from localcloud.providers.aws.iam.role import ROLE
from localcloud.providers.aws.iam.role_policies import ROLE_POLICY, ROLE_POLICY_ATTACHMENT
from localcloud.providers.aws.kms import ALIAS, KEY
from localcloud.providers.aws.route53.health_check import HEALTH_CHECK
from localcloud.providers.aws.route53.record import RECORD
from localcloud.providers.aws.route53.zone import ZONE
from localcloud.providers.aws.s3.access import BUCKET_OWNERSHIP_CONTROLS, BUCKET_PUBLIC_ACCESS_BLOCK
from localcloud.providers.aws.s3.bucket import BUCKET
from localcloud.providers.aws.s3.lifecycle import BUCKET_LIFECYCLE
from localcloud.providers.aws.s3.object_lock import BUCKET_OBJECT_LOCK
from localcloud.providers.aws.s3.objects import BUCKET_OBJECT
from localcloud.providers.aws.s3.policy import BUCKET_POLICY
from localcloud.providers.aws.s3.protection import BUCKET_ENCRYPTION, BUCKET_VERSIONING
from localcloud.providers.aws.s3.replication import BUCKET_REPLICATION
from localcloud.providers.aws.sns.subscription import TOPIC_SUBSCRIPTION
from localcloud.providers.aws.sns.topic import TOPIC, TOPIC_POLICY
from localcloud.providers.resource import ResourceFault

if TYPE_CHECKING:
    from localcloud.providers.aws.table import ResourceType

RESOURCE_TYPES: tuple[ResourceType, ...] = (
    BUCKET,
    BUCKET_ENCRYPTION,
    BUCKET_LIFECYCLE,
    BUCKET_OBJECT,
    BUCKET_OBJECT_LOCK,
    BUCKET_OWNERSHIP_CONTROLS,
    BUCKET_POLICY,
    BUCKET_PUBLIC_ACCESS_BLOCK,
    BUCKET_REPLICATION,
    BUCKET_VERSIONING,
    HEALTH_CHECK,
    RECORD,
    ZONE,
    POLICY,
    ROLE,
    ROLE_POLICY,
    ROLE_POLICY_ATTACHMENT,
    ALIAS,
    KEY,
    TOPIC,
    TOPIC_POLICY,
    TOPIC_SUBSCRIPTION,
    METRIC_ALARM,
)

_BY_NAME = {name: kind for kind in RESOURCE_TYPES for name in (kind.type, *kind.older)}


def resource_type(type: str) -> ResourceType:
    """The row of a type; raises `ResourceFault` that names the type and what there is beside it."""
    found = _BY_NAME.get(type)
    if found is None:
        module = type.removeprefix("aws:").partition("/")[0]
        beside = sorted(kind.name for kind in RESOURCE_TYPES if kind.module == module)
        there = f"aws.{module} has {', '.join(beside)}" if beside else f"it has modules {', '.join(_modules())}"
        raise ResourceFault(f"the local cloud has no resource of type {type}; {there}")
    return found


def _modules() -> list[str]:
    return sorted({kind.module for kind in RESOURCE_TYPES})
