"""The image catalogue: which reference names which image, and what its digest says."""

from __future__ import annotations

import json
import shutil
import tarfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import yaml

from localcloud.catalogue import entry as catalogue_module
from localcloud.catalogue.entry import Catalogue, read_catalogue
from localcloud.catalogue.manifest import build_image, build_layer
from localcloud.catalogue.registry import reply
from localcloud.workload.behaviour import HEALTHY, Behaviour, read_behaviour

if TYPE_CHECKING:
    from local_cloud import LocalCloud

API = "house-helper/api"
FAULTS = Path("/nowhere/faults.json")
STACKS = Path(catalogue_module.__file__).parents[2] / "stacks"
WORKLOAD = Path(catalogue_module.__file__).parents[1] / "workload"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return read_catalogue(faults=FAULTS)


def test_an_image_is_found_by_tag_by_digest_and_by_both(catalogue: Catalogue) -> None:
    by_tag = catalogue.find(f"{API}:v1.2.1")
    assert by_tag
    assert catalogue.find(f"{API}@{by_tag.digest}") == by_tag
    assert catalogue.find(f"{API}:v1.2.1@{by_tag.digest}") == by_tag


@pytest.mark.parametrize(
    "reference",
    [
        "",
        API,
        f"{API}:v9.9.9",
        f"{API}:latest",
        f"{API}@sha256:{'0' * 64}",
        f"{API}:v1.2.1@sha256:{'0' * 64}",
        f"{API}:v1.2.1@sha256:short",
        f"{API}:v1.2.1\n",
        f"{API}:v1.2.1;rm -rf",
        f"other/{API}:v1.2.1",
        "House-Helper/api:v1.2.1",
        f"{API}:{'v' * 300}",
    ],
)
def test_what_the_catalogue_lacks_is_not_found(catalogue: Catalogue, reference: str) -> None:
    assert catalogue.find(reference) is None


def test_a_tag_with_another_tags_digest_is_not_found(catalogue: Catalogue) -> None:
    other = catalogue.find(f"{API}:v1.2.2")
    assert other
    assert catalogue.find(f"{API}:v1.2.1@{other.digest}") is None


def test_every_image_has_a_digest_of_its_own(catalogue: Catalogue) -> None:
    assert len({entry.digest for entry in catalogue.entries}) == len(catalogue.entries)


def test_a_digest_does_not_depend_on_where_faults_are_kept(catalogue: Catalogue) -> None:
    elsewhere = read_catalogue(faults=Path("/elsewhere"))
    assert [entry.digest for entry in elsewhere.entries] == [entry.digest for entry in catalogue.entries]


@pytest.mark.parametrize("changed", ["tag", "module", "behaviour", "code"])
def test_a_digest_changes_with_everything_that_the_image_is(tmp_path: Path, changed: str) -> None:
    folder = tmp_path / "workload"
    folder.mkdir()
    module = folder / "module.py"
    module.write_text("serve()")
    before = build_image(tag="v1", module="m", behaviour="{}", layer=build_layer([folder]))
    if changed == "code":
        module.write_text("serve_otherwise()")
    after = build_image(
        tag="v2" if changed == "tag" else "v1",
        module="n" if changed == "module" else "m",
        behaviour='{"crash":true}' if changed == "behaviour" else "{}",
        layer=build_layer([folder]),
    )
    assert after.manifest.digest != before.manifest.digest


def test_a_digest_is_the_same_wherever_and_whenever_the_code_was_written(tmp_path: Path, catalogue: Catalogue) -> None:
    shutil.copytree(WORKLOAD, tmp_path / "workload", copy_function=shutil.copyfile)
    entry = catalogue.entries[0]
    _, layer = entry.image.blobs
    assert build_layer([tmp_path / "workload"]).digest == layer.digest


def test_an_image_is_what_oci_says_it_is(catalogue: Catalogue) -> None:
    image = catalogue.entries[0].image
    manifest = json.loads(image.manifest.data)
    blobs = {blob.digest: blob.data for blob in image.blobs}
    assert (manifest["schemaVersion"], manifest["mediaType"]) == (2, "application/vnd.oci.image.manifest.v1+json")
    for described in (manifest["config"], *manifest["layers"]):
        assert len(blobs[described["digest"]]) == described["size"]
    with tarfile.open(fileobj=BytesIO(blobs[manifest["layers"][0]["digest"]])) as layer:
        assert "workload/__init__.py" in layer.getnames()


def test_the_catalogue_has_healthy_versions_and_one_of_every_trouble(catalogue: Catalogue) -> None:
    entries = catalogue.of(API)
    healthy = [entry.tag for entry in entries if entry.behaviour == HEALTHY]
    assert healthy == ["v1.2.1", "v1.2.2", "v1.2.3-canary", "v1.2.3", "v1.2.4", "v1.3.0", "v1.3.1"]
    assert {str(entry.behaviour) for entry in entries} - {""} == {
        "error-rate 20%",
        "latency 1500ms",
        "leak-memory",
        "leak-connections",
        "crash",
        "never-ready",
    }


def test_a_container_is_told_how_it_behaves_and_where_its_faults_are(catalogue: Catalogue) -> None:
    failing = catalogue.find(f"{API}:v1.3.0-failing")
    assert failing
    assert read_behaviour(failing.environment["BEHAVIOUR"]) == Behaviour(error_rate=0.2)
    assert failing.environment["FAULTS_FILE"] == str(FAULTS)


def test_of_two_behaviours_the_worse_shows() -> None:
    both = Behaviour(error_rate=0.1, latency=2.0) | Behaviour(error_rate=0.3, crash=True)
    assert both == Behaviour(error_rate=0.3, latency=2.0, crash=True)


@pytest.mark.parametrize("stack", ["staging", "prod", "dr"])
def test_a_stack_begins_with_an_image_that_there_is(catalogue: Catalogue, stack: str) -> None:
    image = yaml.safe_load((STACKS / f"Pulumi.{stack}.yaml").read_text())["config"]["house-helper:first"]["image"]
    entry = catalogue.find(f"{API}:v1.2.1")
    assert entry
    assert image == {"tag": entry.tag, "digest": entry.digest}


@pytest.mark.parametrize("name", ["house-helper/fence:v1.0.0", "house-helper/postgresql:18.1", "house-helper/redis:9.1"])
def test_the_charts_other_images_are_there(catalogue: Catalogue, name: str) -> None:
    assert catalogue.find(name)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v2/house-helper/nothing/manifests/v1", "NAME_UNKNOWN"),
        ("/v2/house-helper/nothing/tags/list", "NAME_UNKNOWN"),
        (f"/v2/{API}/manifests/v9.9.9", "MANIFEST_UNKNOWN"),
        (f"/v2/{API}/manifests/sha256:{'0' * 64}", "MANIFEST_UNKNOWN"),
        (f"/v2/{API}/blobs/sha256:{'0' * 64}", "BLOB_UNKNOWN"),
        ("/v1/search", "UNSUPPORTED"),
        ("/v2/../../etc/passwd", "UNSUPPORTED"),
    ],
)
def test_what_the_registry_lacks_is_refused_as_oci_says(catalogue: Catalogue, path: str, code: str) -> None:
    answer = reply(catalogue, path)
    assert answer.status == 404
    assert [error["code"] for error in json.loads(answer.body)["errors"]] == [code]


def test_the_registry_lists_the_tags(catalogue: Catalogue) -> None:
    assert json.loads(reply(catalogue, f"/v2/{API}/tags/list").body)["tags"] == [entry.tag for entry in catalogue.of(API)]


def test_the_running_registry_resolves_a_tag_and_serves_all_that_the_image_names(cloud: LocalCloud, catalogue: Catalogue) -> None:
    entry = catalogue.find(f"{API}:v1.2.3")
    assert entry
    with httpx.Client(base_url=f"http://{cloud.part('catalogue')['address']}/v2") as registry:
        asked = registry.head(f"/{API}/manifests/{entry.tag}")
        assert (asked.status_code, asked.headers["Docker-Content-Digest"], asked.content) == (200, entry.digest, b"")
        manifest = registry.get(f"/{API}/manifests/{entry.digest}")
        assert manifest.content == entry.image.manifest.data
        for described in (manifest.json()["config"], *manifest.json()["layers"]):
            assert len(registry.get(f"/{API}/blobs/{described['digest']}").content) == described["size"]
