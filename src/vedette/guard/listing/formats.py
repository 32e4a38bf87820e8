"""The formats in which lists of domains are published, each line by line.

===========  =====================================================================
plain        ``example.com``, one on a line
wildcard     ``*.example.com`` or ``.example.com``
hosts        ``0.0.0.0 example.com other.example``, as in /etc/hosts
adblock      ``||example.com^``; ``@@||example.com^`` is an exception
dnsmasq      ``address=/example.com/0.0.0.0``, ``server=`` and ``local=`` as well
unbound      ``local-zone: "example.com" always_nxdomain``
rpz          ``example.com CNAME .``; ``CNAME rpz-passthru.`` is an exception
ut1          a folder with a file ``domains`` (plain); its ``urls`` are left out
===========  =====================================================================

What a rule says beyond a domain (a path, an option, a part of a name) is not meant for mail:
such lines are passed over. An entry stands for the domain and all below it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum, unique

from vedette.guard.listing.domain import domain


@unique
class Format(StrEnum):
    """How a list is written."""

    PLAIN = "plain"
    WILDCARD = "wildcard"
    HOSTS = "hosts"
    ADBLOCK = "adblock"
    DNSMASQ = "dnsmasq"
    UNBOUND = "unbound"
    RPZ = "rpz"
    UT1 = "ut1"


#: What ``List.format`` may be: the above, or to find out.
AUTO = "auto"

#: Lines that are looked at to find out the format.
SAMPLE = 200

#: A longer line is no entry of a list, in characters.
MAX_LINE = 4_096


@dataclass(frozen=True, slots=True)
class Entry:
    """One domain of a list; ``allow`` takes it and all below it off the list."""

    domain: str
    allow: bool = False


def entries(lines: Iterable[str], form: Format) -> Iterator[Entry]:
    """Yield the entries of a list, in the order of its lines; other lines are passed over."""
    read = _READERS[form]
    for number, line in enumerate(lines):
        # A mark of byte order stands before the first line, where a Windows editor wrote it.
        text = line.lstrip("\ufeff").strip() if number == 0 else line.strip()
        if text and len(text) <= MAX_LINE:
            yield from read(text)


def detected(lines: Iterable[str]) -> Format:
    """Return the format that most of the first lines are in; plain when none is told."""
    votes = dict.fromkeys(_MARKS, 0)
    for number, line in enumerate(lines):
        if number >= SAMPLE:
            break
        text = line.lstrip("\ufeff").strip()
        for form, mark in _MARKS.items():
            if len(text) <= MAX_LINE and mark.match(text):
                votes[form] += 1
                break
    form, count = max(votes.items(), key=lambda vote: vote[1])
    return form if count else Format.PLAIN


def _plain(text: str) -> Iterator[Entry]:
    word = text.split("#", 1)[0].strip()
    if word and word[0] not in "!;[/" and not any(char.isspace() for char in word):
        yield from _entry(word)


def _wildcard(text: str) -> Iterator[Entry]:
    yield from _plain(text.removeprefix("*.").removeprefix("."))


def _hosts(text: str) -> Iterator[Entry]:
    words = text.split("#", 1)[0].split()
    if words and _NOWHERE.fullmatch(words[0]):
        for name in words[1:]:
            yield from _entry(name)


def _adblock(text: str) -> Iterator[Entry]:
    allow = text.startswith("@@")
    rule = _ADBLOCK.fullmatch(text[2:] if allow else text)
    if rule is not None:
        yield from _entry(rule[1], allow=allow)


def _dnsmasq(text: str) -> Iterator[Entry]:
    rule = _DNSMASQ.match(text)
    if rule is not None:
        for name in rule[1].split("/"):
            yield from _entry(name)


def _unbound(text: str) -> Iterator[Entry]:
    rule = _UNBOUND.match(text)
    if rule is not None:
        # "transparent" and its like are how unbound spells an exception.
        yield from _entry(rule[1], allow=rule[2].lower() in {"transparent", "typetransparent"})


def _rpz(text: str) -> Iterator[Entry]:
    rule = _RPZ.match(text.split(";", 1)[0].strip())
    if rule is not None:
        name = rule[1].removeprefix("*.")
        yield from _entry(name, allow=rule[2].lower() == "rpz-passthru.")


def _entry(text: str, *, allow: bool = False) -> Iterator[Entry]:
    name = domain(text)
    if name is not None:
        yield Entry(name, allow)


#: Where a hosts file sends what is blocked; other addresses are a person's own machines.
_NOWHERE = re.compile(r"0\.0\.0\.0|127\.\d+\.\d+\.\d+|::1?|0|fe80::1%lo0")
#: A rule about a whole domain. One with a path, an option or an asterisk is about less.
_ADBLOCK = re.compile(r"\|\|([^\s/^$*|]+)\^?\|?")
_DNSMASQ = re.compile(r"(?:local|address|server)=/([^\s#]+)/")
_UNBOUND = re.compile(r"local-zone:\s*\"?([^\s\"]+?)\.?\"?\s+\"?(\w+)", re.IGNORECASE)
_RPZ = re.compile(r"(\S+)\s+(?:\d+\s+)?(?:IN\s+)?CNAME\s+(\S+)", re.IGNORECASE)

_READERS: dict[Format, Callable[[str], Iterator[Entry]]] = {
    Format.PLAIN: _plain,
    Format.WILDCARD: _wildcard,
    Format.HOSTS: _hosts,
    Format.ADBLOCK: _adblock,
    Format.DNSMASQ: _dnsmasq,
    Format.UNBOUND: _unbound,
    Format.RPZ: _rpz,
    Format.UT1: _plain,
}

#: What a line of each format begins with, the most particular first.
_MARKS: dict[Format, re.Pattern[str]] = {
    Format.UNBOUND: re.compile(r"local-zone:", re.IGNORECASE),
    Format.DNSMASQ: re.compile(r"(?:local|address|server)=/"),
    Format.ADBLOCK: re.compile(r"(?:@@)?\|\||\[Adblock", re.IGNORECASE),
    Format.RPZ: re.compile(r"\S+\s+(?:\d+\s+)?(?:IN\s+)?CNAME\s", re.IGNORECASE),
    Format.HOSTS: re.compile(r"(?:0\.0\.0\.0|127\.\d+\.\d+\.\d+|::1?)\s+\S"),
    Format.WILDCARD: re.compile(r"\*?\.[^\s.]"),
    Format.PLAIN: re.compile(r"[^\s#!;@|/=\"]+\.[^\s#!;@|/=\"]+$"),
}
