"""The daily backup: a CronJob that dumps the database into a vault, and the role that lets it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi_aws import iam
from pulumi_kubernetes import batch, core, meta, networking

from components.vault import DAILY

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS_TO_START = 3600
_SECONDS_TO_END = 2 * 3600
_SECONDS_KEPT = 7 * 24 * 3600
_USER = 10001
_SCRATCH = "/tmp"  # noqa: S108 - in the container, where a volume of its own is mounted

_POSTGRESQL, _HTTPS, _HTTP = 5432, 443, 80
_POD_IDENTITY = ("169.254.170.23/32", "fd00:ec2::23/128")
"""Where the agent of EKS Pod Identity gives credentials out, on every node (Amazon EKS User Guide, "Pod Identity Agent")."""


@dataclass(frozen=True, slots=True)
class BackupArgs:
    """What a daily backup is made of.

    `schedule` is a cron line in UTC. `database_secret` names a Secret with `DATABASE_URL` in the same namespace. `suspended` where another
    region's database is the primary.
    """

    namespace: pulumi.Input[str]
    image: str
    schedule: str
    suspended: bool
    region: str
    database_secret: pulumi.Input[str]
    bucket: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    role: str
    tags: Mapping[str, str]


class Backup(pulumi.ComponentResource):
    """A CronJob that may write into the vault's daily folder, and read or delete nothing, and speaks to database and AWS alone.

    Its role trusts EKS Pod Identity, by which a cluster binds it to the service account of the same name.
    """

    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: BackupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("house-helper:components:Backup", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        role = iam.Role(name, name=args.role, assume_role_policy=_assumed_by_pods(), tags=args.tags, opts=inside)
        iam.RolePolicy(
            name,
            role=role.id,
            policy=pulumi.Output.all(args.bucket_arn, args.key_arn).apply(lambda arns: _may_write(arns[0], arns[1])),
            opts=inside,
        )
        named = meta.v1.ObjectMetaArgs(name=name, namespace=args.namespace)
        account = core.v1.ServiceAccount(name, metadata=named, automount_service_account_token=False, opts=inside)
        ways = networking.v1.NetworkPolicy(name, metadata=named, spec=_open_ways(name), opts=inside)
        needs = pulumi.ResourceOptions(parent=self, depends_on=[account, ways])
        batch.v1.CronJob(name, metadata=named, spec=_daily(name, args), opts=needs)
        self.role_arn = role.arn
        self.register_outputs({"role_arn": self.role_arn})


def _labels(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/component": "backup"}


def _open_ways(name: str) -> networking.v1.NetworkPolicySpecArgs:
    """The ways out of a namespace that denies by default. Database and AWS stand outside the cluster: their addresses are not named."""

    def tcp(*ports: int) -> list[networking.v1.NetworkPolicyPortArgs]:
        return [networking.v1.NetworkPolicyPortArgs(protocol="TCP", port=port) for port in ports]

    agents = [networking.v1.NetworkPolicyPeerArgs(ip_block=networking.v1.IPBlockArgs(cidr=address)) for address in _POD_IDENTITY]
    return networking.v1.NetworkPolicySpecArgs(
        pod_selector=meta.v1.LabelSelectorArgs(match_labels=_labels(name)),
        policy_types=["Egress"],
        egress=[
            networking.v1.NetworkPolicyEgressRuleArgs(ports=tcp(_POSTGRESQL, _HTTPS)),
            networking.v1.NetworkPolicyEgressRuleArgs(to=agents, ports=tcp(_HTTP)),
        ],
    )


def _daily(name: str, args: BackupArgs) -> batch.v1.CronJobSpecArgs:
    job = batch.v1.JobSpecArgs(
        backoff_limit=2,
        active_deadline_seconds=_SECONDS_TO_END,
        ttl_seconds_after_finished=_SECONDS_KEPT,
        template=core.v1.PodTemplateSpecArgs(
            metadata=meta.v1.ObjectMetaArgs(labels=_labels(name)),
            spec=_pod(name, args),
        ),
    )
    return batch.v1.CronJobSpecArgs(
        schedule=args.schedule,
        time_zone="Etc/UTC",
        suspend=args.suspended,
        concurrency_policy="Forbid",
        starting_deadline_seconds=_SECONDS_TO_START,
        successful_jobs_history_limit=3,
        failed_jobs_history_limit=3,
        job_template=batch.v1.JobTemplateSpecArgs(spec=job),
    )


def _pod(name: str, args: BackupArgs) -> core.v1.PodSpecArgs:
    return core.v1.PodSpecArgs(
        service_account_name=name,
        automount_service_account_token=False,
        restart_policy="Never",
        enable_service_links=False,
        security_context=core.v1.PodSecurityContextArgs(
            run_as_non_root=True,
            run_as_user=_USER,
            run_as_group=_USER,
            fs_group=_USER,
            seccomp_profile=core.v1.SeccompProfileArgs(type="RuntimeDefault"),
        ),
        containers=[_container(args)],
        volumes=[core.v1.VolumeArgs(name="tmp", empty_dir=core.v1.EmptyDirVolumeSourceArgs(size_limit="1Gi"))],
    )


def _container(args: BackupArgs) -> core.v1.ContainerArgs:
    database = core.v1.EnvVarSourceArgs(secret_key_ref=core.v1.SecretKeySelectorArgs(name=args.database_secret, key="DATABASE_URL"))
    plain = {"VAULT_BUCKET": args.bucket, "VAULT_PREFIX": DAILY, "AWS_REGION": args.region}
    return core.v1.ContainerArgs(
        name="backup",
        image=args.image,
        image_pull_policy="IfNotPresent",
        env=[
            core.v1.EnvVarArgs(name="DATABASE_URL", value_from=database),
            *(core.v1.EnvVarArgs(name=variable, value=value) for variable, value in plain.items()),
        ],
        resources=core.v1.ResourceRequirementsArgs(requests={"cpu": "100m", "memory": "256Mi"}, limits={"cpu": "1", "memory": "1Gi"}),
        security_context=core.v1.SecurityContextArgs(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=core.v1.CapabilitiesArgs(drop=["ALL"]),
        ),
        volume_mounts=[core.v1.VolumeMountArgs(name="tmp", mount_path=_SCRATCH)],
    )


def _assumed_by_pods() -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _may_write(bucket: str, key: str) -> str:
    statements = [
        {"Action": ["s3:PutObject", "s3:AbortMultipartUpload"], "Resource": f"{bucket}/{DAILY}*"},
        {"Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": key},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]})
