"""Images, by a registry's own API: what a tag stands for, and which tags there are.

Source: https://github.com/opencontainers/distribution-spec, "Pulling manifests" and "Listing tags".
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.errors import HhctlError, Refusal
from automation.ports.registry_login import RegistryDenied, login_command
from automation.ports.registry_token import Challenger
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


@dataclass(frozen=True, slots=True)
class Registry:
    """The registry at `url`, asked as whoever `docker login` has made us where it wants to know; an answer may take `seconds`."""

    url: str
    seconds: float = _SECONDS

    def resolve(self, tag: str) -> Image:
        """Return what a tag of the API's image stands for now.

        Raises:
            Refusal: there is no such tag; some that there are, are named.
            HhctlError: the registry cannot be asked.
        """
        try:
            headers = self._ask("HEAD", f"manifests/{tag}")[0]
        except FileNotFoundError:
            raise Refusal(f"{API_IMAGE} has no image {tag}; it has {self._some_tags()}", hint="push the image first") from None
        digest = headers.get("Docker-Content-Digest", "")
        if not digest.startswith("sha256:"):
            raise HhctlError(f"the registry {self.url} says no digest for {API_IMAGE}:{tag}")
        return Image(tag, digest)

    def has(self, image: Image) -> bool:
        """Tell whether an image can still be pulled by its digest; raises `HhctlError` where the registry cannot be asked."""
        try:
            self._ask("HEAD", f"manifests/{image.digest}")
        except FileNotFoundError:
            return False
        return True

    def tags(self) -> tuple[str, ...]:
        """Return the tags that the registry lists of the API's image, in its order; none where it knows no such image.

        Raises:
            HhctlError: the registry cannot be asked.
        """
        try:
            return tuple(json.loads(self._ask("GET", "tags/list")[1])["tags"] or ())
        except FileNotFoundError:
            return ()
        except (ValueError, KeyError, TypeError) as error:
            raise HhctlError(f"the registry {self.url} does not list the tags of {API_IMAGE}", hint=self._hint) from error

    def _some_tags(self) -> str:
        try:
            tags = self.tags()
        except HhctlError:
            return "tags that it does not tell"
        told = ", ".join(tags[-_TAGS_TOLD:])
        return f"{told} and {len(tags) - _TAGS_TOLD} more" if len(tags) > _TAGS_TOLD else told or "none"

    def _ask(self, method: str, path: str) -> tuple[Message, bytes]:
        """Ask the registry; FileNotFoundError stands for its 404."""
        url = f"{self.url.rstrip('/')}/v2/{API_IMAGE}/{path}"
        try:
            return self._insisting(method, url)
        except urllib.error.HTTPError as refused:
            if refused.code == 404:
                raise FileNotFoundError(url) from None
            says = f"the registry {self.url} answers {refused.code} to {method} {url}"
            if refused.code in {401, 403}:
                raise RegistryDenied(says, hint=login_command(self._challenger.host)) from refused
            raise HhctlError(says, hint=self._hint) from refused
        except (OSError, http.client.HTTPException) as error:
            raise HhctlError(f"the registry {self.url} does not answer: {error}", hint=self._hint) from error

    def _insisting(self, method: str, url: str) -> tuple[Message, bytes]:
        """Ask as anybody, and once more as somebody where the registry wants to know as whom."""
        try:
            return self._open(method, url)
        except urllib.error.HTTPError as refused:
            if refused.code != 401:
                raise
            authorization = self._challenger.authorization(refused.headers.get_all("WWW-Authenticate", ()))
            if not authorization:
                raise
        return self._open(method, url, authorization)

    def _open(self, method: str, url: str, authorization: str = "") -> tuple[Message, bytes]:
        request = urllib.request.Request(url, method=method, headers={"Accept": ", ".join(_MANIFESTS)})  # noqa: S310 - the spec's URL
        if authorization:
            # Where a redirection leads, nobody is logged in.
            request.add_unredirected_header("Authorization", authorization)
        with urllib.request.urlopen(request, timeout=self.seconds) as answer:  # noqa: S310 - likewise
            return answer.headers, answer.read()

    @property
    def _challenger(self) -> Challenger:
        return Challenger(self.url, f"repository:{API_IMAGE}:pull", self.seconds)

    @property
    def _hint(self) -> str:
        return f"curl -sS {self.url.rstrip('/')}/v2/"
