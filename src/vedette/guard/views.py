"""What one message shows, field by field, each looked at once and only when asked for.

It must not know packs' scores, lists or phrases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

from vedette import mime
from vedette.guard import hosts, links, skeleton
from vedette.guard.evidence import Evidence
from vedette.guard.pack import Auth, Field
from vedette.guard.skeleton import View

#: Characters of one text that are looked at.
MAX_TEXT = 256 * 1024
#: Links of one message that are followed.
MAX_LINKS = 500
#: Hosts of one message.
MAX_HOSTS = 1_000
_ANGLE = re.compile(r"<([^<>]{1,8000})>")

_HOST_FIELDS = frozenset(
    {Field.FROM, Field.REPLY_TO, Field.SENDER, Field.RETURN_PATH, Field.DKIM_D,
     Field.LIST_UNSUBSCRIBE, Field.LIST_ID, Field.LINKS}
)  # fmt: skip


class Views:
    """The fields of one message, made when they are first asked for and kept."""

    def __init__(self, evidence: Evidence) -> None:
        self._message = evidence.message
        self._hosts: dict[Field, tuple[str, ...]] = {}
        self._texts: dict[tuple[Field, str], View] = {}
        self._values: dict[tuple[Field, str], tuple[str, ...]] = {}

    def hosts(self, field: Field) -> tuple[str, ...]:
        """Return the hosts of a field, each once; services that many share are left out."""
        known = self._hosts.get(field)
        if known is None:
            found = dict.fromkeys(host for host in self._read_hosts(field) if host)
            known = tuple(host for host in found if not hosts.is_shared(host))[:MAX_HOSTS]
            self._hosts[field] = known
        return known

    def text(self, field: Field, header: str = "") -> View:
        """Return the text of a field; ``header`` names it, in lower case, for Field.HEADERS."""
        known = self._texts.get((field, header))
        if known is None:
            # An empty line parts them, so that no phrase spans two of them.
            joined = "\n\n".join(self.values(field, header))
            known = self._texts[field, header] = skeleton.view(joined[:MAX_TEXT])
        return known

    def values(self, field: Field, header: str = "") -> tuple[str, ...]:
        """Return the values of a field that are not empty: addresses, names, texts or hosts."""
        known = self._values.get((field, header))
        if known is None:
            known = tuple(value for value in self._read_values(field, header) if value)
            self._values[field, header] = known
        return known

    def proves(self, auth: Auth) -> bool:
        """Tell whether a trusted server says so of the sender."""
        return auth in self._auth

    @property
    def disguised(self) -> bool:
        """Whether a text that was looked at so far was disguised."""
        return any(view.disguised for view in self._texts.values())

    @cached_property
    def links(self) -> tuple[mime.Link, ...]:
        """The links of the message with what they show, of its HTML and of its plain text."""
        text = self._message.text
        found = list(text.shown.links) if text.shown is not None else []
        if text.plain:
            room = MAX_LINKS - len(found)
            found += [mime.Link(link, link) for link in links.in_text(text.plain, max(0, room))]
        return tuple(found[:MAX_LINKS])

    @cached_property
    def targets(self) -> tuple[tuple[mime.Link, tuple[str, ...]], ...]:
        """Each link with the hosts on its way, the last one first."""
        return tuple((link, links.hosts(link.target)) for link in self.links)

    @cached_property
    def _auth(self) -> frozenset[Auth]:
        found = self._message.authentication
        if found is None:
            return frozenset()
        proved = set()
        if found.dmarc == "pass":
            proved.add(Auth.DMARC)
        elif found.dmarc == "fail":
            proved.add(Auth.FAIL)
        senders = {hosts.registrable(host) for host in self._senders()} - {None}
        if (
            senders
            and len(senders) == 1
            and senders <= {hosts.registrable(host) for host in self._signers("dkim", "spf")}
        ):
            proved.add(Auth.ALIGNED)
        return frozenset(proved)

    def _senders(self) -> list[str]:
        return _of_addresses(self._message.from_)

    def _signers(self, *methods: str) -> Iterable[str]:
        """Yield the domains that passed by one of the methods."""
        found = self._message.authentication
        for result in found.results if found is not None else ():
            if result.result != "pass" or result.method not in methods:
                continue
            for name, value in result.properties:
                if name in {"header.d", "header.i", "smtp.mailfrom"}:
                    host = hosts.normalise(value)
                    if host is not None:
                        yield host

    def _read_hosts(self, field: Field) -> Iterable[str]:
        message = self._message
        match field:
            case Field.FROM:
                return _of_addresses(message.from_)
            case Field.SENDER:
                return _of_addresses(message.sender)
            case Field.REPLY_TO:
                return _of_addresses(message.reply_to)
            case Field.TO:
                return _of_addresses((*message.to, *message.cc))
            case Field.DKIM_D:
                return self._signers("dkim")
            case Field.RETURN_PATH:
                return self._returns()
            case Field.LIST_UNSUBSCRIBE | Field.LIST_ID:
                return self._angled(field)
            case Field.LINKS:
                return (host for _link, way in self.targets for host in way)
            case _:
                return ()

    def _returns(self) -> Iterable[str]:
        own = set(_of_addresses((*self._message.to, *self._message.cc)))
        for value in self._header("return-path"):
            address = value.strip().strip("<>")
            yield hosts.of_address(address) or ""
            # What is written into it is the sender's own domain, or the reader's.
            yield from (host for host in links.relayed(address) if host not in own)

    def _angled(self, field: Field) -> Iterable[str]:
        for value in self._header(field.value.replace("_", "-")):
            for inner in _ANGLE.findall(value)[:10]:
                if field is Field.LIST_ID:
                    yield hosts.normalise(inner) or ""
                else:
                    yield from links.hosts(inner)

    def _header(self, name: str) -> list[str]:
        return [value for key, value in self._message.headers if key.lower() == name]

    def _read_values(self, field: Field, header: str) -> Iterable[str]:
        message = self._message
        shown = message.text.shown
        match field:
            case Field.FROM_NAME:
                return [each.name for each in message.from_]
            case Field.TO:
                return [each.address for each in (*message.to, *message.cc)]
            case Field.SUBJECT:
                return [message.subject]
            case Field.TEXT:
                return _texts(message.text)
            case Field.HIDDEN:
                return [message.text.hidden]
            case Field.ALT:
                return shown.alts if shown is not None else ()
            case Field.LINK_TEXT:
                return [link.text for link in self.links]
            case Field.ATTACHMENTS:
                return [each.filename or "" for each in message.attachments]
            case Field.HEADERS:
                return self._header(header)
            case _:
                return self.hosts(field)


def _of_addresses(addresses: Iterable[mime.Address]) -> list[str]:
    return [host for each in addresses if (host := hosts.of_address(each.address))]


def _texts(text: mime.Text) -> list[str]:
    """Return the plain text and what the HTML shows: each may say what the other does not."""
    found = [text.plain or ""]
    if text.shown is not None and text.shown.visible not in found:
        found.append(text.shown.visible)
    return found
