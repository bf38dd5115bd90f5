"""Images, by a registry's own API: what a tag stands for.

Source: https://github.com/opencontainers/distribution-spec, "Pulling manifests" and "Listing tags".
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.errors import ExitCode, HhctlError, Refusal
from stacks.dials import Image

if TYPE_CHECKING:
    from email.message import Message

API_IMAGE = "house-helper/api"
_SECONDS = 5
_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_TAGS_TOLD = 12


class RegistryDenied(HhctlError):
    """The registry does not accept who asks."""

    code = ExitCode.CREDENTIALS


@dataclass(frozen=True, slots=True)
class Registry:
    """The registry at `url`."""

    url: str

    def resolve(self, tag: str) -> Image:
        """Return what a tag of the API's image stands for now.

        Raises:
            Refusal: there is no such tag; some that there are, are named.
            HhctlError: the registry cannot be asked.
        """
        try:
            headers = self._ask("HEAD", f"manifests/{tag}")[0]
        except FileNotFoundError:
            raise Refusal(f"{API_IMAGE} has no image {tag}; it has {self._tags()}", hint="push the image first") from None
        digest = headers.get("Docker-Content-Digest", "")
        if not digest.startswith("sha256:"):
            raise HhctlError(f"the registry {self.url} says no digest for {API_IMAGE}:{tag}")
        return Image(tag, digest)

    def _tags(self) -> str:
        try:
            tags: list[str] = json.loads(self._ask("GET", "tags/list")[1])["tags"] or []
        except (FileNotFoundError, HhctlError, ValueError, KeyError):
            return "tags that it does not tell"
        told = ", ".join(tags[-_TAGS_TOLD:])
        return f"{told} and {len(tags) - _TAGS_TOLD} more" if len(tags) > _TAGS_TOLD else told or "none"

    def _ask(self, method: str, path: str) -> tuple[Message, bytes]:
        """Ask the registry; FileNotFoundError stands for its 404."""
        url = f"{self.url.rstrip('/')}/v2/{API_IMAGE}/{path}"
        request = urllib.request.Request(url, method=method, headers={"Accept": ", ".join(_MANIFESTS)})  # noqa: S310 - the spec's URL
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - likewise
                return answer.headers, answer.read()
        except urllib.error.HTTPError as refused:
            if refused.code == 404:
                raise FileNotFoundError(url) from None
            kind = RegistryDenied if refused.code in {401, 403} else HhctlError
            raise kind(f"the registry {self.url} answers {refused.code} to {method} {url}", hint="hhctl doctor") from refused
        except (OSError, http.client.HTTPException) as error:
            raise HhctlError(f"the registry {self.url} does not answer: {error}", hint="hhctl doctor") from error
