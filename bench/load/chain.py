"""A chain of certificates like a provider's: a leaf with its names, and an intermediate.

What a client keeps of it is a good part of what a TLS connection costs, so it must not be
smaller than a real one. Keys are P-256, as those of large providers are.

Must not know: who shows it.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

#: Names in the leaf: those of this machine and as many others as a provider's has.
_OTHERS = 12
#: Addresses of this machine that a server may have.
_HOSTS = 16
_DAYS = 30


def issue(folder: Path) -> None:
    """Write ``ca.pem``, which clients trust, and ``chain.pem``: leaf, intermediate and key."""
    root_key, middle_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    root = _authority("Bench Root", "Bench Root", root_key, root_key, 1)
    middle = _authority("Bench Intermediate", "Bench Root", middle_key, root_key, 0)
    leaf = _leaf(leaf_key, middle_key)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(root.public_bytes(pem))
    (folder / "chain.pem").write_bytes(
        leaf.public_bytes(pem)
        + middle.public_bytes(pem)
        + leaf_key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def _authority(
    name: str,
    issuer: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    depth: int,
) -> x509.Certificate:
    usage = _usage(signs=True)
    return (
        _builder(name, issuer, key, signer)
        .add_extension(x509.BasicConstraints(ca=True, path_length=depth), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(_policies(), critical=False)
        .sign(signer, hashes.SHA256())
    )


def _leaf(key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    names: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        *(x509.IPAddress(ipaddress.ip_address(f"127.0.0.{n}")) for n in range(1, _HOSTS + 1)),
    ]
    names += [x509.DNSName(f"imap-{number}.mail.bench.example") for number in range(_OTHERS)]
    access = x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(
                AuthorityInformationAccessOID.CA_ISSUERS,
                x509.UniformResourceIdentifier("http://pki.bench.example/intermediate.der"),
            )
        ]
    )
    return (
        _builder("localhost", "Bench Intermediate", key, signer)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(access, critical=False)
        .add_extension(_policies(), critical=False)
        .sign(signer, hashes.SHA256())
    )


def _policies() -> x509.CertificatePolicies:
    # "Domain validated", as public authorities write it.
    policy = x509.ObjectIdentifier("2.23.140.1.2.1")
    return x509.CertificatePolicies([x509.PolicyInformation(policy, None)])


def _builder(
    name: str,
    issuer: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(authority, critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Bench Trust Services"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
