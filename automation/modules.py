"""Names of modules, where one is missing."""

from __future__ import annotations


def is_or_holds(package: str | None, module: str) -> bool:
    """Tell whether `package` is `module` or a package around it: then the module itself is missing, not something that it imports."""
    return f"{module}.".startswith(f"{package}.")
