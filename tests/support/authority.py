"""A certificate authority of the tests, made afresh for each run and trusted by nobody else.

Must not know: which server shows its certificates.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = dt.timedelta(days=1)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A server's certificate with its key in one PEM file, its pin, and whom a client trusts."""

    path: Path
    pin: str
    ca_file: Path

    def context(
        self,
        *,
        minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
        maximum: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
        ciphers: str | None = None,
    ) -> ssl.SSLContext:
        """Make what a server in this process needs to show it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = minimum
        context.maximum_version = maximum
        if ciphers is not None:
            context.set_ciphers(ciphers)
        context.load_cert_chain(self.path)
        return context


class Authority:
    """Issues certificates into ``folder``; ``ca_file`` is what a client has to trust."""

    def __init__(self, folder: Path, name: str = "Test Authority") -> None:
        """Make the key and the self-signed certificate."""
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _subject(name)
        certificate = (
            _builder(self._name, self._name, self._key, self._key, -1, 30)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self._pem = certificate.public_bytes(serialization.Encoding.PEM)
        self.ca_file = self._trusted_in(folder)

    def issue(
        self,
        *names: str,
        folder: Path | None = None,
        begins: int = -1,
        ends: int = 30,
        self_signed: bool = False,
        filler: int = 0,
    ) -> Certificate:
        """Issue for DNS names and IP literals, valid between two days counted from now.

        Without names it is for this machine. It is written to ``folder``, beside the authority's
        own, for a server that can not read the authority's folder. ``filler`` adds that many
        names, to make a certificate as large as real ones.
        """
        names = names or _LOOPBACK
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _subject(names[0])
        issuer, signer = (subject, key) if self_signed else (self._name, self._key)
        alternatives = [_general(name) for name in names]
        alternatives += [x509.DNSName(f"filler-{number}.example.org") for number in range(filler)]
        certificate = (
            _builder(subject, issuer, key, signer, begins, ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .sign(signer, hashes.SHA256())
        )
        place = self._folder if folder is None else folder
        path = place / f"leaf-{certificate.serial_number}.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        der = certificate.public_bytes(serialization.Encoding.DER)
        return Certificate(
            path=path, pin=hashlib.sha256(der).hexdigest(), ca_file=self._trusted_in(place)
        )

    def _trusted_in(self, folder: Path) -> Path:
        path = folder / "ca.pem"
        path.write_bytes(self._pem)
        return path


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    begins: int,
    ends: int,
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins * _DAY)
        .not_valid_after(now + ends * _DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(authority, critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
