"""What a store's own clients need in the pod that relays to it, so that they work there without being told where the store is."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping


def client_environment(image: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables by which psql, pg_dump and the rest reach the database through a relay's port; none for other images.

    `environment` is the relay's own: the URL of the store in DATABASE_URL, its local port in PORT.
    """
    if image.partition(":")[0].rpartition("/")[2] != "postgresql" or "DATABASE_URL" not in environment:
        return {}
    url = urlsplit(environment["DATABASE_URL"])
    login = {"PGUSER": unquote(url.username or ""), "PGPASSWORD": unquote(url.password or ""), "PGDATABASE": url.path.lstrip("/")}
    return {"PGHOST": "127.0.0.1", "PGPORT": environment.get("PORT", ""), **login}
