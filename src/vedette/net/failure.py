"""What went wrong with TLS, in words for a person: the cause, and what to do.

The library's own words stay in ``reply``. Where the fault is the network's
(a reset, an end of file) the error is a NetworkError, else a TLSError.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

from vedette.errors import LinkError, NetworkError, TLSError

# By the X509_V_ERR_* of OpenSSL's x509_vfy.h.
_SELF_SIGNED = "is self-signed; name it with ca_file, or pin it"
_UNKNOWN_ISSUER = "is from an unknown issuer{issuer}; name its CA in ca_file"
_WEAK = "is too weak ({words}); a lower security_level for this account accepts it"
_OTHER_NAME = "is not for {host}{names}; use a name it is for, or pin it"
_VERDICTS = {
    2: _UNKNOWN_ISSUER,
    9: "is not valid yet{since}; check the clock of this machine",
    10: "expired{until}; its owner must renew it",
    18: _SELF_SIGNED,
    19: _SELF_SIGNED,
    20: _UNKNOWN_ISSUER,
    21: _UNKNOWN_ISSUER,
    23: "was revoked; its owner must renew it",
    62: _OTHER_NAME,
    64: _OTHER_NAME,
    66: _WEAK,
    67: _WEAK,
    68: _WEAK,
}

# The reasons of OpenSSL's sslerr.h that name a disagreement on version or strength.
_REASONS = {
    "UNSUPPORTED_PROTOCOL": "the server speaks only a TLS version older than the account allows;"
    " the server must be updated",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the server and the account allow no common TLS version;"
    " set minimum to 1.2, or the server must be updated",
    "NO_SHARED_CIPHER": "the server and OpenSSL share no cipher; security_level = 1 may help",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "the server refused the handshake, most often for want of"
    " a common cipher; security_level = 1 may help",
    "DH_KEY_TOO_SMALL": "the server's Diffie-Hellman key is too small;"
    " security_level = 1 for this account accepts it",
    "WRONG_SIGNATURE_TYPE": "the server signs with an old algorithm;"
    " security_level = 0 for this account accepts it",
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED": "the server lacks secure renegotiation (RFC 5746);"
    " it must be updated",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the server wants a client certificate,"
    " which is not supported",
}

# What OpenSSL makes of an answer that is no TLS record.
_PLAINTEXT = frozenset(
    ("WRONG_VERSION_NUMBER", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")
)

# What OpenSSL says of a record that is not what the other side sent, here or (by alert) there.
_DAMAGE = frozenset(
    (
        "DECRYPTION_FAILED_OR_BAD_RECORD_MAC",
        "SSLV3_ALERT_BAD_RECORD_MAC",
        "WRONG_VERSION_NUMBER",
        "BAD_RECORD_TYPE",
        "UNEXPECTED_MESSAGE",
        "SSLV3_ALERT_UNEXPECTED_MESSAGE",
        "PACKET_LENGTH_TOO_LONG",
        "ENCRYPTED_LENGTH_TOO_LONG",
        "LENGTH_TOO_SHORT",
        "RECORD_LAYER_FAILURE",
        "TLSV1_ALERT_RECORD_OVERFLOW",
    )
)

# A certificate for a hosting farm may hold hundreds of names; a person reads a few.
_NAMES_SHOWN = 5


def explain(error: OSError, sock: ssl.SSLSocket, host: str, *, upgrade: bool = False) -> LinkError:
    """Translate an error of a handshake with ``host`` over ``sock``.

    The message is the cause alone: who was called is added where it is known.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return TLSError(_verdict(error, _certificate_of(sock), host), reply=words(error))
    if is_broken_off(error) or isinstance(error, ssl.SSLZeroReturnError):
        return NetworkError(
            "the server closed the connection during the TLS handshake; is this a TLS port?",
            reply=words(error),
        )
    if isinstance(error, ssl.SSLError):
        if getattr(error, "reason", None) in _PLAINTEXT:
            return plaintext(None, upgrade=upgrade, reply=words(error))
        return TLSError(cause(error), reply=words(error))
    return NetworkError(f"{words(error)} during the TLS handshake", reply=words(error))


def broken(error: OSError, name: str) -> LinkError:
    """Translate an error of an established link to ``name``."""
    own = words(error)
    if is_broken_off(error):
        return NetworkError(f"{name}: the server broke off without ending TLS", reply=own)
    if is_damage(error):
        return NetworkError(f"{name}: what came was damaged on its way: {own}", reply=own)
    if isinstance(error, ssl.SSLError):
        return TLSError(f"{name}: {cause(error)}", reply=own)
    return NetworkError(f"{name}: {own}", reply=own)


def is_broken_off(error: OSError) -> bool:
    """Tell whether the stream ended without TLS being ended.

    CPython before 3.11.3 gives this end of OpenSSL 3 no class of its own, only the reason.
    """
    reason = getattr(error, "reason", None)
    return isinstance(error, ssl.SSLEOFError) or reason == "UNEXPECTED_EOF_WHILE_READING"


def is_damage(error: OSError) -> bool:
    """Tell whether a record of an established link was changed on its way: the network's fault.

    Another link is well at once, so it is no reason for the patience that a bad certificate gets.
    """
    return isinstance(error, ssl.SSLError) and getattr(error, "reason", None) in _DAMAGE


def plaintext(quoted: str | None, *, upgrade: bool, reply: str) -> TLSError:
    """Say that the server spoke plaintext, and in which words if they were caught."""
    said = f": {quoted}" if quoted else ""
    if upgrade:
        return TLSError(
            f"plaintext came where the TLS handshake was agreed on{said};"
            " it may be injected by an attacker, use implicit TLS",
            reply=reply,
        )
    return TLSError(
        f"the server answered in plaintext{said}; is this a STARTTLS port? then use imap://",
        reply=reply,
    )


def cause(error: ssl.SSLError) -> str:
    """Say what OpenSSL's reason means and what to do, or pass on its words."""
    # OpenSSL's errors have a reason; those that CPython raises by itself have none.
    reason = getattr(error, "reason", None) or ""
    return _REASONS.get(reason, f"TLS failed: {words(error)}")


def words(error: OSError) -> str:
    """Return the system's or OpenSSL's own words, without CPython's source position."""
    text = error.strerror or str(error)
    return text.rpartition(" (_ssl.c:")[0] or text


def _verdict(error: ssl.SSLCertVerificationError, certificate: Mapping[str, Any], host: str) -> str:
    verdict = _VERDICTS.get(error.verify_code, "was refused: {words}")
    said = verdict.format(
        host=host,
        words=error.verify_message,
        since=_day(certificate, "notBefore"),
        until=_day(certificate, "notAfter"),
        names=_names(certificate),
        issuer=_issuer(certificate),
    )
    return f"the server's certificate {said}"


def _certificate_of(sock: ssl.SSLSocket) -> Mapping[str, Any]:
    """Return the refused certificate's fields, or nothing where CPython does not tell.

    The public ``getpeercert`` speaks only after a completed handshake. The
    private call is used for the words of an error and for nothing else.
    """
    inner = getattr(sock, "_sslobj", None)
    chain = getattr(inner, "get_unverified_chain", None)
    if chain is None:
        return {}
    certificates = chain()
    fields = certificates[0].get_info() if certificates else {}
    return fields if isinstance(fields, dict) else {}


def _day(certificate: Mapping[str, Any], field: str) -> str:
    value = certificate.get(field)
    return f" ({_printable(value)})" if value else ""


def _names(certificate: Mapping[str, Any]) -> str:
    names = [_printable(value) for _, value in certificate.get("subjectAltName", ())]
    if not names:
        return ""
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return f" but for {', '.join(names[:_NAMES_SHOWN])}{more}"


def _issuer(certificate: Mapping[str, Any]) -> str:
    fields = {key: value for part in certificate.get("issuer", ()) for key, value in part}
    name = fields.get("commonName") or fields.get("organizationName")
    return f" ({_printable(name)})" if name else ""


def _printable(text: object) -> str:
    """Keep a stranger's text to one line of sensible length; 253 is a whole host name."""
    return "".join(character for character in str(text)[:253] if character.isprintable())
