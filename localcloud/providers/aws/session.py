"""One configured instance of the provider: what every resource type has in common when the engine asks."""

from __future__ import annotations

import re
from threading import Event
from typing import TYPE_CHECKING

from localcloud.providers.aws import forecast
from localcloud.providers.aws.catalogue import resource_type
from localcloud.providers.aws.check import checked
from localcloud.providers.aws.difference import difference
from localcloud.providers.aws.endpoints import home_of
from localcloud.providers.aws.faults import SERVICES, WORLD_FAULTS, Interrupted, code_of, worded
from localcloud.providers.aws.invokes import invoke
from localcloud.providers.aws.refresh import found_state, made_state
from localcloud.providers.aws.site import Site
from localcloud.providers.resource import Checked, Difference, PartialFault, Properties, ResourceFault, State

if TYPE_CHECKING:
    from localcloud.providers.aws.settings import Settings
    from localcloud.providers.aws.table import ResourceType, World

_ID_IN_REGION = re.compile(r"^(?P<id>.+)@(?P<region>[a-z]{2}(-[a-z]+)+-\d)$")
"""An import may name the region behind the id (`my-bucket@us-west-2`), as pulumi-aws 7 has it."""

_FAULTS = (*WORLD_FAULTS, Interrupted)


class AwsSession:
    """Implements `localcloud.providers.resource.Session` for the types in the catalogue."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def check(self, type: str, *, name: str, olds: Properties, news: Properties) -> Checked:
        """Inputs made complete, and what is wrong with them."""
        return checked(resource_type(type), name=name, olds=olds, news=news, settings=self._settings)

    def diff(self, type: str, *, id: str, old_inputs: Properties, old_outputs: Properties, news: Properties) -> Difference:  # noqa: ARG002 - what AWS did to the outputs comes by refresh
        """Which inputs changed, and what each change asks for."""
        return difference(resource_type(type), old=old_inputs, new=news)

    def preview_create(self, type: str, *, inputs: Properties) -> Properties:
        """What a create would give."""
        return forecast.created(resource_type(type), inputs)

    def preview_update(self, type: str, *, id: str, old_outputs: Properties, news: Properties) -> Properties:  # noqa: ARG002 - the id says nothing of what changes
        """What an update would give."""
        kind = resource_type(type)
        old_inputs = {key: value for key, value in old_outputs.items() if key in kind.inputs}
        return forecast.updated(kind, old_inputs=old_inputs, old_outputs=old_outputs, news=news)

    def create(self, type: str, *, name: str, inputs: Properties, timeout: float, cancelled: Event) -> State:  # noqa: ARG002 - each call is bounded by its client
        """Make a resource; what fails once it exists is a `PartialFault` with the state that it was left in."""
        kind = resource_type(type)
        site = self._site(kind, inputs, cancelled)
        try:
            return self._made(kind, site, kind.create(site, inputs), inputs)
        except _FAULTS as fault:
            reason = self._worded(fault, kind, doing="creating", which=name, region=site.region)
            if not site.made_id:
                raise ResourceFault(reason) from fault
            left = self._left(kind, site.made_id, inputs) or _bare_state(kind, site.made_id, inputs)
            raise PartialFault(reason, state=left) from fault

    def read(self, type: str, *, id: str, inputs: Properties, outputs: Properties) -> State | None:
        """The resource as AWS has it; `inputs` and `outputs` are empty on an import."""
        kind = resource_type(type)
        plain, region = _split_region(kind, id)
        site = self._site(kind, {"region": region} if region else {**outputs, **inputs}, Event())
        try:
            world = self._read(kind, site, plain, outputs)
        except _FAULTS as fault:
            raise ResourceFault(self._worded(fault, kind, doing="reading", which=plain, region=site.region)) from fault
        return None if world is None else found_state(kind, plain, world, known=inputs, settings=self._settings)

    def update(
        self,
        type: str,
        *,
        id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        timeout: float,  # noqa: ARG002 - each call is bounded by its client
        cancelled: Event,
    ) -> State:
        """Make a resource as `news` says; a change that was left half-way is a `PartialFault`."""
        kind = resource_type(type)
        site = self._site(kind, {**old_outputs, **news}, cancelled)
        try:
            kind.update(site, id, old_inputs, news)
            return self._made(kind, site, id, news)
        except _FAULTS as fault:
            reason = self._worded(fault, kind, doing="updating", which=id, region=site.region)
            left = self._left(kind, id, old_inputs)
            if left is None or not difference(kind, old=old_inputs, new=left.inputs).effects:
                raise ResourceFault(reason) from fault
            raise PartialFault(reason, state=left) from fault

    def delete(self, type: str, *, id: str, inputs: Properties, outputs: Properties, timeout: float, cancelled: Event) -> None:  # noqa: ARG002 - each call is bounded by its client
        """Remove a resource; one that is gone is no fault."""
        kind = resource_type(type)
        site = self._site(kind, {**outputs, **inputs}, cancelled)
        try:
            kind.delete(site, id, {**outputs, **inputs})
        except _FAULTS as fault:
            if code_of(fault) in kind.gone:
                return
            raise ResourceFault(self._worded(fault, kind, doing="deleting", which=id, region=site.region)) from fault

    def invoke(self, token: str, *, arguments: Properties) -> Properties:
        """Answer a function of the provider."""
        site = Site(region=self._settings.region, settings=self._settings, cancelled=Event())
        try:
            return invoke(site, token, arguments)
        except _FAULTS as fault:
            raise ResourceFault(worded(fault, doing=f"calling {token}", module="sts", region=site.region)) from fault

    def _site(self, kind: ResourceType, properties: Properties, cancelled: Event) -> Site:
        region = (properties.get("region") if kind.is_regional else None) or self._settings.region
        return Site(region=region, settings=self._settings, cancelled=cancelled)

    def _read(self, kind: ResourceType, site: Site, id: str, outputs: Properties) -> World | None:
        try:
            return kind.read(site, id, outputs)
        except WORLD_FAULTS as fault:
            if code_of(fault) in kind.gone:
                return None
            raise

    def _made(self, kind: ResourceType, site: Site, id: str, inputs: Properties) -> State:
        world = self._read(kind, site, id, inputs)
        if world is None:
            raise ResourceFault(f"{SERVICES[kind.module]} {kind.name} ({id}) was gone as soon as it was made")
        return made_state(kind, id, world, inputs=inputs)

    def _left(self, kind: ResourceType, id: str, known: Properties) -> State | None:
        """The state that something was left in half-way, None where AWS does not say."""
        try:
            world = self._read(kind, self._site(kind, known, Event()), id, known)
        except WORLD_FAULTS:
            return None
        return None if world is None else found_state(kind, id, world, known=known, settings=self._settings)

    def _worded(self, fault: BaseException, kind: ResourceType, *, doing: str, which: str, region: str) -> str:
        what = f"{doing} {SERVICES[kind.module]} {kind.name} ({which})"
        return worded(fault, doing=what, module=kind.module, region=home_of(kind.module, region))


def _bare_state(kind: ResourceType, id: str, inputs: Properties) -> State:
    """No more than what cannot change without another resource, so that the next update says all the rest again."""
    lasting = {name: value for name, value in inputs.items() if kind.inputs[name].replaces}
    return State(id=id, inputs=lasting, outputs=lasting)


def _split_region(kind: ResourceType, id: str) -> tuple[str, str]:
    found = _ID_IN_REGION.match(id) if kind.is_regional else None
    return (found["id"], found["region"]) if found else (id, "")
