"""What the fields of an account may hold: addresses, hosts, folders, pins, certificates, proxies.

Each reader takes a text and returns the value, or raises ValueError with one line that says what
is wrong. It must not know whether an address may be dialled: that is for ``reach.py``.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlsplit

from vedette.config.address import read_proxy
from vedette.errors import NetworkError, UsageError
from vedette.model.account import Canary
from vedette.net.host import canonical
from vedette.ports.link import Proxy, ProxyScheme
from vedette.service.form import Form, flaw

#: The longest address (RFC 5321 section 4.5.3.1: 64 and 255 octets, and the at sign).
MAX_ADDRESS: Final = 320

#: Folders of one account that may be named: each is a SELECT at every look.
MAX_FOLDERS: Final = 100
#: Characters of a folder's name; RFC 9051 has no bound, and servers have 255 for each level.
MAX_FOLDER: Final = 1_000
MAX_TAGS: Final = 50
MAX_TAG: Final = 64

#: Characters of certificates in PEM: a chain of twenty.
MAX_PEM: Final = 65_536

#: Seconds between probe mails: each is a login, and a provider counts those.
LEAST_CANARY: Final = 300
MOST_CANARY: Final = 604_800

#: The end of the year 9999, in seconds since 1970: beyond it an instant can not be written.
LAST_INSTANT: Final = 253_402_300_799.0
#: The largest whole number that every JSON reader keeps exactly (RFC 8259 section 6).
MOST: Final = 2**53 - 1

#: SHA-256 in hex.
_PIN: Final = 64
_HEX: Final = frozenset("0123456789abcdef")

#: What an address has only where it is written with a name around it.
_NOT_BARE: Final = frozenset("<>,;")

_DEFAULT_FOLDERS: Final = ("\\Inbox", "\\Junk")

#: What a login can be asked to use; ``imap.auth`` chooses where nothing is said.
_MECHANISMS: Final = frozenset({"LOGIN", "PLAIN", "XOAUTH2", "OAUTHBEARER"})


def mail_address(text: str) -> str:
    """Read a mailbox's address; a bare local part and ``user@localhost`` are addresses too."""
    if len(text) > MAX_ADDRESS:
        raise ValueError(f"has more than {MAX_ADDRESS} characters")
    local, at, domain = text.rpartition("@")
    if at and not (local and domain):
        raise ValueError("an address has something on both sides of the @")
    quoted = local.startswith('"') and local.endswith('"') and len(local) > 1
    bare = domain if quoted else text
    if any(map(str.isspace, bare)) or not _NOT_BARE.isdisjoint(bare):
        raise ValueError("expected an address alone, such as jane@example.org")
    return text


def host(text: str) -> str:
    """Read a server's name or IP address, in its one spelling."""
    try:
        return canonical(text)
    except NetworkError as error:
        raise ValueError(str(error)) from error


def pin(text: str) -> str:
    """Read the SHA-256 of a certificate in hex, with or without colons."""
    found = text.replace(":", "").lower()
    if len(found) != _PIN or not _HEX.issuperset(found):
        raise ValueError("expected the SHA-256 of the certificate, 64 hex digits")
    return found


def mechanism(text: str) -> str:
    """Read the name of a SASL mechanism."""
    found = text.upper()
    if found not in _MECHANISMS:
        raise ValueError(f"is none of {', '.join(sorted(_MECHANISMS))}")
    return found


def proxy(text: str) -> Proxy:
    """Read a proxy's URL. A password has a field of its own, so that it is sealed."""
    try:
        found = read_proxy(text)
    except UsageError as error:
        raise ValueError(str(error)) from None
    if found.password is not None:
        raise ValueError("has a password in it; give that as proxyPassword")
    return Proxy(scheme=found.scheme, host=host(found.host), port=found.port, user=found.user)


def proxy_url(found: Proxy) -> str:
    """Write a proxy as its URL, without its password."""
    scheme = "socks5" if found.scheme is ProxyScheme.SOCKS5 else "http"
    name = f"[{found.host}]" if ":" in found.host else found.host
    user = "" if found.user is None else f"{quote(found.user, safe='')}@"
    return f"{scheme}://{user}{name}:{found.port}"


def token_url(text: str) -> str:
    """Read the URL of a token server. What is secret about it has a field of its own."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError("is no URL; write it as https://tokens.example.org/imap") from None
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ValueError("expected a URL with https:// or http:// and a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("has a user or password in it; give that as tokenUrlSecret")
    host(parts.hostname)
    return text


def folders(form: Form) -> tuple[str, ...]:
    r"""Read which folders are watched: names, ``\Inbox``-like selectors, or ``*``."""
    found = form.texts("folders", _DEFAULT_FOLDERS, most=MAX_FOLDERS, longest=MAX_FOLDER)
    if not found:
        form.fail(
            "folders", f"expected 1 to {MAX_FOLDERS} folders; leave it out for the usual ones"
        )
    return found or _DEFAULT_FOLDERS


def tags(form: Form) -> tuple[str, ...]:
    """Read the tags of an account."""
    return form.texts("tags", most=MAX_TAGS, longest=MAX_TAG)


def canary(form: Form) -> Canary | None:
    """Read whether probe mails are put into the mailbox, how often and where.

    A folder that is not watched would never show its probe: one that can not be is a mistake.
    """
    usual = Canary()
    interval = form.whole(
        "canaryInterval", round(usual.interval), low=LEAST_CANARY, high=MOST_CANARY
    )
    folder = form.text("canaryFolder", usual.folder, longest=MAX_FOLDER) or usual.folder
    if not form.flag("canary", default=False):
        return None
    watched = form.raw("folders")
    if isinstance(watched, list | tuple) and watched and not _may_be_watched(folder, watched):
        form.fail("canaryFolder", "is none of the folders that are watched")
    return Canary(interval=float(interval), folder=folder)


def certificates(form: Form) -> str | None:
    """Read certificates in PEM form, which stand in the place of the system's."""
    value = form.raw("ca")
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > MAX_PEM or not value.isascii():
        form.fail("ca", f"expected certificates in PEM form, {MAX_PEM} characters at most")
    elif "PRIVATE KEY" in value:
        form.fail("ca", "holds a private key; give the certificate alone")
    elif not _is_pem(value):
        form.fail("ca", "holds no certificate in PEM form")
    else:
        return value
    return None


def name(text: str) -> str:
    """Read an id that a person chose: it stands in URLs, logs and the names of files."""
    why = flaw(text, longest=128)
    allowed = text.isascii() and all(each.isalnum() or each in "._@+-" for each in text)
    if why is not None or not allowed or not text[:1].isalnum():
        raise ValueError("expected letters, digits and . _ @ + -, at most 128, beginning with one")
    return text


def _may_be_watched(folder: str, watched: Sequence[object]) -> bool:
    r"""Tell whether a folder can be among those that are watched; what \Junk is, the server says."""
    names = {each.upper() if _is_inbox(each) else each for each in map(str, watched)}
    if "*" in names or any(each.startswith("\\") and each != "\\INBOX" for each in names):
        return True
    if _is_inbox(folder):
        return not names.isdisjoint({"INBOX", "\\INBOX"})
    return folder in names


def _is_inbox(name: str) -> bool:
    return name.upper() in {"INBOX", "\\INBOX"}


# Thousands of accounts of one host application have its CA; reading it takes a millisecond.
@lru_cache(maxsize=256)
def _is_pem(text: str) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        return False
    return True
