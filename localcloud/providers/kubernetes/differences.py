"""What changed inputs ask of an object: an update where it can be changed in place, a replacement where not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from localcloud.providers.kubernetes.manifests import as_list, as_object, section
from localcloud.providers.kubernetes.naming import autonamed
from localcloud.providers.kubernetes.replacing import replacing_paths
from localcloud.providers.paths import spell_path, value_at
from localcloud.providers.resource import Difference, Effect

if TYPE_CHECKING:
    from localcloud.providers.kubernetes.settings import Settings
    from localcloud.providers.kubernetes.tokens import Kind
    from localcloud.providers.paths import PropertyPath
    from localcloud.providers.resource import Properties


def compare(kind: Kind, old: Properties, new: Properties, settings: Settings) -> Difference:
    """Compare the inputs that made an object with new ones, both checked."""
    replacing = replacing_paths(kind, old, settings)
    effects = {spell_path(path): _effect(path, replacing, old, new) for path in changed_paths(old, new)}
    for name in _moved(old, new):
        effects[name] = Effect.REPLACE
    return Difference(effects=effects, delete_before_replace=Effect.REPLACE in effects.values() and _same_place(old, new))


def changed_paths(old: Any, new: Any, path: PropertyPath = ()) -> Iterator[PropertyPath]:
    """The innermost paths at which two trees differ; an object or list that only one of them has counts as one change."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        olds, news = as_object(old), as_object(new)
        for key in sorted(olds.keys() | news.keys()):
            yield from changed_paths(olds.get(key), news.get(key), (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        before, after = as_list(old), as_list(new)
        for index in range(max(len(before), len(after))):
            yield from changed_paths(value_at(before, (index,)), value_at(after, (index,)), (*path, index))
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield path


def _effect(path: PropertyPath, replacing: tuple[str, ...], old: Properties, new: Properties) -> Effect:
    here = tuple(step for step in path if isinstance(step, str))
    for each in replacing:
        there = tuple(each.split("."))
        within = here[: len(there)] == there
        around = there[: len(here)] == here and value_at(old, there) != value_at(new, there)
        if within or around:
            return Effect.REPLACE
    return Effect.UPDATE


def _moved(old: Properties, new: Properties) -> Iterator[str]:
    """The parts of an object's kind that changed; another version of the same group is the same object."""
    if old.get("kind") != new.get("kind"):
        yield "kind"
    if str(old.get("apiVersion")).rpartition("/")[0] != str(new.get("apiVersion")).rpartition("/")[0]:
        yield "apiVersion"


def _same_place(old: Properties, new: Properties) -> bool:
    """Whether the new object cannot be made before the old one is gone."""
    before, after = section(old, "metadata"), section(new, "metadata")
    place = ("name", "namespace")
    return not autonamed(new) and all(before.get(each) == after.get(each) for each in place) and not list(_moved(old, new))
