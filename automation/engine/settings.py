"""The settings file that one run of the engine is given: the stack's own, with the dials in it, and which chart it runs with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from automation.engine.troubles import told
from automation.errors import UsageFault
from stacks.dials import FIRST_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PROVIDER_KEYS = ("encryptionsalt", "encryptedkey")


def stack_settings(folder: Path, stack: str) -> Mapping[str, Any]:
    """Read `Pulumi.<stack>.yaml` in `folder`, empty if there is none; what it says of first dials is no configuration.

    Raises:
        UsageFault: it cannot be read.
    """
    settings = _read(folder / f"Pulumi.{stack}.yaml")
    if settings is None:
        return {}
    configured: dict[str, Any] = settings.get("config") or {}
    config = {key: value for key, value in configured.items() if key != FIRST_KEY}
    return {**settings, "config": config}


def chart_version(chart: Path) -> str:
    """Read of which version the chart in a folder is.

    Raises:
        UsageFault: it does not say so.
    """
    file = chart / "Chart.yaml"
    match (_read(file) or {}).get("version"):
        case str() as version:
            return version
        case _:
            raise UsageFault(f"{file} names no version of the chart", hint=f"git restore {file}")


def run_settings(own: Mapping[str, Any], *, kept: Mapping[str, str], secrets_provider: str, config: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the settings of one run: the stack's `own`, its secrets encrypted as there, else as its state was `kept`, else anew.

    A run whose settings name no salt or key would write fresh ones into them.
    """
    if any(key in own for key in _PROVIDER_KEYS):
        encryption: Mapping[str, str] = {}
    elif kept:
        encryption = kept
    else:
        encryption = {} if secrets_provider == "passphrase" else {"secretsprovider": secrets_provider}
    return {**own, **encryption, "config": {**own.get("config", {}), **config}}


def write_settings(file: Path, settings: Mapping[str, Any]) -> None:
    """Write `settings` where the engine reads them; JSON is what it reads under this ending, and needs no quoting rules of ours."""
    with told(file):
        file.write_text(json.dumps(settings, indent=1), encoding="utf-8")


def _read(file: Path) -> Mapping[str, Any] | None:
    """Read the mapping that a file holds, None if there is no file."""
    import yaml  # noqa: PLC0415 - for updates and previews only

    try:
        held: object = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageFault(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, yaml.YAMLError) as error:
        raise UsageFault(f"{file} is no YAML in UTF-8: {' '.join(str(error).split())}") from error
    if not isinstance(held, dict):
        raise UsageFault(f"{file} must hold a mapping")
    return cast("dict[str, Any]", held)
