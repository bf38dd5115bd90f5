"""What a stack's program is given, and the provider instances that it works through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

if TYPE_CHECKING:
    from stacks.dials import Dials
    from stacks.given import Secrets
    from stacks.spec import Region, Spec, Stack

_AWS_SERVICES = ("cloudwatch", "iam", "kms", "route53", "s3", "sns", "sts")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One stack as it is to be: where it runs, how it is set, as which revision, and the secrets that it needs."""

    stack: str
    spec: Spec
    dials: Dials
    revision: int
    secrets: Secrets

    @property
    def place(self) -> Stack:
        """The stack's own part of the spec."""
        return self.spec.stacks[self.stack]

    @property
    def region(self) -> Region:
        """The region that it stands in."""
        return self.spec.regions[self.place.region]

    def cluster(self) -> kubernetes.Provider:
        """The cluster of its region; ConfigMaps are changed in place, while a changed Secret is another one.

        An empty kubeconfig is the operator's own. Left out, the SDK would write where that lies into the state, for every other operator.
        """
        return kubernetes.Provider(self.place.region, kubeconfig="", context=self.region.context, enable_config_map_mutable=True)

    def cloud(self) -> aws.Provider:
        """AWS in its region: at Amazon, or at the endpoint that the spec names instead."""
        endpoint = self.region.aws_endpoint
        if endpoint is None:
            return aws.Provider(self.place.region, region=self.place.region)
        return aws.Provider(
            self.place.region,
            region=self.place.region,
            endpoints=[aws.ProviderEndpointArgs(**dict.fromkeys(_AWS_SERVICES, endpoint))],
            s3_use_path_style=True,
            skip_credentials_validation=True,
            skip_metadata_api_check=True,
            skip_requesting_account_id=True,
        )
