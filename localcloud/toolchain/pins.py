"""What is pinned: every program and set of files of the toolchain, its exact version and how it is built."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

TOOLS = Path(__file__).parent.parent / "tools"


@dataclass(frozen=True, slots=True)
class GoModule:
    """A tools-only Go module: its go.mod and go.sum, in a folder of its own, pin the versions of all that its programs are made of.

    `tags` are the build tags of all its programs, since a package compiled under other tags is compiled again. `downloads` is how many Go
    modules a build from nothing fetches; only the progress bar depends on it.
    """

    folder: Path
    tags: str
    downloads: int

    @property
    def name(self) -> str:
        """The last part of its folder."""
        return self.folder.name

    @property
    def go_version(self) -> tuple[int, ...]:
        """The oldest Go that may build it."""
        found = re.search(r"^go ([\d.]+)$", self.go_mod, re.MULTILINE)
        if found is None:
            raise ValueError(f"{self.folder}/go.mod names no Go version")
        return tuple(map(int, found[1].split(".")))

    @property
    def go_mod(self) -> str:
        """The text of its go.mod."""
        return _text(self.folder / "go.mod")

    @property
    def go_sum(self) -> str:
        """The text of its go.sum."""
        return _text(self.folder / "go.sum")

    def version(self, dependency: str) -> str:
        """The version of a required Go module, such as `v1.37.2`."""
        found = re.search(rf"^(?:require)?\s+{re.escape(dependency)} (v\S+)", self.go_mod, re.MULTILINE)
        if found is None:
            raise ValueError(f"{self.folder}/go.mod does not require {dependency}")
        return found[1]

    def sum(self, dependency: str) -> str:
        """The hash of a required Go module's files, `h1:…` as in go.sum."""
        found = re.search(rf"^{re.escape(dependency)} {re.escape(self.version(dependency))} (h1:\S+)$", self.go_sum, re.MULTILINE)
        if found is None:
            raise ValueError(f"{self.folder}/go.sum has no hash of {dependency}")
        return found[1]


@dataclass(frozen=True, slots=True)
class ProgramPin:
    """A program that is built: from `package`, at the version that `module` requires of the Go module `source`.

    `stamps` are the linker's `name=value` settings by which the program knows its own version; `{version}` stands for `v1.37.2`, `{number}`
    for `1.37.2`, `{major}` and `{minor}` for `1` and `37`.
    """

    name: str
    module: GoModule
    source: str
    package: str
    stamps: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """The version of its Go module."""
        return self.module.version(self.source)

    @property
    def linker_flags(self) -> str:
        """What `go build -ldflags` is given: no symbol tables, and the version."""
        number = self.version.removeprefix("v")
        major, minor, _ = number.split(".", 2)
        stamps = (stamp.format(version=self.version, number=number, major=major, minor=minor) for stamp in self.stamps)
        return " ".join(("-s -w", *(f"-X {stamp}" for stamp in stamps)))

    @property
    def key(self) -> str:
        """Changes with whatever changes the program: its module's pins, its flags, the kind of machine."""
        return _key(self.module.go_mod, self.module.go_sum, self.module.tags, self.package, self.linker_flags, platform.machine())

    @property
    def content(self) -> str:
        """Its file's name in its folder of the cache."""
        return self.name


@dataclass(frozen=True, slots=True)
class FilesPin:
    """A folder taken as it is out of the Go module `source`, whose files must have `hash` (`h1:…` as in go.sum)."""

    name: str
    source: str
    version: str
    hash: str
    folder: str

    @property
    def key(self) -> str:
        """Changes with whatever changes the files."""
        return _key(self.hash, self.folder)

    @property
    def content(self) -> str:
        """Its folder's name in its folder of the cache."""
        return Path(self.folder).name


Pin: TypeAlias = ProgramPin | FilesPin

PLATFORM = GoModule(TOOLS / "platform", tags="postgres,file", downloads=432)
PROMETHEUS = GoModule(TOOLS / "prometheus", tags="netgo,remove_all_sd", downloads=120)

_KUBERNETES_STAMPS = (
    "k8s.io/component-base/version.gitVersion={version}",
    "k8s.io/component-base/version.gitMajor={major}",
    "k8s.io/component-base/version.gitMinor={minor}",
)


def _kubernetes(name: str) -> ProgramPin:
    return ProgramPin(name, PLATFORM, "k8s.io/kubernetes", f"k8s.io/kubernetes/cmd/{name}", _KUBERNETES_STAMPS)


# In the order in which they are compiled; what a program shares with those before it is compiled already.
PROGRAMS = (
    _kubernetes("kube-apiserver"),
    _kubernetes("kube-controller-manager"),
    _kubernetes("kube-scheduler"),
    _kubernetes("kubectl"),
    ProgramPin("etcd", PLATFORM, "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/server/v3"),
    ProgramPin("kwok", PLATFORM, "sigs.k8s.io/kwok", "sigs.k8s.io/kwok/cmd/kwok", ("sigs.k8s.io/kwok/pkg/consts.Version={version}",)),
    ProgramPin(
        "metrics-server",
        PLATFORM,
        "sigs.k8s.io/metrics-server",
        "sigs.k8s.io/metrics-server/cmd/metrics-server",
        ("k8s.io/client-go/pkg/version.gitVersion={version}",),
    ),
    ProgramPin(
        "pulumi",
        PLATFORM,
        "github.com/pulumi/pulumi/pkg/v3",
        "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        ("github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={version}",),
    ),
    ProgramPin("helm", PLATFORM, "helm.sh/helm/v4", "helm.sh/helm/v4/cmd/helm", ("helm.sh/helm/v4/internal/version.version={version}",)),
    ProgramPin(
        "toxiproxy",
        PLATFORM,
        "github.com/Shopify/toxiproxy/v2",
        "github.com/Shopify/toxiproxy/v2/cmd/server",
        ("github.com/Shopify/toxiproxy/v2.Version={number}",),
    ),
    ProgramPin(
        "migrate",
        PLATFORM,
        "github.com/golang-migrate/migrate/v4",
        "github.com/golang-migrate/migrate/v4/cmd/migrate",
        ("main.Version={version}",),
    ),
    ProgramPin(
        "prometheus",
        PROMETHEUS,
        "github.com/prometheus/prometheus",
        "github.com/prometheus/prometheus/cmd/prometheus",
        ("github.com/prometheus/common/version.Version={number}",),
    ),
)

# No tools-only module can require this one: its go.mod wants a newer Go than the programs do.
GATEWAY_API_CRDS = FilesPin(
    name="gateway-api-crds",
    source="sigs.k8s.io/gateway-api",
    version="v1.7.0",
    hash="h1:duVnm7nO6oXfMMUWfcDoBph47CYR/ME3NGxccOVglaY=",
    folder="config/crd/standard",
)


def kwok_files() -> FilesPin:
    """The stages, metrics and CRDs that kwok's release has, of the version of the program."""
    source = "sigs.k8s.io/kwok"
    return FilesPin("kwok-files", source, PLATFORM.version(source), PLATFORM.sum(source), "kustomize")


def all_pins() -> tuple[Pin, ...]:
    """Everything that must be in the cache."""
    return (*PROGRAMS, GATEWAY_API_CRDS, kwok_files())


def program(name: str) -> ProgramPin:
    """The pin of a program. Raises `KeyError` for a name that is none."""
    return {pin.name: pin for pin in PROGRAMS}[name]


@cache
def _text(path: Path) -> str:
    return path.read_text()


@cache
def _key(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
