"""`aws.sns.TopicSubscription`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.providers.aws.sns.attributes import changed_attributes, from_attributes, to_attributes
from localcloud.providers.aws.sns.topic import GONE
from localcloud.providers.aws.table import REGION, Field, Kind, ResourceType, World
from localcloud.providers.resource import CheckFailure, Properties

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.providers.aws.site import Site

_PROTOCOLS = ("application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs")
_ATTRIBUTES = {
    "deliveryPolicy": Field(Kind.DOCUMENT),
    "filterPolicy": Field(Kind.DOCUMENT),
    "filterPolicyScope": Field(Kind.TEXT, computed=True, choices=("MessageAttributes", "MessageBody")),
    "rawMessageDelivery": Field(Kind.FLAG, default=False),
    "redrivePolicy": Field(Kind.DOCUMENT),
    "replayPolicy": Field(Kind.DOCUMENT),
    "subscriptionRoleArn": Field(Kind.TEXT),
}
_INPUTS = {
    "topic": Field(Kind.TEXT, required=True, replaces="sns_topic_subscription#topic_arn"),
    "protocol": Field(Kind.TEXT, required=True, choices=_PROTOCOLS, replaces="sns_topic_subscription#protocol"),
    "endpoint": Field(Kind.TEXT, required=True, replaces="sns_topic_subscription#endpoint"),
    "confirmationTimeoutInMinutes": Field(Kind.WHOLE, default=1, unread=True),
    "endpointAutoConfirms": Field(Kind.FLAG, default=False, unread=True),
    **_ATTRIBUTES,
    "region": REGION,
}


def _demands(inputs: Properties) -> Iterator[CheckFailure]:
    if inputs["protocol"] == "firehose" and not inputs.get("subscriptionRoleArn"):
        yield CheckFailure("subscriptionRoleArn", 'is required for protocol type "firehose"')


def _create(site: Site, inputs: Properties) -> str:
    answer = site.sns.subscribe(
        TopicArn=inputs["topic"],
        Protocol=inputs["protocol"],
        Endpoint=inputs["endpoint"],
        Attributes=to_attributes(_ATTRIBUTES, inputs),
        ReturnSubscriptionArn=True,
    )
    return site.made(answer["SubscriptionArn"])


def _read(site: Site, id: str, _known: Properties) -> World | None:
    attributes = site.sns.get_subscription_attributes(SubscriptionArn=id)["Attributes"]
    inputs = {
        **from_attributes(_ATTRIBUTES, attributes),
        "topic": attributes["TopicArn"],
        "protocol": attributes["Protocol"],
        "endpoint": attributes["Endpoint"],
        "region": site.region,
    }
    outputs = {
        "arn": id,
        "ownerId": attributes.get("Owner", ""),
        "pendingConfirmation": attributes.get("PendingConfirmation") == "true",
        "confirmationWasAuthenticated": attributes.get("ConfirmationWasAuthenticated") == "true",
    }
    return World(inputs=inputs, outputs=outputs)


def _update(site: Site, id: str, old: Properties, new: Properties) -> None:
    kept = {name: field for name, field in _ATTRIBUTES.items() if not (field.computed and new.get(name) is None)}
    for name, value in changed_attributes(kept, old=old, new=new).items():
        # An empty filter is no filter; for the others the empty string takes them away.
        said = value or ("{}" if name == "FilterPolicy" else "")
        site.sns.set_subscription_attributes(SubscriptionArn=id, AttributeName=name, AttributeValue=said)


def _delete(site: Site, id: str, _inputs: Properties) -> None:
    site.sns.unsubscribe(SubscriptionArn=id)


TOPIC_SUBSCRIPTION = ResourceType(
    type="aws:sns/topicSubscription:TopicSubscription",
    inputs=_INPUTS,
    outputs=("arn", "ownerId", "pendingConfirmation", "confirmationWasAuthenticated"),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    gone=GONE,
    demands=_demands,
)
