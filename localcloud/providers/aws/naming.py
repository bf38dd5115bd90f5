"""Names that the program leaves to the provider."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.providers.aws.table import Naming
    from localcloud.providers.resource import Properties

_AUTOMATIC = re.compile(r"-[0-9a-f]{7}(\.fifo)?$")


def looks_automatic(name: str) -> bool:
    """Whether a physical name has the form that `marked` gives."""
    return _AUTOMATIC.search(name) is not None


def marked(longest: int) -> Callable[[str, Properties], str]:
    """Pulumi-aws's auto-naming: the logical name, shortened so that all fits `longest`, a dash and seven hex digits."""

    def automatic(name: str, _inputs: Properties) -> str:
        mark = f"-{secrets.token_hex(4)[:7]}"
        return name[: longest - len(mark)] + mark

    return automatic


def automatic_name(naming: Naming, *, name: str, olds: Properties, news: Properties) -> str | None:
    """The name to fill in, the one given before if there is one; None when the program names or prefixes the resource itself."""
    if news.get(naming.field) is not None or (naming.beside and news.get(naming.beside) is not None):
        return None
    before: Any = olds.get(naming.field)
    return before if isinstance(before, str) and looks_automatic(before) else naming.automatic(name, news)


def prefixed_name(prefix: str) -> str:
    """A name under a prefix, with 26 further digits as the Terraform AWS provider adds."""
    return f"{prefix}{secrets.randbelow(10**26):026d}"
