"""The table of the local aws provider holds what pulumi-aws's own SDK declares: names, shapes and what is required."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any, cast

import pytest

from localcloud.providers.aws.catalogue import RESOURCE_TYPES
from localcloud.providers.aws.table import Field, Kind, ResourceType

# Every deprecated alias of the SDK warns when its module is imported.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

_TYPES = pytest.mark.parametrize("kind", RESOURCE_TYPES, ids=lambda kind: kind.name)

_WORDS = {"bool": {Kind.FLAG}, "int": {Kind.WHOLE}, "float": {Kind.NUMBER, Kind.WHOLE}, "str": {Kind.TEXT, Kind.DOCUMENT}}

# Optional in the SDK since pulumi-aws fills them in or says no at the update; AWS asks for them.
_ASKED_FOR_BY_AWS = {
    ("MetricAlarm", "comparisonOperator"),
    ("MetricAlarm", "evaluationPeriods"),
    ("BucketLifecycleConfiguration", "rules"),
}
_ONLY_WITH_A_WEBSITE = {"websiteDomain", "websiteEndpoint"}


def sdk(kind: ResourceType) -> tuple[Any, type, type]:
    """The SDK's module, its resource class, and the class of its arguments."""
    module = importlib.import_module(f"pulumi_aws.{kind.module}")
    resource = getattr(module, kind.name)
    own = importlib.import_module(resource.__module__)
    arguments = next(vars(own)[name] for name in (f"{kind.name}InitArgs", f"{kind.name}Args") if name in vars(own))
    return module, resource, arguments


def declared(arguments: type) -> dict[str, inspect.Parameter]:
    """Parameters by the name that the engine sees."""
    parameters = inspect.signature(arguments.__init__).parameters
    return {_spelled(arguments, name): each for name, each in parameters.items() if name not in {"self", "__self__"}}


def _spelled(owner: type, name: str) -> str:
    marks = vars(cast("property", vars(owner)[name]).fget)
    return next((value for key, value in marks.items() if "pulumi_name" in key), name)


def differences(module: Any, arguments: type, fields: dict[str, Field], *, path: str) -> list[str]:
    parameters = declared(arguments)
    found = [f"{path}{name}: only here" for name in fields if name not in parameters and name != "tagsAll"]
    for name, parameter in parameters.items():
        if name not in fields:
            found.append(f"{path}{name}: not here")
        elif not fields[name].elsewhere:
            found += _field_differences(module, parameter, fields[name], path=f"{path}{name}")
    return found


def _field_differences(module: Any, parameter: inspect.Parameter, field: Field, *, path: str) -> list[str]:
    annotation = str(parameter.annotation)
    required = parameter.default is inspect.Parameter.empty
    found = [] if required == field.required else [f"{path}: required in the SDK {required}, here {field.required}"]
    listed = "Sequence" in annotation and field.kind is not Kind.DOCUMENT
    if listed != (field.kind in {Kind.LIST, Kind.SET}):
        return [*found, f"{path}: listed in the SDK {listed}, here {field.kind}"]
    one = field.each if listed else field
    block = re.search(r"'(\w+Args)'", annotation)
    if one is not None and one.kind is Kind.BLOCK:
        assert block, f"{path} is no block in the SDK: {annotation}"
        return found + differences(module, getattr(module, block[1]), dict(one.inside), path=f"{path}.")
    if one is not None and one.kind not in {Kind.MAP, Kind.ASSET, Kind.DOCUMENT} and not block:
        word = next(word for word in _WORDS if re.search(rf"\b{word}\b", annotation))
        found += [] if one.kind in _WORDS[word] else [f"{path}: {word} in the SDK, here {one.kind}"]
    return found


@_TYPES
def test_inputs_are_those_of_the_sdk(kind: ResourceType) -> None:
    module, _, arguments = sdk(kind)
    allowed = {f"{name}: required in the SDK False, here True" for owner, name in _ASKED_FOR_BY_AWS if owner == kind.name}
    assert set(differences(module, arguments, dict(kind.inputs), path="")) == allowed


@_TYPES
def test_outputs_are_those_of_the_sdk(kind: ResourceType) -> None:
    _, resource, _ = sdk(kind)
    getters = {_spelled(owner, name) for owner in resource.__mro__ for name, value in vars(owner).items() if isinstance(value, property)}
    own = getters - {"id", "urn", "pulumi_resource_name", "pulumi_resource_type"}
    assert own - _ONLY_WITH_A_WEBSITE == {*kind.inputs, *kind.outputs}


@_TYPES
def test_the_type_is_called_what_the_sdk_calls_it(kind: ResourceType) -> None:
    _, resource, _ = sdk(kind)
    assert {kind.type} <= set(re.findall(r"'(aws:[\w/]+:\w+)'", inspect.getsource(resource)))
    for older in kind.older:
        module = importlib.import_module(f"pulumi_aws.{kind.module}")
        assert older in inspect.getsource(getattr(module, older.rpartition(":")[2]))
