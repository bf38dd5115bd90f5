"""`python -m localcloud.jobs.backup`: dump the database into its vault, once.

The environment says which and where: DATABASE_URL, VAULT_BUCKET, VAULT_PREFIX, and for AWS what its own clients read.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_s3.client import S3Client

_VARIABLES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}


@dataclass(frozen=True, slots=True)
class Vault:
    """A bucket and the folder in it that backups go to; `prefix` ends in a slash."""

    bucket: str
    prefix: str


class DumpError(Exception):
    """The database could not be dumped; the message is what pg_dump said."""


def dump(url: str, into: Path) -> None:
    """Write the database that `url` names into a file of pg_dump's custom format. Raises `DumpError`."""
    command = ("pg_dump", "--format=custom", "--no-password", f"--file={into}")
    # A password in an argument would be everybody's to read.
    done = subprocess.run(command, env={**os.environ, **login(url)}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DumpError(" ".join(done.stderr.split()) or f"pg_dump ended with {done.returncode}")


def login(url: str) -> Mapping[str, str]:
    """How libpq is told by its environment what a URL says. Raises `DumpError` for one that is no database's."""
    try:
        said = conninfo_to_dict(url)
    except ProgrammingError:
        raise DumpError("DATABASE_URL is no URL of a database") from None
    return {variable: str(said[word]) for word, variable in _VARIABLES.items() if said.get(word)}


def key_of(vault: Vault, at: datetime) -> str:
    """The name of a backup by the time of its beginning, so that names in order are backups in order."""
    return f"{vault.prefix}{at:%Y-%m-%dT%H%M%SZ}.dump"


def main() -> int:
    """Make one backup; return the exit code."""
    try:
        url, vault = os.environ["DATABASE_URL"], Vault(os.environ["VAULT_BUCKET"], os.environ["VAULT_PREFIX"])
    except KeyError as error:
        sys.stderr.write(f"the environment lacks {error}\n")
        return 2
    key = key_of(vault, datetime.now(UTC))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "dump"
        try:
            dump(url, file)
            s3: S3Client = boto3.client("s3")  # pyright: ignore[reportUnknownMemberType] - of the stubs' overloads only S3's is installed
            s3.upload_file(str(file), vault.bucket, key)
        except (DumpError, OSError, Boto3Error, BotoCoreError, ClientError) as error:
            sys.stderr.write(f"no backup was made: {error}\n")
            return 1
        sys.stdout.write(f"s3://{vault.bucket}/{key}: {file.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
