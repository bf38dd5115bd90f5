"""The stacks that House Helper runs in: staging, prod, and dr, which is prod again in the other region."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from components.backup import Backup, BackupArgs
from components.environment import Environment, EnvironmentArgs, Quota
from components.monitoring import Monitoring, MonitoringArgs
from components.replication import Replica
from components.service import Canary, Capacity, Image, Service, ServiceArgs, Switches
from components.switch import Switch, SwitchArgs
from components.switch_object import SwitchState
from components.vault import Retention, Vault, VaultArgs
from stacks import house, monitoring
from stacks.dials import DatabaseRole, least_stable
from stacks.objectives import objectives
from stacks.secrets import SecretName

if TYPE_CHECKING:
    import pulumi_aws as aws

    from stacks import dials
    from stacks.wanted import Wanted

_QUOTAS = {
    house.STAGING: Quota(pods=house.PODS_AT_MOST[house.STAGING], cpu="20", memory="40Gi"),
    **{stack: Quota(pods=house.PODS_AT_MOST[stack], cpu="200", memory="400Gi") for stack in (house.HOME, house.STANDBY)},
}

BACKUP_IMAGE = "house-helper/backup:v1.0.0"
_BACKUP_SCHEDULE = "17 3 * * *"


def declare_staging(wanted: Wanted) -> None:
    """Staging: a namespace and the workload in it."""
    if not wanted.dials.present:
        return
    providers: list[pulumi.ProviderResource] = [wanted.cluster()]
    environment = _environment(wanted, providers)
    _service(wanted, environment, providers, switches=None)


def declare_regional(wanted: Wanted) -> None:
    """Prod and dr: what staging has, and the region's vault, daily backup, switch, alerts and dashboard.

    A stack that is not to be present keeps its vault, which is protected.
    """
    cloud = wanted.cloud()
    vault = _vault(wanted, cloud)
    if not wanted.dials.present:
        return
    providers: list[pulumi.ProviderResource] = [wanted.cluster(), cloud]
    environment = _environment(wanted, providers)
    own, other = (house.switch_url(wanted.spec, wanted.spec.stacks[stack].region) for stack in (wanted.stack, house.other(wanted.stack)))
    service = _service(wanted, environment, providers, switches=Switches(own=own, other=other))
    _backup(wanted, environment, service, vault, providers)
    _monitoring(wanted, environment, providers)
    _switch(wanted, cloud)


def _environment(wanted: Wanted, providers: list[pulumi.ProviderResource]) -> Environment:
    workload = wanted.place.workload
    if workload is None:
        raise pulumi.RunError(f"the spec gives {wanted.stack} no workload")
    environment = Environment(
        house.PROJECT,
        EnvironmentArgs(namespace=workload.namespace, quota=_QUOTAS[wanted.stack]),
        pulumi.ResourceOptions(providers=providers),
    )
    pulumi.export("namespace", environment.namespace)
    pulumi.export("url", workload.url)
    return environment


def _service(wanted: Wanted, environment: Environment, providers: list[pulumi.ProviderResource], *, switches: Switches | None) -> Service:
    set_to = wanted.dials
    if set_to.image is None:
        raise pulumi.RunError(f"the dials give {wanted.stack} no image")
    args = ServiceArgs(
        namespace=environment.namespace,
        chart=house.CHART_FROM_PROGRAM,
        values=house.values_file(wanted.stack),
        image=_image(set_to.image),
        capacity=Capacity(minimum=least_stable(set_to), maximum=set_to.maximum, stopped=set_to.stopped, memory=set_to.memory),
        database_url=wanted.secrets[SecretName.DATABASE_URL],
        cache_url=wanted.secrets[SecretName.CACHE_URL],
        canary=_canary(set_to.canary),
        switches=switches,
    )
    pulumi.export("image", f"{set_to.image.tag}@{set_to.image.digest}")
    return Service(house.RELEASE, args, pulumi.ResourceOptions(providers=providers))


def _vault(wanted: Wanted, cloud: aws.Provider) -> Vault:
    standby = Replica(bucket=house.vault(house.STANDBY), region=wanted.spec.stacks[house.STANDBY].region)
    args = VaultArgs(
        bucket=house.vault(wanted.stack),
        retention=Retention(daily=35, manual=365, locked=30, deleted=7),
        tags=house.tags(wanted.stack),
        replica=standby if wanted.stack == house.HOME else None,
    )
    vault = Vault("vault", args, pulumi.ResourceOptions(providers=[cloud]))
    pulumi.export("vault", vault.bucket)
    return vault


def _backup(wanted: Wanted, environment: Environment, service: Service, vault: Vault, providers: list[pulumi.ProviderResource]) -> None:
    args = BackupArgs(
        namespace=environment.namespace,
        image=BACKUP_IMAGE,
        schedule=_BACKUP_SCHEDULE,
        suspended=wanted.dials.database_role is not DatabaseRole.PRIMARY,
        region=wanted.place.region,
        database_secret=service.secret,
        bucket=vault.bucket,
        bucket_arn=vault.arn,
        key_arn=vault.key_arn,
        role=house.backup_role(wanted.stack),
        tags=house.tags(wanted.stack),
    )
    backup = Backup("house-helper-backup", args, pulumi.ResourceOptions(providers=providers))
    pulumi.export("backupRole", backup.role_arn)


def _monitoring(wanted: Wanted, environment: Environment, providers: list[pulumi.ProviderResource]) -> None:
    workload = wanted.place.workload
    namespace = workload.namespace if workload else ""
    promises = objectives(wanted.spec.objectives)
    args = MonitoringArgs(
        namespace=environment.namespace,
        alerts=monitoring.alerts(promises, stack=wanted.stack, namespace=namespace),
        dashboard=monitoring.dashboard(promises, stack=wanted.stack, namespace=namespace),
        slack_webhook=wanted.secrets[SecretName.SLACK_WEBHOOK],
    )
    Monitoring(house.PROJECT, args, pulumi.ResourceOptions(providers=providers))


def _switch(wanted: Wanted, cloud: aws.Provider) -> None:
    region = wanted.place.region
    args = SwitchArgs(
        bucket=house.switch_bucket(region),
        key=house.switch_key(region),
        state=SwitchState(active=wanted.dials.active, revision=wanted.revision, term=wanted.dials.term),
        tags=house.tags(wanted.stack),
    )
    Switch("switch", args, pulumi.ResourceOptions(providers=[cloud]))
    pulumi.export("switch", house.switch_url(wanted.spec, region))


def _image(image: dials.Image) -> Image:
    return Image(tag=image.tag, digest=image.digest)


def _canary(canary: dials.Canary | None) -> Canary | None:
    return Canary(image=_image(canary.image), weight=canary.weight, minimum=canary.minimum) if canary else None
