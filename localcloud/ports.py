"""Ports of 127.0.0.1: which are free, and of which block a local cloud may choose its own.

A port is remembered, and its part or pod takes it again whenever it comes back. Whether one is free cannot be asked of the kernel alone,
then: another cloud would choose what belongs to a part that is down, or that is only about to start.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.errors import HhctlError
from localcloud.places import make_own_folder, port_claims
from localcloud.regions import REGIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Generator
    from pathlib import Path

# Below the range from which the kernel takes ports for outgoing connections, so that a part finds its port free again.
_FIRST, _BLOCKS = 10000, 20
_OF_PARTS, _OF_PODS = 200, 450  # the latter in each region


@dataclass(frozen=True, slots=True)
class PortBlock:
    """The ports that are one cloud's. Its regions choose apart: a pod of one that is down wants back what it had."""

    number: int

    @property
    def parts(self) -> range:
        """Those of parts and doors."""
        first = _FIRST + self.number * (_OF_PARTS + _OF_PODS * len(REGIONS))
        return range(first, first + _OF_PARTS)

    def pods(self, region: str) -> range:
        """Those that stand for the ports of a region's pods."""
        first = self.parts.stop + REGIONS.index(region) * _OF_PODS
        return range(first, first + _OF_PODS)


def claimed_block(root: Path) -> PortBlock:
    """The block of the cloud in the folder `root`: claimed when first asked for, the same until `release_block`.

    A cloud whose folder is gone has lost its claim. Raises `HhctlError` where the clouds of this user have claimed every block.
    """
    with _claims() as claims:
        owners = {number: (claims / f"{number}").readlink() for number in range(_BLOCKS) if (claims / f"{number}").is_symlink()}
        for number, owner in owners.items():
            if owner == root:
                return PortBlock(number)
        free = [number for number in range(_BLOCKS) if number not in owners or not owners[number].exists()]
        if not free:
            raise HhctlError(
                f"{_BLOCKS} local clouds keep all ports, among them the one in {owners[0]}",
                hint="hhctl local down in the checkout of one of them",
            )
        # By chance, since the clouds of another user know nothing of our claims, nor we of theirs.
        number = secrets.choice(free)
        (claims / f"{number}").unlink(missing_ok=True)
        (claims / f"{number}").symlink_to(root)
        return PortBlock(number)


def release_block(root: Path) -> None:
    """Take back the claim of the cloud in `root`, and leave no folder of claims behind when it was the last."""
    with _claims() as claims:
        for claim in list(claims.iterdir()):
            if claim.readlink() == root:
                claim.unlink()
        if not any(claims.iterdir()):
            claims.rmdir()


@contextmanager
def _claims() -> Generator[Path]:
    """The folder of claims, each a link from a block's number to its cloud; nobody else changes it meanwhile."""
    folder = port_claims()
    while True:
        make_own_folder(folder, mode=0o700)
        try:
            held = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            # The holder before us may have removed the folder; a lock on one that is removed keeps nobody out.
            if _is_still(folder, held):
                yield folder
                return
        finally:
            os.close(held)


def _is_still(folder: Path, held: int) -> bool:
    """Whether what is open as `held` is the folder of that name; others may remove and make it at any moment."""
    try:
        return os.path.samestat(folder.stat(), os.fstat(held))
    except FileNotFoundError:
        return False


def free_port(among: Collection[int], *, taken: Collection[int]) -> int:
    """A port by chance that is not taken and on which nothing listens. Raises `HhctlError` where there is none."""
    left = [port for port in among if port not in taken]
    while left:
        port = left.pop(secrets.randbelow(len(left)))
        if port_is_free(port):
            return port
    raise HhctlError(f"none of the {len(among)} ports from {min(among)} on is free", hint="hhctl local down, then hhctl local up")


def port_is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now, by TCP and by UDP."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    return False
                raise
    return True
