"""The first dials of a stack: how it is set by its first update, while there is no history to tell."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from stacks.dials import FIRST_KEY, Dials, DialsInvalid, from_document


def first_dials(folder: Path, stack: str) -> Dials:
    """Read the first dials of `stack` from its file in `folder`, the project's `stacks`.

    Raises:
        DialsInvalid: the file is missing, unreadable or says none; the message names it.
    """
    import yaml  # noqa: PLC0415 - read only when a stack comes up for the first time

    file = folder / f"Pulumi.{stack}.yaml"
    try:
        held: object = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DialsInvalid(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, yaml.YAMLError) as error:
        raise DialsInvalid(f"{file} is no YAML in UTF-8: {' '.join(str(error).split())}") from error
    config = _table(_table(held).get("config"))
    if FIRST_KEY not in config:
        raise DialsInvalid(f"{file}: config: {FIRST_KEY} is missing")
    return from_document(config[FIRST_KEY], place=f"{file}: {FIRST_KEY}")


def _table(value: object) -> Mapping[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
