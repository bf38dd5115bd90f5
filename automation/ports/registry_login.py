"""As whom registries know an operator: what `docker login` has kept, in Docker's own file or with the helper that this names.

Source: https://docs.docker.com/reference/cli/docker/login, "Credential stores" and "Credential helpers".
"""

from __future__ import annotations

import base64
import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automation.errors import ExitCode, HhctlError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 5
_IDENTITY = "<token>"
"""In place of a user, it says of a secret that it is a token to get others with."""
_HUB = "https://index.docker.io/v1/"
"""The name under which Docker Hub's login is kept, whatever its registry's host."""
_HUB_HOSTS = ("docker.io", "index.docker.io", "registry-1.docker.io")
_NONE_KEPT = "credentials not found"
"""What helpers say, on stdout, of a registry that they know no login of."""


class RegistryDenied(HhctlError):
    """The registry does not accept who asks."""

    code = ExitCode.CREDENTIALS


@dataclass(frozen=True, slots=True)
class Login:
    """A user and a password; or, where `is_identity`, a token that the registry turns into others."""

    user: str
    secret: str = field(repr=False)

    @property
    def is_identity(self) -> bool:
        """Tell whether `secret` is a token to get others with."""
        return self.user == _IDENTITY

    @property
    def basic(self) -> str:
        """Return what the header `Authorization` holds of it (RFC 7617)."""
        return f"Basic {base64.b64encode(f'{self.user}:{self.secret}'.encode()).decode()}"


def login_command(host: str) -> str:
    """Return what to type to have a login of a registry's host kept where it is looked for: Docker Hub's goes by no host."""
    return "docker login" if _name(host) == _HUB else f"docker login {host}"


def find_login(host: str, environment: Mapping[str, str]) -> Login | None:
    """Find the login that is kept of a registry's host, with its port if it has one; None where there is none.

    Raises:
        RegistryDenied: what keeps it cannot be read.
    """
    file = Path(environment.get("DOCKER_CONFIG") or Path.home() / ".docker", "config.json")
    name = _name(host)
    try:
        config: Any = json.loads(file.read_bytes())
        helpers: dict[str, str] = config.get("credHelpers") or {}
        helper: str = helpers.get(name) or config.get("credsStore") or ""
        kept = _kept(config.get("auths") or {}, name)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RegistryDenied(f"{file} cannot be read: {error.strerror}", hint=login_command(host)) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise RegistryDenied(f"{file} is not as docker writes it", hint=f"mend it, or {login_command(host)}") from error
    return (_ask(f"docker-credential-{helper}", name, environment) if helper else None) or kept


def _name(host: str) -> str:
    return _HUB if host in _HUB_HOSTS else host


def _kept(entries: Mapping[str, Mapping[str, str]], name: str) -> Login | None:
    """Find the login in Docker's own file, where a registry may stand by its host or by a URL, and what a helper keeps stands empty."""
    for server, entry in entries.items():
        if _host(server) != _host(name):
            continue
        if token := entry.get("identitytoken"):
            return Login(_IDENTITY, token)
        user, _, secret = base64.b64decode(entry.get("auth", "")).decode().partition(":")
        if user:
            return Login(user, secret)
    return None


def _host(server: str) -> str:
    return (server.partition("://")[2] or server).partition("/")[0]


def _ask(program: str, name: str, environment: Mapping[str, str]) -> Login | None:
    """Ask a helper; what it writes may be a secret, and so is never told."""
    hint = login_command(_host(name))
    try:
        done = subprocess.run([program, "get"], input=name.encode(), env=environment, capture_output=True, timeout=_SECONDS, check=False)
        if done.returncode:
            if _NONE_KEPT.encode() in done.stdout:
                return None
            raise RegistryDenied(f"{program} exits {done.returncode} instead of telling the login of {name}", hint=hint)
        told = json.loads(done.stdout)
        return Login(told["Username"], told["Secret"])
    except OSError as error:
        raise RegistryDenied(
            f"{program}, which keeps the login of {name}, cannot be run: {error.strerror}", hint="put it on PATH"
        ) from error
    except subprocess.TimeoutExpired as late:
        raise RegistryDenied(f"{program} does not tell the login of {name} within {_SECONDS} s", hint=hint) from late
    except (ValueError, KeyError, TypeError) as error:
        raise RegistryDenied(f"{program} tells the login of {name} otherwise than helpers do", hint=hint) from error
