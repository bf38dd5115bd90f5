"""The chart as helm renders it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml

from localcloud import toolchain
from stacks import house

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DIGEST = "sha256:" + "a" * 64
OTHER_DIGEST = "sha256:" + "b" * 64


class NotRendered(Exception):
    """Helm refused; the message is its own."""


@dataclass(frozen=True)
class Rendered:
    text: str

    @property
    def manifests(self) -> list[dict[str, Any]]:
        return [document for document in yaml.safe_load_all(self.text) if document]

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        """The objects of a kind by name."""
        return {each["metadata"]["name"]: each for each in self.manifests if each["kind"] == kind}

    def workloads(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What makes pods, by name, with the pod's spec."""
        for kind in ("Deployment", "StatefulSet"):
            for name, workload in self.all(kind).items():
                yield name, workload["spec"]["template"]["spec"]

    def containers(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every container, as `workload/container`."""
        for name, pod in self.workloads():
            for container in pod["containers"]:
                yield f"{name}/{container['name']}", container


def with_image(**over: Any) -> dict[str, Any]:
    """The least that every stack must be given, and what `over` says."""
    least: dict[str, Any] = {
        "api": {"image": {"tag": "v1.2.3", "digest": DIGEST}},
        "fence": {"own": "https://own", "other": "https://other"},
    }
    return _merged(least, over)


def with_canary(weight: int = 25, minimum: int = 2) -> dict[str, Any]:
    return with_image(canary={"enabled": True, "weight": weight, "minimum": minimum, "image": {"tag": "v1.2.4", "digest": OTHER_DIGEST}})


def render(stack: str, values: Mapping[str, Any]) -> Rendered:
    """Render the chart for a stack with `values` on top. Raises `NotRendered`."""
    return Rendered(_helm("template", house.RELEASE, str(house.CHART), "--namespace", "here", stack=stack, values=json.dumps(values)))


def lint(stack: str, values: Mapping[str, Any]) -> str:
    """Lint the chart likewise; what helm says."""
    return _helm("lint", str(house.CHART), "--strict", stack=stack, values=json.dumps(values))


@cache
def _helm(*words: str, stack: str, values: str) -> str:
    command = [str(toolchain.path("helm")), *words, "--values", str(house.values_file(stack)), "--values", "-"]
    done = subprocess.run(command, input=values, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotRendered(done.stdout + done.stderr)
    return done.stdout


def _merged(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = {key: _merged(base[key], value) if isinstance(value, dict) and key in base else value for key, value in over.items()}
    return {**base, **both}
