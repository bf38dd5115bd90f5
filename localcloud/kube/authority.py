"""The keys and certificates of one control plane, made once from a CA of its own."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from localcloud.folder import CloudFolder

if TYPE_CHECKING:
    from pathlib import Path

_VALID = dt.timedelta(days=3650)
_SERVICE_NAMES = {
    "kube-apiserver": ("kubernetes", "kubernetes.default.svc"),
    "metrics-server": ("metrics-server.kube-system.svc",),
}
_KeyPair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


@dataclass(frozen=True, slots=True)
class Certificates:
    """Paths of PEM files in `folder`; each `X.crt` has its key beside it as `X.key`."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The CA that signed the API server and the metrics server."""
        return self.folder / "ca.crt"

    @property
    def front_proxy_authority(self) -> Path:
        """The CA by which aggregated APIs know the API server; apart from `authority`, or every client could pose as it."""
        return self.folder / "front-proxy-ca.crt"

    def pair(self, name: str) -> tuple[Path, Path]:
        """Certificate and key of `etcd`, `kube-apiserver`, `kwok`, `metrics-server` or `front-proxy-client`."""
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"

    @property
    def service_account_key(self) -> Path:
        """The RSA key that signs service-account tokens."""
        return self.folder / "service-account.key"

    @property
    def service_account_public_key(self) -> Path:
        """The key that verifies service-account tokens."""
        return self.folder / "service-account.pub"


def make_certificates(folder: Path) -> Certificates:
    """Make what is missing in `folder`; whole or not at all, so a crash half-way or a power cut leaves nothing to trip over."""
    made = Certificates(folder)
    if folder.exists():
        return made
    draft = folder.with_name(folder.name + ".draft")
    draft.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = _authority("hhctl local cloud")
    _write_pair(draft / "ca", authority)
    for name in ("etcd", "kube-apiserver", "kwok", "metrics-server"):
        _write_pair(draft / name, _signed(name, authority, names=("localhost", *_SERVICE_NAMES.get(name, ()))))
    front_proxy = _authority("hhctl local cloud front proxy")
    _write_pair(draft / "front-proxy-ca", front_proxy)
    _write_pair(draft / "front-proxy-client", _signed("front-proxy-client", front_proxy, names=()))
    _write_service_account_key(draft)
    draft.replace(folder)
    return made


def _authority(name: str) -> _KeyPair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = _builder(subject, subject, key).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.add_extension(usage, critical=True).sign(key, hashes.SHA256()), key


def _signed(name: str, authority: _KeyPair, *, names: tuple[str, ...]) -> _KeyPair:
    certificate, authority_key = authority
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    addresses = [*(x509.DNSName(n) for n in names), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    builder = _builder(subject, certificate.subject, key).add_extension(x509.SubjectAlternativeName(addresses), critical=False)
    return builder.add_extension(usages, critical=False).sign(authority_key, hashes.SHA256()), key


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    # A day back, so that a clock set right after the first start does not make the certificates invalid.
    start = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    return x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=start,
        not_valid_after=start + _VALID,
    )


def _write_pair(stem: Path, pair: _KeyPair) -> None:
    certificate, key = pair
    _write(stem.with_name(stem.name + ".crt"), certificate.public_bytes(Encoding.PEM))
    _write(stem.with_name(stem.name + ".key"), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _write_service_account_key(folder: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    _write(folder / "service-account.key", key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    _write(folder / "service-account.pub", key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def _write(path: Path, data: bytes) -> None:
    CloudFolder.write_private(path, data.decode())
