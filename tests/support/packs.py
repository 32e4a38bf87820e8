"""Packs and mail for tests of guards: one whole pack, and the smallest one.

Must not know: any one test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vedette import mime
from vedette.guard.domains import DomainList, Entries
from vedette.guard.evidence import Evidence
from vedette.guard.judging import Guard
from vedette.guard.pack import Pack
from vedette.guard.reading import read_pack

#: Every part of the syntax but routes.
GAMBLING = r"""
guard: gambling
kind: protective
lock: {loosen_delay: 24h, partner_can_expedite: true}
lists:
  gambling:
    sources: [hosts.txt, https://lists.example.org/gambling]
    entries: [vulkan-bet.party]
    format: auto
    match: suffix
    never: [public_suffix, esp, freemail, shortener, allow_local]
    update: {every: 12h, min_entries: 20000, max_shrink: 20%, max_growth: 100%,
             canary: ham_senders, keep_last_good: true}
  allow_local: {entries: [geantcasino.fr, bein.com]}
  protected_senders: {entries: [sparkasse.de, gamstop.co.uk]}
symbols:
  FROM_LISTED: {stage: head, where: [from, reply_to, list_unsubscribe], in_list: gambling, score: 6}
  FROM_LISTED_AUTH: {stage: head, where: [from, dkim_d], in_list: gambling, auth: aligned, score: 8}
  OFFER_HEAD:
    stage: head
    where: [subject, from_name]
    phrases: &offer [freispiele, wettbonus, "free spins", фриспинов, "rodadas grátis"]
    score: 2.5
  LINK_LISTED: {stage: body, where: [links], in_list: gambling, score: 5}
  OFFER_BODY: {stage: body, where: [text, alt], phrases: *offer, score: 2}
  GAME: {stage: body, where: [subject, text, alt], phrases: [casino, bahis, roulette], score: 1.5}
  TERMS:
    stage: body
    where: text
    regex: '(?i)\b(umsatzbeding\w+|wagering|rollover|not on gamstop|no kyc)\b'
    literals: [umsatz, wager, rollover, gamstop, kyc]
    score: 2
  BULK: {stage: head, exists: list_unsubscribe, score: 0.3}
  CTA: {stage: body, where: [text, alt], phrases: [einloggen, "log in", "play now"], score: 1}
  LM_GAMBLING: {stage: body, classifier: gambling-lr.v3, score: 2, map: {0.9: 1, 0.98: 2}}
composites:
  OFFER_GAME: {expr: "(OFFER_HEAD | OFFER_BODY) & GAME & (CTA | TERMS)", score: 3}
protect:
  SELF_EXCLUSION:
    regex: '(?i)(gamstop registration|selbstsperre|account has been closed|remaining balance)'
    cap: flag
  BANK: {in_list: protected_senders, auth: dmarc_pass, cap: none}
  KNOWN_SENDER: {flag: user_has_written_to_sender, cap: flag}
verdicts:
  - {do: quarantine, at: 8, need: "FROM_LISTED_AUTH | FROM_LISTED | LINK_LISTED | OFFER_GAME"}
  - {do: quarantine, at: 6, need: OFFER_GAME}
  - {do: flag, at: 3.5}
actions:
  quarantine: {move: Guard/Gambling, seen: true, retain: 30d, then: trash, undo: until_purge}
limits: {max_actions: 60/h, max_share: 50%, max_symbol_share: 30%, window: 100}
"""

#: As little as a pack can say; the tests of mistakes change one line of it.
SMALL = """\
guard: small
lists:
  bad: {entries: [bad.example]}
symbols:
  LISTED: {where: from, in_list: bad, score: 5}
  OFFER: {where: [subject, text], phrases: [free spins], score: 2}
verdicts:
  - {do: junk, at: 5, need: LISTED}
  - {do: flag, at: 2}
actions:
  junk: {move: Guard/Junk}
"""

ROUTING = """\
guard: desk
kind: routing
symbols:
  VIP: {header: from, phrases: [ceo@example.org]}
  INVOICE: {where: [subject, text], phrases: [invoice, rechnung]}
  PDF: {where: attachments, phrases: ["*.pdf"]}
routes:
  - {name: vip, when: VIP, do: [page, star]}
  - {name: invoices, when: INVOICE & !PDF, do: books}
  - {when: INVOICE, do: [books, star]}
actions:
  page: {route: pager}
  books: {route: bookkeeping}
  star: {flag: "\\\\Flagged"}
"""

#: A server whose Authentication-Results the tests trust.
TRUSTED = "mx.home.example"


def packed(text: str, file: str = "pack.yaml") -> Pack:
    """Read a pack."""
    return read_pack(text, file=file)


def guard(text: str, lists: Mapping[str, Sequence[DomainList]] | None = None) -> Guard:
    """Make a pack ready; a list without parts has its own entries."""
    return Guard(packed(text), lists or {})


def listed(name: str, *domains: str, version: str = "") -> dict[str, tuple[Entries, ...]]:
    """Return one list for ``guard``."""
    return {name: (Entries(domains, name=name, version=version),)}


def shown(
    body: str = "",
    *,
    subject: str = "Hello",
    sender: str = "Jo <jo@shop.example>",
    fields: str = "",
    facts: Sequence[str] = (),
    flags: Sequence[str] = (),
    opinions: Mapping[str, float] | None = None,
    html: bool = False,
) -> Evidence:
    """Return the evidence of one message."""
    kind = "text/html" if html else "text/plain"
    head = (
        f"From: {sender}\r\nSubject: {subject}\r\nContent-Type: {kind}; charset=utf-8\r\n{fields}"
    )
    raw = f"{head}\r\n{body}\r\n".encode()
    return Evidence(
        message=mime.read(raw, trusted_authserv=[TRUSTED]),
        size=len(raw),
        facts=facts,
        flags=flags,
        opinions=opinions or {},
    )


def proved(domain: str, *, dmarc: str = "pass") -> str:
    """Return a header field by which a trusted server says that a domain signed the message."""
    return (
        f"Authentication-Results: {TRUSTED}; dkim={dmarc} header.d={domain}; "
        f"dmarc={dmarc} header.from={domain}\r\n"
    )
