"""HTTP with one Kubernetes API server: the login, the errors, the JSON."""

from __future__ import annotations

import json
import ssl
import tempfile
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from localcloud.kubeconfig import Access

Manifest = dict[str, Any]
"""A Kubernetes object as JSON."""


class KubeError(Exception):
    """The API server's refusal: its HTTP `status` (0 when it was not reached), its `reason` (`NotFound`, `Conflict`) and its own words."""

    def __init__(self, *, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message

    @property
    def passes(self) -> bool:
        """Whether the same request may well be answered in a moment: the server was not reached, is too busy, or is not ready yet."""
        return self.status in {0, 429} or self.status >= 500


class Connection:
    """Pooled connections to one API server as one user; safe to share between threads. `timeout` is in seconds and for each request."""

    def __init__(self, access: Access, *, timeout: float) -> None:
        self.server = access.server
        self._timeout = timeout
        self._http = httpx.Client(
            base_url=access.server,
            headers={"Accept": "application/json"} | ({"Authorization": f"Bearer {access.token}"} if access.token else {}),
            verify=_tls(access),
            timeout=timeout,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),  # none waits for another's long answer
            trust_env=False,  # a proxy of the machine's user must never carry calls to 127.0.0.1
        )

    def close(self) -> None:
        """Close the pooled connections."""
        self._http.close()

    def answers(self, path: str) -> bool:
        """Whether a GET of `path` is answered with 200."""
        try:
            return self._http.get(path).status_code == 200
        except httpx.HTTPError:
            return False

    def call(self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Any = None, content_type: str = "") -> Manifest:
        """The JSON answer to one request with a JSON body. Raises `KubeError`."""
        content = None if body is None else json.dumps(body)
        headers = {"Content-Type": content_type or "application/json"} if content is not None else {}
        try:
            response = self._http.request(method, path, params=query, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if response.is_error:
            raise _refusal(response)
        return response.json()

    def events(self, path: str, *, query: Mapping[str, str], silence: float) -> Iterator[dict[str, Any]]:
        """Each line of a watch, until the server ends it or nothing comes for `silence` seconds. Raises `KubeError`."""
        try:
            with self._http.stream("GET", path, params=query, timeout=httpx.Timeout(self._timeout, read=silence)) as response:
                if response.is_error:
                    response.read()
                    raise _refusal(response)
                for line in response.iter_lines():
                    event: dict[str, Any] = json.loads(line)
                    if event["type"] == "ERROR":
                        raise _from_status(event["object"], status=410)
                    yield event
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: httpx.HTTPError) -> KubeError:
        words = str(error) or type(error).__name__
        return KubeError(status=0, reason="Unreachable", message=f"{self.server} does not answer: {words}")


def _refusal(response: httpx.Response) -> KubeError:
    try:
        return _from_status(response.json(), status=response.status_code)
    except (ValueError, AttributeError):  # text instead of JSON, or JSON that is no Status
        text = response.text.strip() or response.reason_phrase
        return KubeError(status=response.status_code, reason=response.reason_phrase, message=text)


def _from_status(answer: Mapping[str, Any], *, status: int) -> KubeError:
    code = int(answer.get("code") or status)
    reason = str(answer.get("reason") or code)
    return KubeError(status=code, reason=reason, message=str(answer.get("message") or reason))


def _tls(access: Access) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=access.authority or None)
    if not access.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if access.certificate:
        # The ssl module reads a certificate and its key from a file only; NamedTemporaryFile makes it 0600.
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(f"{access.certificate}\n{access.key}")
            file.flush()
            context.load_cert_chain(file.name)
    return context
