"""Hosts as they are meant, however they are written, and the domain that somebody registered.

A host is text in lower case, without a dot at its end, with A-labels where it is
international. It must not know which lists there are, nor where a host was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from ipaddress import IPv6Address
from unicodedata import category, normalize
from urllib.parse import unquote

from publicsuffixlist import PublicSuffixList

#: Characters of a host (RFC 1035 section 2.3.4), and of one label.
MAX_HOST = 253
MAX_LABEL = 63
# As written it may be percent-encoded, twice, and every character may take four octets.
_LONGEST_WRITTEN = 1_024
_DOTS = re.compile("[\u3002\uff0e\uff61\u2024]")
_PORT = re.compile(r":\d{0,5}$")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
# Percent-encoding within percent-encoding: mail filters wrap links of mail filters.
_PERCENT_ROUNDS = 3
_OCTET = 256

#: Services that send or count clicks for many: a list that holds one of them is wrong, so they are
#: never evidence. What a customer has below them, such as ``u123.ct.sendgrid.net``, may be.
SHARED = frozenset(
    {
        "amazonses.com", "awstrack.me", "bit.ly", "brevo.com", "campaign-archive.com",
        "cmail19.com", "cmail20.com", "constantcontact.com", "createsend.com", "ctctcdn.com",
        "customeriomail.com", "emarsys.net", "emsecure.net", "exacttarget.com", "getresponse.com",
        "hubspotemail.net", "hubspotlinks.com", "klaviyomail.com", "klclick.com", "klclick1.com",
        "klclick2.com", "klclick3.com", "list-manage.com", "mailchimp.com", "mailchimpapp.net",
        "mailgun.org", "mailjet.com", "mandrillapp.com", "mcsv.net", "mcusercontent.com",
        "mjt.lu", "mktomail.com", "mlsend.com", "onelink.me", "proofpoint.com", "rs6.net",
        "rsgsv.net", "salesforce.com", "sendgrid.com", "sendgrid.net", "sendinblue.com",
        "sendpulse.com", "sparkpostmail.com", "t.co", "tinyurl.com", "urldefense.com",
    }
)  # fmt: skip


@lru_cache(maxsize=4_096)  # the mail of a mailbox comes from and leads to a few hundred
def normalise(written: str) -> str | None:
    """Return the host that ``written`` means; ``None`` if it means none.

    User information and port are dropped; dots may be fullwidth, letters of any width and case,
    characters percent-encoded; tabs, line ends and invisible characters inside are ignored, as
    browsers do. Never raises. Idempotent.
    """
    text = written.rpartition("@")[2][:_LONGEST_WRITTEN]
    for _round in range(_PERCENT_ROUNDS):
        if "%" not in text:
            break
        text = unquote(text)
    text = text.rpartition("@")[2]
    if not text.isascii():
        text = normalize("NFKC", _DOTS.sub(".", text))
    if not text.isprintable() or not text.isascii():
        text = "".join(each for each in text if category(each) not in {"Cc", "Cf"})
    text = text.strip().lower()
    if text.startswith("["):
        return _six(text)
    text = _PORT.sub("", text).strip(".")
    if len(text) > MAX_HOST:
        return None
    if not text.isascii():
        text = ".".join(_ascii(label) for label in _DOTS.sub(".", text).split("."))
    if len(text) > MAX_HOST or not _HOST.fullmatch(text):
        return None
    if any(len(label) > MAX_LABEL for label in text.split(".")):
        return None
    return _four(text) if _NUMBER.fullmatch(text.rpartition(".")[2]) else text


def of_address(address: str) -> str | None:
    """Return the host of a mail address; ``None`` if it has none."""
    return normalise(address) if "@" in address else None


def is_address(host: str) -> bool:
    """Tell whether a normalised host is an IP address."""
    return ":" in host or host.rpartition(".")[2].isdigit()


def registrable(host: str) -> str | None:
    """Return the domain of ``host`` that somebody registered, by the public suffix list.

    The private section counts: ``a.github.io`` is a domain of its own. ``None`` for an address,
    a single label and a public suffix.
    """
    if is_address(host) or "." not in host:
        return None
    return _suffixes().privatesuffix(host)


def is_public_suffix(host: str) -> bool:
    """Tell whether people register domains directly below ``host``."""
    return not is_address(host) and _suffixes().publicsuffix(host) == host


def is_shared(host: str) -> bool:
    """Tell whether ``host`` is a service of many senders, which is never evidence."""
    return host in SHARED


def parents(host: str) -> Iterator[str]:
    """Yield ``host`` and the domains above it, down to two labels; an address is alone.

    Services of many senders are left out: what lies below them is not theirs.
    """
    if not is_shared(host):
        yield host
    if is_address(host):
        return
    while host.count(".") > 1:
        host = host.partition(".")[2]
        if not is_shared(host):
            yield host


def shown(host: str) -> str:
    """Return the host as people see it: A-labels turned into their characters."""
    if "xn--" not in host:
        return host
    return ".".join(_unicode(label) for label in host.split("."))


@cache
def _suffixes() -> PublicSuffixList:
    """Return the list that came with its package; it takes 60 ms, so only who asks pays."""
    return PublicSuffixList()


def _ascii(label: str) -> str:
    """Return the A-label of ``label`` (RFC 3492), which is short: encoding it is quadratic."""
    if label.isascii() or len(label) > MAX_LABEL:
        return label
    return "xn--" + label.encode("punycode").decode("ascii")


def _unicode(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode").lower()
    except (UnicodeError, ValueError, OverflowError):
        return label


def _four(text: str) -> str | None:
    """Return the IPv4 address that browsers make of numbers: one to four, octal and hex too."""
    try:
        numbers = [_number(part) for part in text.split(".")]
    except ValueError:
        return None
    if len(numbers) > 4 or any(number >= _OCTET for number in numbers[:-1]):  # noqa: PLR2004 -- octets of IPv4
        return None
    room = 5 - len(numbers)
    if numbers[-1] >= _OCTET**room:
        return None
    last = numbers[-1].to_bytes(room, "big")
    return ".".join(str(each) for each in (*numbers[:-1], *last))


def _number(part: str) -> int:
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8) if part.startswith("0") and len(part) > 1 else int(part)


def _six(text: str) -> str | None:
    try:
        return str(IPv6Address(text[1:].partition("]")[0]))
    except ValueError:
        return None
