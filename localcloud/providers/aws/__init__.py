"""The local `aws` provider."""

from localcloud.providers.aws.provider import AwsProvider

__all__ = ["AwsProvider"]
