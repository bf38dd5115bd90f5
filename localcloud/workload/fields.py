"""Values out of requests, each looked at before it is used."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localcloud.workload.http import Request

_TEXT_LIMIT = 1000  # characters
_PAGE = 50
_PAGE_LIMIT = 500
_LARGEST = 2**63 - 1  # a bigint
# JSON can write both; UTF-8 has no half of a surrogate pair, and Postgres no NUL in a text.
_UNKEEPABLE = re.compile(r"[\x00\ud800-\udfff]")


class Invalid(Exception):
    """A request asks for something that cannot be."""


class Fields:
    """The fields of a JSON object. Raises `Invalid` for a body that is none."""

    def __init__(self, request: Request) -> None:
        try:
            fields: Any = json.loads(request.body)
        except ValueError:
            raise Invalid("the body is not JSON") from None
        except RecursionError:
            raise Invalid("the body is nested too deeply") from None
        if not isinstance(fields, dict):
            raise Invalid("the body is not a JSON object")
        self._fields: dict[str, Any] = fields

    def text(self, name: str) -> str:
        """A text that must be there. Raises `Invalid`."""
        value = self._fields.get(name)
        if not isinstance(value, str) or not value.strip() or len(value) > _TEXT_LIMIT:
            raise Invalid(f"{name} must be a text of 1 to {_TEXT_LIMIT} characters")
        if _UNKEEPABLE.search(value):
            raise Invalid(f"{name} must have no NUL and no half of a surrogate pair")
        return value

    def optional_text(self, name: str) -> str | None:
        """A text that may be missing. Raises `Invalid`."""
        return None if self._fields.get(name) is None else self.text(name)

    def optional_number(self, name: str) -> int | None:
        """A whole number from 0 that may be missing. Raises `Invalid`."""
        value = self._fields.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST:
            raise Invalid(f"{name} must be a whole number from 0")
        return value


def page_size(request: Request) -> int:
    """How many things a list has: the parameter `limit`, or 50. Raises `Invalid`."""
    return _whole(request, "limit", default=_PAGE, most=_PAGE_LIMIT)


def before(request: Request) -> int:
    """The number that a list begins below: the parameter `before`, or none. Raises `Invalid`."""
    return _whole(request, "before", default=_LARGEST, most=_LARGEST)


def _whole(request: Request, name: str, *, default: int, most: int) -> int:
    given = request.parameters.get(name)
    if given is None:
        return default
    if not given.isascii() or not given.isdigit() or len(given) > len(str(most)) or not 1 <= int(given) <= most:
        raise Invalid(f"{name} must be a whole number from 1 to {most}")
    return int(given)
