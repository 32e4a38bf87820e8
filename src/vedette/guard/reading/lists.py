"""Lists of a pack: entries of its own or sources, and what an update must pass.

It must not know what a source holds or how it is fetched.
"""

from __future__ import annotations

import re

from vedette.guard import hosts
from vedette.guard.pack import DAY, HOUR, Gate, List
from vedette.guard.reading.table import Table, guess, shown

#: Lists of one pack.
MAX_LISTS = 50
#: Sets of domains that are known without a list: they are never evidence.
NEVER = ("public_suffix", "esp", "freemail", "shortener")
#: The set of senders of honest mail (banks, mail services, help lines) that updates are held to.
CANARIES = ("ham_senders",)
FORMATS = ("auto", "plain", "hosts", "wildcard", "adblock", "dnsmasq", "unbound", "rpz", "ut1")

LIST_KEYS = ("entries", "sources", "format", "match", "never", "update")
UPDATE_KEYS = ("every", "min_entries", "max_shrink", "max_growth", "canary", "keep_last_good")

NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


def read_lists(table: Table) -> tuple[List, ...]:
    """Read the lists of a pack."""
    names = {name for name, _, _ in table.items()}
    found = []
    for name, place, node in table.items():
        if not NAME.fullmatch(name) or name in {*NEVER, *CANARIES}:
            what = "is taken" if name in {*NEVER, *CANARIES} else "is no name of a list"
            table.mistakes.at(place, f"{table.path}: {shown(name)} {what}; try `my-list`")
            continue
        row = Table(node, table.mistakes, path=f"{table.path}.{name}", keys=LIST_KEYS)
        found.append(_list(name, row, names - {name}))
    return tuple(found)


def _list(name: str, row: Table, others: set[str]) -> List:
    entries = row.texts("entries", "casino.example")
    sources = row.texts("sources", "https://lists.example.org/hosts.txt")
    if "entries" not in row and "sources" not in row:
        row.missing("entries", "a list has `entries`, `sources` or both")
    for entry in entries:
        if _domain(entry) is None:
            row.fail("entries", f"{shown(entry)} is no domain, such as casino.example")
    row.only("match", "suffix", "an entry stands for itself and every name below it")
    format_ = row.text("format", "auto") or "auto"
    if format_ not in FORMATS:
        row.fail(
            "format", f"{shown(format_)} is none of {', '.join(FORMATS)}{guess(format_, FORMATS)}"
        )
    never = row.texts("never", "public_suffix")
    _check_names(row, "never", never, (*NEVER, *sorted(others)))
    update = row.inner("update", UPDATE_KEYS)
    if update is not None and not sources:
        update.fail(None, "only a list with `sources` is updated")
    return List(
        name=name,
        entries=tuple(dict.fromkeys(_domain(each) or each for each in entries)),
        sources=sources,
        format=format_,
        never=never,
        gate=_gate(update, others) if update else Gate(),
        every=(update.duration("every", low=HOUR, high=30 * DAY) if update else None) or DAY,
    )


def _domain(written: str) -> str | None:
    """Return a domain as hosts are compared; ``*.`` before it says what an entry says anyway."""
    host = hosts.normalise(written.removeprefix("*."))
    return host if host is not None and ("." in host or ":" in host) else None


def _gate(update: Table, others: set[str]) -> Gate:
    default = Gate()
    canaries = update.texts("canary", "ham_senders")
    _check_names(update, "canary", canaries, (*CANARIES, *sorted(others)))
    update.only("keep_last_good", "true", "the last good list always stays")
    shrink = update.share("max_shrink", high=1.0)
    growth = update.share("max_growth", high=100.0)
    return Gate(
        min_entries=update.whole("min_entries", low=1, high=50_000_000) or default.min_entries,
        max_shrink=default.max_shrink if shrink is None else shrink,
        max_growth=default.max_growth if growth is None else growth,
        canaries=canaries,
    )


def _check_names(table: Table, key: str, names: tuple[str, ...], known: tuple[str, ...]) -> None:
    """Note what is neither a domain, nor a set that is known, nor another list of the pack."""
    for name in names:
        if name not in known and _domain(name) is None:
            near = guess(name, known) or f"; known are {', '.join(known)}, or say a domain"
            table.fail(key, f"there is no list {shown(name)}{near}")
