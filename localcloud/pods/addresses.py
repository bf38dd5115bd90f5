"""Where pods answer: made-up addresses for the API, and the ports of 127.0.0.1 that stand for them.

EndpointSlices refuse loopback addresses, so a pod's own is made up, outside the range of kwok's pods; who wants to reach the pod looks up
`address:port` in the file of the region.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from localcloud.pods import AGENT
from localcloud.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from localcloud.folder import CloudFolder

_FIRST_NET, _NETS, _HOSTS = 77, 50, 254


@dataclass(frozen=True, slots=True)
class Address:
    """A pod's made-up address, and for each of its ports the one of 127.0.0.1 that stands for it."""

    ip: str
    ports: Mapping[int, int]


class AddressBook:
    """The addresses of one region's pods, with ports of its own: given once, kept over the agent's death, taken back with the pod."""

    def __init__(self, path: Path, ports: range) -> None:
        self._path = path
        self._ports = ports
        self._given: dict[str, Address] = {}
        self._last = 0

    def recall(self, uids: Iterable[str]) -> None:
        """Take up what another agent has given to these pods."""
        wanted = frozenset(uids)
        self._given = {uid: address for uid, address in _read(self._path).items() if uid in wanted}

    def give(self, uid: str, ports: Iterable[int]) -> Address:
        """The address of a pod, the same whenever asked for; with a local port more for each port that it has not had."""
        known = self._given.get(uid)
        had: Mapping[int, int] = known.ports if known else {}
        lacking = [port for port in dict.fromkeys(ports) if port not in had]
        if known is None or lacking:
            self._given[uid] = Address(ip=known.ip if known else self._free_ip(), ports={**had, **self._free_ports(lacking)})
            self._write()
        return self._given[uid]

    def take_back(self, uid: str) -> None:
        """The pod is gone."""
        if self._given.pop(uid, None):
            self._write()

    def _free_ip(self) -> str:
        """The next address after the last given, so that one just taken back is not at once another pod's."""
        taken = {address.ip for address in self._given.values()}
        while True:
            self._last = (self._last + 1) % (_NETS * _HOSTS)
            ip = f"10.244.{_FIRST_NET + self._last // _HOSTS}.{self._last % _HOSTS + 1}"
            if ip not in taken:
                return ip

    def _free_ports(self, ports: Iterable[int]) -> dict[int, int]:
        taken = {local for address in self._given.values() for local in address.ports.values()}
        found: dict[int, int] = {}
        for port in ports:
            found[port] = free_port(self._ports, taken=taken)
            taken.add(found[port])
        return found

    def _write(self) -> None:
        draft = self._path.with_suffix(".draft")
        draft.write_text(json.dumps({uid: asdict(address) for uid, address in self._given.items()}, indent=1))
        draft.replace(self._path)


def addresses_file(folder: CloudFolder, region: str) -> Path:
    """Where the agent of a region writes the addresses of its pods."""
    return folder.data(f"{region}/{AGENT}") / "addresses.json"


def read_addresses(folder: CloudFolder, region: str) -> dict[str, int]:
    """The port of 127.0.0.1 for each `ip:port` of the region's real pods; read anew whenever a pod is not found in it."""
    given = _read(addresses_file(folder, region)).values()
    return {f"{address.ip}:{port}": local for address in given for port, local in address.ports.items()}


def _read(path: Path) -> dict[str, Address]:
    try:
        written = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return {uid: Address(ip=it["ip"], ports={int(port): local for port, local in it["ports"].items()}) for uid, it in written.items()}
