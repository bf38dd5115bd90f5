"""Images, asked of the local catalogue, which speaks a registry's API, and of registries that do not answer as they should."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from free_ports import free_port

from automation.errors import HhctlError, Refusal
from automation.ports.images import Registry, RegistryDenied
from localcloud.catalogue.entry import read_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    port = free_port()
    with subprocess.Popen([sys.executable, "-P", "-m", "localcloud.catalogue", "--port", str(port)]) as serving:
        url = f"http://127.0.0.1:{port}"
        try:
            for _ in range(2400):
                try:
                    httpx.get(f"{url}/v2/", timeout=1)
                    break
                except httpx.TransportError:
                    time.sleep(0.05)
            yield url
        finally:
            serving.terminate()


def test_a_tag_stands_for_the_digest_that_the_registry_says(registry: str) -> None:
    wanted = read_catalogue(faults=Path("/nonexistent")).find("house-helper/api:v1.2.3")
    assert wanted
    image = Registry(registry).resolve("v1.2.3")
    assert (image.tag, image.digest) == ("v1.2.3", wanted.digest)


def test_a_tag_that_is_not_there_is_refused_with_those_that_are(registry: str) -> None:
    with pytest.raises(Refusal, match=r"house-helper/api has no image v9.9.9; it has v1\.2\.2, .+ and \d+ more"):
        Registry(registry).resolve("v9.9.9")


def test_an_image_is_there_by_its_digest_or_was_collected(registry: str) -> None:
    image = Registry(registry).resolve("v1.2.3")
    assert Registry(registry).has(image)
    assert not Registry(registry).has(replace(image, digest="sha256:" + "0" * 64))
    with pytest.raises(HhctlError, match="does not answer"):
        Registry("http://127.0.0.1:1").has(image)


def test_a_registry_that_is_not_there_is_told(registry: str) -> None:
    del registry
    with pytest.raises(HhctlError, match=r"the registry http://127\.0\.0\.1:1 does not answer"):
        Registry("http://127.0.0.1:1").resolve("v1.2.3")


@pytest.mark.parametrize(
    ("status", "error", "says"),
    [
        (401, RegistryDenied, "answers 401"),
        (500, HhctlError, "answers 500"),
        (200, HhctlError, "says no digest"),
    ],
)
def test_a_registry_that_answers_otherwise_is_told(status: int, error: type[HhctlError], says: str) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request).start()
        with pytest.raises(error, match=says):
            Registry(f"http://127.0.0.1:{server.server_port}").resolve("v1.2.3")
