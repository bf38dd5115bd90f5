"""The configuration of one provider instance, read once."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from localcloud.providers.aws.shapes import is_block, is_list
from localcloud.providers.resource import UNKNOWN, CheckFailure, Properties, ResourceFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ARGUMENTS = frozenset({
    "accessKey", "allowedAccountIds", "assumeRoleWithWebIdentity", "assumeRoles", "customCaBundle", "defaultTags",
    "ec2MetadataServiceEndpoint", "ec2MetadataServiceEndpointMode", "endpoints", "forbiddenAccountIds", "httpProxy", "httpsProxy",
    "ignoreTags", "insecure", "maxRetries", "noProxy", "profile", "region", "retryMode", "s3UsEast1RegionalEndpoint", "s3UsePathStyle",
    "secretKey", "sharedConfigFiles", "sharedCredentialsFiles", "skipCredentialsValidation", "skipMetadataApiCheck",
    "skipRegionValidation", "skipRequestingAccountId", "stsRegion", "tagPolicyCompliance", "token", "tokenBucketRateLimiterCapacity",
    "useDualstackEndpoint", "useFipsEndpoint", "userAgents",
})  # fmt: skip
"""The arguments of pulumi-aws's provider. What says how to reach or to prove oneself to the real AWS is taken and has no effect here."""

_ENGINES_OWN = frozenset({"version", "pluginDownloadURL", "__internal"})

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a provider instance was told; hashable, so that equal instances share their clients."""

    region: str
    access_key: str = "local"
    secret_key: str = "local"  # noqa: S105 - moto looks at no key, botocore wants one
    token: str = ""
    endpoints: Pairs = ()
    default_tags: Pairs = ()
    environment: Pairs = ()
    """The variables that say where AWS is reached."""


def config_failures(news: Properties) -> Iterator[CheckFailure]:
    """What is wrong with a provider's arguments."""
    for name in news:
        if name not in ARGUMENTS and name not in _ENGINES_OWN:
            near = get_close_matches(name, ARGUMENTS, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield CheckFailure(name, f"the aws provider has no argument {name}{hint}")


def settings_from(config: Properties, *, environment: Mapping[str, str]) -> Settings:
    """Settings of a provider resource's inputs; raises `ResourceFault` when no region is named."""
    region = _text(config, "region") or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if not region:
        raise ResourceFault("missing required configuration key aws:region: set it on the provider or with `pulumi config set aws:region`")
    return Settings(
        region=region,
        access_key=_text(config, "accessKey") or "local",
        secret_key=_text(config, "secretKey") or "local",
        token=_text(config, "token"),
        endpoints=_endpoints(config.get("endpoints")),
        default_tags=_default_tags(config.get("defaultTags")),
        environment=_reaching_aws(environment),
    )


def _text(config: Properties, name: str) -> str:
    value = config.get(name)
    return value if isinstance(value, str) and value != UNKNOWN else ""


def _endpoints(value: Any) -> Pairs:
    blocks = value if is_list(value) else ()
    return tuple((service, str(url)) for block in blocks if is_block(block) for service, url in block.items() if url and url != UNKNOWN)


def _default_tags(value: Any) -> Pairs:
    tags: Any = value.get("tags") if is_block(value) else None
    return tuple(sorted((key, str(tag)) for key, tag in tags.items())) if is_block(tags) else ()


def _reaching_aws(environment: Mapping[str, str]) -> Pairs:
    return tuple(
        sorted((name, value) for name, value in environment.items() if name.startswith(("HHCTL_AWS_ENDPOINT_", "AWS_ENDPOINT_URL")))
    )
