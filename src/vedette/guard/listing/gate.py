"""What an update of a list must pass before it is believed.

Lists are made by strangers and by robots: one fell from 2,510 entries to none for ten days,
another held the domains of press, banks and mail services. So an update is looked at before
it is used, and where it does not pass the last good one stays. It must not know where a list
comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from vedette.guard.pack import Gate

#: Entries of one list: four times the longest that is published.
MAX_ENTRIES = 4_000_000

#: Refusals that are named; the rest are counted.
NAMED = 5

#: Domains of which everybody gets mail that must not be lost. A list that holds one of them is
#: broken, whatever else it holds: banks, mail services, help for those who are to be protected.
CANARIES = frozenset(
    {
        "amazon.com", "apple.com", "bbc.co.uk", "begambleaware.org", "bundesweit-gegen-gluecksspielsucht.de",
        "check-dein-spiel.de", "commerzbank.de", "deutsche-bank.de", "ebay.com", "facebook.com",
        "gamblersanonymous.org", "gamblingtherapy.org", "gamcare.org.uk", "gamstop.co.uk", "github.com",
        "gmail.com", "gmx.de", "gmx.net", "google.com", "hotmail.com", "icloud.com", "ing.de",
        "live.com", "mail.ru", "microsoft.com", "n26.com", "orange.fr", "outlook.com", "paypal.com",
        "posteo.de", "proton.me", "revolut.com", "sparkasse.de", "t-online.de", "web.de",
        "wikipedia.org", "wp.pl", "yahoo.com", "yandex.ru", "zoho.com",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """The domains of an update that may be used, and how many were taken off, by reason."""

    domains: frozenset[str]
    dropped: dict[str, int]


def screened(
    listed: Collection[str],
    *,
    allowed: Collection[str] = (),
    never: Collection[str] = (),
    is_shared: Callable[[str], str | None] = lambda _domain: None,
) -> Screened:
    """Take off what must never be on a list.

    ``allowed`` are the list's own exceptions and ``never`` ours: they take off a domain, and
    what is below it. ``is_shared`` tells why a domain belongs to many (a public suffix, a mail
    service's own), or None.
    """
    off = frozenset(allowed) | frozenset(never)
    kept: set[str] = set()
    dropped: dict[str, int] = {}
    for name in listed:
        reason = "an exception" if _covered(name, off) else is_shared(name)
        if reason is None:
            kept.add(name)
        else:
            dropped[reason] = dropped.get(reason, 0) + 1
    return Screened(domains=frozenset(kept), dropped=dropped)


def refusals(domains: Collection[str], *, before: int | None, gate: Gate) -> list[str]:
    """Return why an update must not be used; nothing when it may.

    ``domains`` are those left by ``screened``, ``before`` is how many the last good one had.
    """
    count = len(domains)
    found = []
    if count < gate.min_entries:
        found.append(f"it has {count:,} entries, and {gate.min_entries:,} are the least")
    if count > MAX_ENTRIES:
        found.append(f"it has {count:,} entries, and {MAX_ENTRIES:,} are the most")
    if before:
        if count < before * (1 - gate.max_shrink):
            found.append(f"it shrank from {before:,} entries to {count:,}")
        if count > before * (1 + gate.max_growth):
            found.append(f"it grew from {before:,} entries to {count:,}")
    hit = sorted(each for each in CANARIES.union(gate.canaries) if _covered(each, domains))
    if hit:
        more = f" and {len(hit) - NAMED} more" if len(hit) > NAMED else ""
        found.append(f"it holds {', '.join(hit[:NAMED])}{more}, which no such list may")
    return found


def _covered(name: str, domains: Collection[str]) -> bool:
    """Tell whether a domain, or one above it, is among others."""
    while name:
        if name in domains:
            return True
        name = name.partition(".")[2]
    return False
