"""What one message shows, field by field, each looked at once and only when asked for.

The words of attached messages are not the sender's and are not among them. It must not know
scores, lists or phrases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from vedette import mime
from vedette.guard import hosts, links, proof, skeleton
from vedette.guard.evidence import Evidence
from vedette.guard.pack import Auth, Field
from vedette.guard.skeleton import View

#: Characters of one text that are looked at: three quarters from its beginning, and its end, so
#: that what stands behind a long thread or a padding is seen too.
MAX_TEXT = 128 * 1024
LAST = MAX_TEXT // 4
#: Links of one message that are followed.
MAX_LINKS = 500
#: Hosts of one field; a link has up to twenty on its way.
MAX_HOSTS = 1_000
# Addresses in angle brackets of one field: one or two ways to unsubscribe are usual.
_MOST_ANGLED = 10
_ANGLED = re.compile(r"<([^<>]{1,8000})>")
# What the sender wrote for people to read.
_WRITTEN = (Field.FROM_NAME, Field.SUBJECT, Field.TEXT, Field.ALT)


class Views:
    """The fields of one message, made when they are first asked for and kept."""

    def __init__(self, evidence: Evidence) -> None:
        self.message = evidence.message
        self._hosts: dict[Field, tuple[str, ...]] = {}
        self._texts: dict[tuple[Field, str], View] = {}
        self._values: dict[tuple[Field, str], tuple[str, ...]] = {}

    def hosts(self, field: Field) -> tuple[str, ...]:
        """Return the hosts of a field, each once; services that many share are left out.

        Empty for a field that has none. Of a link all hosts on its way count, the last one first.
        """
        known = self._hosts.get(field)
        if known is None:
            read = _HOSTS.get(field)
            found = dict.fromkeys(read(self)) if read is not None else {}
            kept = (host for host in found if host and not hosts.is_shared(host))
            known = self._hosts[field] = tuple(kept)[:MAX_HOSTS]
        return known

    def text(self, field: Field, header: str = "") -> View:
        """Return the text of a field; ``header`` names it, in lower case, for Field.HEADERS."""
        known = self._texts.get((field, header))
        if known is None:
            # An empty line parts the values, so that no phrase spans two of them.
            joined = "\n\n".join(self.values(field, header))
            known = self._texts[field, header] = skeleton.view(_looked_at(joined))
        return known

    def values(self, field: Field, header: str = "") -> tuple[str, ...]:
        """Return the values of a field that are not empty: addresses, names, texts or hosts."""
        known = self._values.get((field, header))
        if known is None:
            if field is Field.HEADERS:
                found: Iterable[str] = self.header(header)
            else:
                read = _VALUES.get(field)
                found = read(self) if read is not None else self.hosts(field)
            known = self._values[field, header] = tuple(value for value in found if value)
        return known

    def header(self, name: str) -> list[str]:
        """Return the values of the header fields of this name, in lower case."""
        return [value for key, value in self.message.headers if key.lower() == name]

    def proves(self, auth: Auth) -> bool:
        """Tell whether a trusted server says so of the sender."""
        return auth in self._auth

    @cached_property
    def disguised(self) -> bool:
        """Whether the sender wrote words as nobody writes them without a reason."""
        return any(self.text(field).disguised for field in _WRITTEN)

    @cached_property
    def links(self) -> tuple[mime.Link, ...]:
        """The links of the message with what they show, of its HTML and of its plain text."""
        text = self.message.text
        found = list(text.shown.links) if text.shown is not None else []
        if text.plain and len(found) < MAX_LINKS:
            written = links.in_text(text.plain[:MAX_TEXT], MAX_LINKS - len(found))
            found += [mime.Link(link, link) for link in written]
        return tuple(found[:MAX_LINKS])

    @cached_property
    def targets(self) -> tuple[tuple[mime.Link, tuple[str, ...]], ...]:
        """Each link with the hosts on its way, the last one first."""
        ways = links.ways(link.target for link in self.links)
        return tuple((link, ways[link.target]) for link in self.links)

    @cached_property
    def _auth(self) -> frozenset[Auth]:
        return proof.proved(self.message)


def _of(addresses: Iterable[mime.Address]) -> list[str]:
    """Return the hosts of mail addresses."""
    return [host for each in addresses if (host := hosts.of_address(each.address))]


def _returned_to(views: Views) -> Iterable[str]:
    own = set(_of((*views.message.to, *views.message.cc)))
    for value in views.header("return-path"):
        address = value.strip().strip("<>")
        yield hosts.of_address(address) or ""
        # What a relay writes into it is the sender's own domain, or the reader's.
        yield from (host for host in links.relayed(address) if host not in own)


def _angled(views: Views, name: str) -> Iterable[str]:
    for value in views.header(name):
        yield from _ANGLED.findall(value)[:_MOST_ANGLED]


def _unsubscribed(views: Views) -> Iterable[str]:
    for inner in _angled(views, "list-unsubscribe"):
        yield from links.hosts(inner)


def _listed(views: Views) -> Iterable[str]:
    return (hosts.normalise(inner) or "" for inner in _angled(views, "list-id"))


def _linked(views: Views) -> Iterable[str]:
    for link, way in views.targets:
        yield from way
        # Where clicks are counted the target is not in the link, but often in its text.
        yield from links.named(link.text)


def _texts(views: Views) -> Iterable[str]:
    """Yield the plain text and what the HTML shows: each may say what the other does not."""
    text = views.message.text
    yield text.plain or ""
    yield text.ending
    if text.shown is not None and text.shown.visible != text.plain:
        yield text.shown.visible


def _alts(views: Views) -> Iterable[str]:
    shown = views.message.text.shown
    return shown.alts if shown is not None else ()


_HOSTS: Mapping[Field, Callable[[Views], Iterable[str]]] = {
    Field.FROM: lambda views: _of(views.message.from_),
    Field.SENDER: lambda views: _of(views.message.sender),
    Field.REPLY_TO: lambda views: _of(views.message.reply_to),
    Field.TO: lambda views: _of((*views.message.to, *views.message.cc)),
    Field.RETURN_PATH: _returned_to,
    Field.DKIM_D: lambda views: proof.signers(views.message, "dkim"),
    Field.LIST_UNSUBSCRIBE: _unsubscribed,
    Field.LIST_ID: _listed,
    Field.LINKS: _linked,
}

#: Fields whose values are no hosts.
_VALUES: Mapping[Field, Callable[[Views], Iterable[str]]] = {
    Field.FROM_NAME: lambda views: (each.name for each in views.message.from_),
    Field.TO: lambda views: (each.address for each in (*views.message.to, *views.message.cc)),
    Field.SUBJECT: lambda views: (views.message.subject,),
    Field.TEXT: _texts,
    Field.HIDDEN: lambda views: (views.message.text.hidden,),
    Field.ALT: _alts,
    Field.LINK_TEXT: lambda views: (link.text for link in views.links),
    Field.ATTACHMENTS: lambda views: (each.filename or "" for each in views.message.attachments),
}


def _looked_at(text: str) -> str:
    """Return as much of a text as is looked at; an empty line parts its beginning from its end."""
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[: MAX_TEXT - LAST - 2]}\n\n{text[-LAST:]}"
