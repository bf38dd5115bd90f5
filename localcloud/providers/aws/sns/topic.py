"""`aws.sns.Topic` and `aws.sns.TopicPolicy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.providers.aws.documents import demand_topic_policy
from localcloud.providers.aws.naming import marked, prefixed_name
from localcloud.providers.aws.sns.attributes import changed_attributes, from_attributes, to_attributes
from localcloud.providers.aws.table import REGION, TAGS, TAGS_ALL, Field, Kind, Naming, ResourceType, World
from localcloud.providers.aws.tags import all_tags, tag_change, tag_list, tag_map
from localcloud.providers.resource import CheckFailure, Properties

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.providers.aws.site import Site

GONE = frozenset({"NotFound", "NotFoundException"})


def _feedback(service: str, wire: str) -> dict[str, Field]:
    """How deliveries to one kind of endpoint are logged."""
    return {
        f"{service}FailureFeedbackRoleArn": Field(Kind.TEXT, wire=f"{wire}FailureFeedbackRoleArn"),
        f"{service}SuccessFeedbackRoleArn": Field(Kind.TEXT, wire=f"{wire}SuccessFeedbackRoleArn"),
        f"{service}SuccessFeedbackSampleRate": Field(Kind.WHOLE, between=(0, 100), wire=f"{wire}SuccessFeedbackSampleRate"),
    }


_LOGGED = {"application": "Application", "firehose": "Firehose", "http": "HTTP", "lambda": "Lambda", "sqs": "SQS"}
_ATTRIBUTES = {
    "displayName": Field(Kind.TEXT),
    "policy": Field(Kind.DOCUMENT, computed=True),
    "deliveryPolicy": Field(Kind.DOCUMENT),
    "kmsMasterKeyId": Field(Kind.TEXT),
    "fifoTopic": Field(Kind.FLAG, default=False, replaces="sns_topic#fifo_topic"),
    "contentBasedDeduplication": Field(Kind.FLAG, default=False),
    "signatureVersion": Field(Kind.WHOLE, computed=True, choices=(1, 2)),
    "tracingConfig": Field(Kind.TEXT, computed=True, choices=("Active", "PassThrough")),
    "archivePolicy": Field(Kind.DOCUMENT),
    "fifoThroughputScope": Field(Kind.TEXT, computed=True, choices=("Topic", "MessageGroup")),
    **{name: field for service, wire in _LOGGED.items() for name, field in _feedback(service, wire).items()},
}
_INPUTS = {
    **_ATTRIBUTES,
    "name": Field(Kind.TEXT, computed=True, between=(1, 256), replaces="sns_topic#name"),
    "namePrefix": Field(Kind.TEXT, unread=True, replaces="sns_topic#name_prefix"),
    "maximumMessageSize": Field(Kind.WHOLE, elsewhere="moto keeps no maximum message size: leave it out"),
    "region": REGION,
    "tags": TAGS,
    "tagsAll": TAGS_ALL,
}


def _demands(inputs: Properties) -> Iterator[CheckFailure]:
    name = inputs.get("name")
    if isinstance(name, str) and inputs["fifoTopic"] is True and not name.endswith(".fifo"):
        yield CheckFailure("name", "the name of a FIFO topic ends with .fifo")
    if inputs["contentBasedDeduplication"] is True and inputs["fifoTopic"] is False:
        yield CheckFailure("contentBasedDeduplication", "content-based deduplication can only be set for FIFO topics")


def _topic_name(name: str, inputs: Properties) -> str:
    made = marked(80)(name, inputs)
    return f"{made}.fifo" if inputs.get("fifoTopic") is True else made


def _create(site: Site, inputs: Properties) -> str:
    if inputs.get("policy"):
        demand_topic_policy(inputs["policy"])
    attributes = to_attributes(_ATTRIBUTES, inputs)
    if not inputs["fifoTopic"]:
        # SNS answers InvalidParameter to a standard topic that speaks of FIFO at all.
        attributes = {name: value for name, value in attributes.items() if name not in {"FifoTopic", "ContentBasedDeduplication"}}
    name = inputs.get("name") or prefixed_name(inputs["namePrefix"])
    answer = site.sns.create_topic(Name=name, Attributes=attributes, Tags=tag_list(all_tags(inputs)))
    return site.made(answer["TopicArn"])


def _read(site: Site, id: str, _known: Properties) -> World | None:
    attributes = site.sns.get_topic_attributes(TopicArn=id)["Attributes"]
    tags = tag_map(site.sns.list_tags_for_resource(ResourceArn=id)["Tags"])
    inputs = {**from_attributes(_ATTRIBUTES, attributes), "name": id.rpartition(":")[2], "region": site.region, "tags": tags}
    outputs = {"arn": id, "owner": attributes["Owner"], "beginningArchiveTime": attributes.get("BeginningArchiveTime", "")}
    return World(inputs=inputs, outputs=outputs)


def _update(site: Site, id: str, old: Properties, new: Properties) -> None:
    if new.get("policy"):
        demand_topic_policy(new["policy"])
    kept = {name: field for name, field in _ATTRIBUTES.items() if not (field.computed and new.get(name) is None)}
    for name, value in changed_attributes(kept, old=old, new=new).items():
        site.sns.set_topic_attributes(TopicArn=id, AttributeName=name, AttributeValue=value)
    if tags := tag_change(old=old, new=new):
        site.sns.untag_resource(ResourceArn=id, TagKeys=tags.gone)
        site.sns.tag_resource(ResourceArn=id, Tags=tag_list(tags.put))


def _delete(site: Site, id: str, _inputs: Properties) -> None:
    site.sns.delete_topic(TopicArn=id)


TOPIC = ResourceType(
    type="aws:sns/topic:Topic",
    inputs=_INPUTS,
    outputs=("arn", "owner", "beginningArchiveTime"),
    naming=Naming("name", _topic_name, beside="namePrefix"),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    gone=GONE,
    demands=_demands,
)


def _put_policy(site: Site, inputs: Properties) -> str:
    demand_topic_policy(inputs["policy"])
    site.sns.set_topic_attributes(TopicArn=inputs["arn"], AttributeName="Policy", AttributeValue=inputs["policy"])
    return site.made(inputs["arn"])


def _read_policy(site: Site, id: str, _known: Properties) -> World | None:
    attributes = site.sns.get_topic_attributes(TopicArn=id)["Attributes"]
    inputs = {"arn": id, "policy": attributes["Policy"], "region": site.region}
    return World(inputs=inputs, outputs={"owner": attributes["Owner"]})


def _update_policy(site: Site, _id: str, _old: Properties, new: Properties) -> None:
    _put_policy(site, new)


def _drop_policy(site: Site, id: str, _inputs: Properties) -> None:
    """A topic always has a policy: without one of ours, only its account may use it."""
    owner = site.sns.get_topic_attributes(TopicArn=id)["Attributes"]["Owner"]
    policy = (
        '{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow",'
        '"Principal":{"AWS":"*"},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission",'
        f'"SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],"Resource":"{id}",'
        f'"Condition":{{"StringEquals":{{"AWS:SourceOwner":"{owner}"}}}}}}]}}'
    )
    site.sns.set_topic_attributes(TopicArn=id, AttributeName="Policy", AttributeValue=policy)


TOPIC_POLICY = ResourceType(
    type="aws:sns/topicPolicy:TopicPolicy",
    inputs={
        "arn": Field(Kind.TEXT, required=True, replaces="sns_topic_policy#arn"),
        "policy": Field(Kind.DOCUMENT, required=True),
        "region": REGION,
    },
    outputs=("owner",),
    create=_put_policy,
    read=_read_policy,
    update=_update_policy,
    delete=_drop_policy,
    gone=GONE,
)
