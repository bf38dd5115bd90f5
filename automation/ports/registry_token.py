"""What a registry's 401 demands, and how it is met.

Source: https://distribution.github.io/distribution/spec/auth, "Token" and "OAuth2"; RFC 7617 for registries that know passwords only.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from automation.errors import HhctlError
from automation.ports.registry_login import RegistryDenied, find_login, login_command

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from automation.ports.registry_login import Login

_PARAMETER = r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))'
_CHALLENGE = re.compile(rf"(\w+)\s+({_PARAMETER}(?:\s*,\s*{_PARAMETER})*)")


@dataclass(frozen=True, slots=True)
class Challenger:
    """The registry that answered 401: its URL, what is wanted of it, as scopes are written, and how long it may take to give a token."""

    url: str
    scope: str
    seconds: float

    @property
    def host(self) -> str:
        """Return the host, with its port if it has one, under which a login is kept."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def authorization(self, demands: Iterable[str]) -> str:
        """Return the header `Authorization` that meets one of the registry's `demands`; empty where none can be met.

        Raises:
            RegistryDenied: the login that is kept cannot be read, or is not accepted.
            HhctlError: there is no token to be had.
        """
        found = challenges(demands)
        login = find_login(self.host, os.environ)
        if "bearer" in found:
            return f"Bearer {self._token(found['bearer'], login)}"
        if "basic" in found and login and not login.is_identity:
            return login.basic
        return ""

    def _token(self, demand: Mapping[str, str], login: Login | None) -> str:
        """Get a token for the login, or for anybody where there is none."""
        realm = demand.get("realm", "")
        # A login is as safe on its way to whoever gives tokens as it would be on its way to the registry, and goes by nothing but HTTP.
        if urlsplit(realm).scheme not in {"https", urlsplit(self.url).scheme}:
            raise RegistryDenied(f"the registry {self.url} has tokens given by {realm or 'nobody'}, to whom no login is sent")
        try:
            with urllib.request.urlopen(self._asking(realm, demand, login), timeout=self.seconds) as answer:  # noqa: S310 - looked at above
                told = json.loads(answer.read())
            token: str = told.get("token") or told["access_token"]
        except urllib.error.HTTPError as refused:
            if refused.code in {400, 401, 403}:
                raise RegistryDenied(f"{realm} answers {refused.code} and gives no token", hint=login_command(self.host)) from refused
            raise HhctlError(f"{realm} answers {refused.code} and gives no token", hint=f"curl -sS {realm}") from refused
        except (OSError, http.client.HTTPException) as error:
            raise HhctlError(f"{realm}, which gives tokens of the registry {self.url}, does not answer: {error}") from error
        except (ValueError, KeyError, AttributeError) as error:
            raise HhctlError(f"{realm} answers without a token of the registry {self.url}", hint=f"curl -sS {realm}") from error
        return token

    def _asking(self, realm: str, demand: Mapping[str, str], login: Login | None) -> urllib.request.Request:
        wanted = {"scope": self.scope, **{name: demand[name] for name in ("service", "scope") if name in demand}}
        if login and login.is_identity:
            grant = {"grant_type": "refresh_token", "client_id": "hhctl", "refresh_token": login.secret}
            return urllib.request.Request(realm, data=urlencode({**grant, **wanted}).encode())  # noqa: S310 - its scheme is looked at
        request = urllib.request.Request(f"{realm}{'&' if '?' in realm else '?'}{urlencode(wanted)}")  # noqa: S310 - likewise
        if login:
            # Where a redirection leads, nobody is logged in.
            request.add_unredirected_header("Authorization", login.basic)
        return request


def challenges(demands: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
    """Read the values of `WWW-Authenticate`: the parameters of each scheme, which is written small."""
    return {
        match[1].lower(): {name.lower(): quoted or bare for name, quoted, bare in re.findall(_PARAMETER, match[2])}
        for demand in demands
        for match in _CHALLENGE.finditer(demand)
    }
