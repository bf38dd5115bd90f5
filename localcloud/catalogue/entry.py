"""What the catalogue knows of an image, and how an image is found by what a pod calls it."""

from __future__ import annotations

import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from localcloud.catalogue.manifest import Image, build_image, build_layer
from localcloud.workload.behaviour import Behaviour

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FILE = Path(__file__).with_name("catalogue.toml")
_PACKAGES = Path(__file__).parent.parent

# https://github.com/opencontainers/distribution-spec, "Pulling manifests"; no registry stands before the name, since there is one only.
_NAME = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
_REFERENCE = re.compile(rf"(?P<repository>{_NAME})(?::(?P<tag>\w[\w.-]{{0,127}}))?(?:@(?P<digest>sha256:[0-9a-f]{{64}}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """An image: `command` is what one container of it runs, `environment` what that takes besides the pod's own variables.

    `image.manifest.digest` changes with the code, the module and the behaviour that the entry declares, and with nothing else.
    """

    repository: str
    tag: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    behaviour: Behaviour
    image: Image

    @property
    def digest(self) -> str:
        """The image's name by its content, `sha256:…`."""
        return self.image.manifest.digest


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every image there is."""

    entries: tuple[Entry, ...]

    def find(self, reference: str) -> Entry | None:
        """Return the image that a pod calls `repository:tag`, `repository@digest` or `repository:tag@digest`, as a registry would find it.

        A digest that no image has, or that is not the tag's, finds nothing. Without tag and digest the tag is `latest`.
        """
        parts = _REFERENCE.fullmatch(reference)
        if parts is None:
            return None
        digest = parts["digest"]
        tag = parts["tag"] or ("" if digest else "latest")
        return next((entry for entry in self.of(parts["repository"]) if tag in {"", entry.tag} and digest in {None, entry.digest}), None)

    def of(self, repository: str) -> tuple[Entry, ...]:
        """The images of one repository, in the catalogue's order; empty when there is no such repository."""
        return tuple(entry for entry in self.entries if entry.repository == repository)


class _Image(TypedDict):
    """A repository as the file has it."""

    module: str
    code: list[str]
    tags: dict[str, dict[str, Any]]


def read_catalogue(*, faults: Path) -> Catalogue:
    """Read the catalogue; containers look into the file `faults` for trouble that is set while they run."""
    images: dict[str, _Image] = tomllib.loads(_FILE.read_text())["images"]
    return Catalogue(tuple(entry for repository, image in images.items() for entry in _entries(repository, image, faults)))


def _entries(repository: str, image: _Image, faults: Path) -> Iterator[Entry]:
    layer = build_layer([_PACKAGES / package for package in image["code"]])
    for tag, declared in image["tags"].items():
        behaviour = Behaviour(**declared)
        yield Entry(
            repository=repository,
            tag=tag,
            # -P keeps the folder that a container stands in off its import path.
            command=(sys.executable, "-P", "-m", image["module"]),
            environment={"BEHAVIOUR": behaviour.document(), "FAULTS_FILE": str(faults)},
            behaviour=behaviour,
            image=build_image(tag=tag, module=image["module"], behaviour=behaviour.document(), layer=layer),
        )
