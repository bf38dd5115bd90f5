"""The first schema of a new database: what services/api/migrations says, by golang-migrate, once.

From then on the schema is the operators': bringing the local cloud up again moves no database that somebody has set back.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from automation.errors import ExitCode, HhctlError
from localcloud import toolchain
from stacks.house import MIGRATIONS

if TYPE_CHECKING:
    from localcloud.folder import CloudFolder

_LIMIT = 180  # seconds


class MigrationFault(HhctlError):
    """The schema could not be brought to where the migrations lead."""

    code = ExitCode.RESOURCE_FAILED


def migrate_once(folder: CloudFolder, *, stack: str, address: str, password: str) -> None:
    """Apply every migration to a stack's database that has never had all of them. Raises `MigrationFault`.

    `address` is the database's URL without a password, which goes by the environment.
    """
    done = folder.root / "data" / f"migrated-{stack}"
    if done.exists():
        return
    try:
        subprocess.run(
            [str(toolchain.path("migrate")), "-path", str(MIGRATIONS), "-database", address, "up"],
            env={"PGPASSWORD": password},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
            timeout=_LIMIT,
        )
    except subprocess.CalledProcessError as error:
        said = str(error.stdout).strip().splitlines() or ["it said nothing"]
        raise MigrationFault(f"the migrations of {stack} failed: {said[-1]}", hint="hhctl local down, then hhctl local up") from None
    except subprocess.TimeoutExpired:
        raise MigrationFault(f"the migrations of {stack} did not end in {_LIMIT} s", hint="hhctl local up") from None
    folder.write_private(done, "")
