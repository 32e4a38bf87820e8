"""Sealed mail, named: what no rule on text can judge.

It must not know how to open anything.
"""

from __future__ import annotations

from vedette.mime.content import Scope

_PGP_ARMOR = "-----BEGIN PGP MESSAGE-----"
_SMIME = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})


def name(scope: Scope, plain: str | None) -> str | None:
    """Return ``tnef``, ``smime`` or ``pgp`` where the content is sealed, else ``None``.

    A clear-signed message (RFC 1847 multipart/signed) is not sealed.
    """
    root = scope.root
    if root.content_type == "multipart/encrypted" or (plain and _PGP_ARMOR in plain):
        return "pgp"
    for part in scope.attached:
        if part.content_type in _SMIME:
            return "smime"
        filename = part.disposition_parameters.get("filename") or part.parameters.get("name", "")
        if part.content_type in _TNEF or filename.lower() == "winmail.dat":
            return "tnef"
    return None
