"""Types that are one setting of a bucket: put as a whole, and known by the bucket's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.providers.aws.faults import refusal
from localcloud.providers.aws.s3.buckets import GONE, demand_bucket_here
from localcloud.providers.aws.table import REGION, Field, Kind, ResourceType, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from localcloud.providers.aws.site import Site
    from localcloud.providers.resource import CheckFailure, Properties


def _owner_field(page: str) -> Field:
    return Field(Kind.TEXT, unread=True, replaces=f"{page}#expected_bucket_owner")


@dataclass(frozen=True, slots=True)
class BucketPart:
    """A setting; `call` is what S3 names it (`BucketPolicy` of `PutBucketPolicy`), `page` its page in the provider's documentation."""

    type: str
    page: str
    call: str
    inputs: Mapping[str, Field]
    put: Callable[[Site, str, Properties], None]
    """Makes the setting of a bucket as the inputs say."""
    get: Callable[[Site, str], Properties]
    """The inputs that would make the setting of a bucket what it is."""
    drop: Callable[[Site, str], None]
    gone: frozenset[str] = frozenset()
    older: tuple[str, ...] = ()
    names_owner: bool = False
    """Whether the type takes `expectedBucketOwner`."""
    demands: Callable[[Properties], Iterator[CheckFailure]] = lambda _inputs: iter(())


def bucket_part(part: BucketPart) -> ResourceType:
    """The row of the table for a setting of a bucket."""

    def create(site: Site, inputs: Properties) -> str:
        _put(part, site, inputs)
        return site.made(inputs["bucket"])

    def read(site: Site, id: str, _known: Properties) -> World | None:
        demand_bucket_here(site, id, f"Get{part.call}")
        return World(inputs={"bucket": id, "region": site.region, **part.get(site, id)}, outputs={})

    def update(site: Site, _id: str, _old: Properties, new: Properties) -> None:
        _put(part, site, new)

    def delete(site: Site, id: str, inputs: Properties) -> None:
        if inputs.get("skipDestroy"):
            return
        demand_bucket_here(site, id, f"Delete{part.call}")
        part.drop(site, id)

    bucket = {"bucket": Field(Kind.TEXT, required=True, replaces=f"{part.page}#bucket"), "region": REGION}
    owner = {"expectedBucketOwner": _owner_field(part.page)} if part.names_owner else {}
    return ResourceType(
        type=part.type,
        inputs={**bucket, **owner, **part.inputs},
        outputs=(),
        create=create,
        read=read,
        update=update,
        delete=delete,
        gone=GONE | part.gone,
        demands=part.demands,
        older=part.older,
    )


def _put(part: BucketPart, site: Site, inputs: Properties) -> None:
    bucket, owner = inputs["bucket"], inputs.get("expectedBucketOwner")
    demand_bucket_here(site, bucket, f"Put{part.call}")
    if owner and owner != site.account:
        raise refusal(f"Put{part.call}", code="AccessDenied", message="Access Denied", status=403)
    part.put(site, bucket, inputs)
