"""Pretences: a link that shows one host and leads to another, a sender's name that names another.

A pretence is evidence and no proof: honest newsletters count clicks by way of hosts that are not
shown, so hosts that many senders share never make one. It must not know scores and lists.
"""

from __future__ import annotations

import re

from vedette.guard import hosts
from vedette.guard.pack import Field
from vedette.guard.phrases import Index
from vedette.guard.views import Views

# What a person takes for a host: in a link's text it is all there is, in a name it stands alone.
_SHOWN = re.compile(
    r"\s*(?:https?://)?((?:[\w-]{1,63}\.){1,6}[^\W\d_][\w-]{1,62})(?:[/?#:]\S{0,2000})?\s*"
)
_NAMED = re.compile(r"(?:[\w-]{1,63}\.){1,6}[^\W\d_]{2,24}\b")
#: Characters of a name or of a link's text that are looked at.
MAX_SHOWN = 2_000
#: Links of one message that are compared.
MAX_LINKS = 500
#: Hosts of one name that are compared; a name has room for few.
MAX_NAMED = 10


class Pretence:
    """What nobody else may pretend to be: these domains, or with none of them anybody."""

    __slots__ = ("_domains", "_names")

    def __init__(self, names: tuple[str, ...]) -> None:
        self._domains = frozenset(_domain(name) for name in names)
        labels = ((domain, domain.partition(".")[0]) for domain in self._domains)
        self._names = Index([(domain, label) for domain, label in labels if len(label) > 1])

    def by_link(self, views: Views) -> str | None:
        """Return the host that a link shows and does not lead to; ``None`` where all are honest."""
        for link, way in views.targets[:MAX_LINKS]:
            if "." not in link.text:
                continue  # most show no host
            shown = _SHOWN.fullmatch(link.text[:MAX_SHOWN])
            host = hosts.normalise(shown[1]) if shown is not None and way else None
            if host is None or hosts.registrable(host) is None:
                continue
            domain = _domain(host)
            if self._domains and domain not in self._domains:
                continue
            reached = {_domain(each) for each in way}
            if domain not in reached and not any(map(hosts.is_shared, reached)):
                return host
        return None

    def by_name(self, views: Views) -> str | None:
        """Return the host that the sender's name claims and its address has not."""
        senders = {_domain(host) for host in views.hosts(Field.FROM)}
        if not senders:
            return None
        for name in views.values(Field.FROM_NAME):
            for found in _NAMED.findall(name[:MAX_SHOWN])[:MAX_NAMED]:
                host = hosts.normalise(found)
                if host is None or hosts.registrable(host) is None:
                    continue
                domain = _domain(host)
                if domain not in senders and (not self._domains or domain in self._domains):
                    return host
        if not senders & self._domains:
            return next(iter(self._names.find(views.text(Field.FROM_NAME))), None)
        return None


def _domain(host: str) -> str:
    return hosts.registrable(host) or host
