"""What each kind of symbol finds in a message, and how much is looked at."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.packs import guard, packed, proved, shown
from vedette import mime
from vedette.guard.checks import MAX_PATTERN_TEXT, Look, Phrasebook, check_of
from vedette.guard.evidence import Evidence
from vedette.guard.verdict import Hit
from vedette.guard.views import MAX_HOSTS, MAX_TEXT, Views

PACK = """
guard: one
symbols:
  X: {%s, score: 2}
verdicts:
  - {do: flag, at: 1}
"""


def _hit(symbol: str, evidence: Evidence) -> Hit | None:
    hits = guard(PACK % symbol).full(evidence).hits
    return hits[0] if hits else None


def _page(html: str) -> Evidence:
    raw = f"From: a@shop.example\r\nContent-Type: text/html\r\n\r\n{html}".encode()
    return Evidence(message=mime.read(raw, shown=True), size=len(raw))


@pytest.mark.parametrize("text", ["Free Spins", "FREE  SPINS!", "fr\u00e9e spins", "Frее sрins"])
def test_a_phrase_is_found_in_any_dress(text: str) -> None:
    """And told as the pack writes it."""
    hit = _hit("where: text, phrases: [free spins]", shown(text))

    assert hit == Hit(symbol="X", score=2, field="text", matched="free spins")


def test_a_phrase_is_whole_words() -> None:
    """A part of a word is another word."""
    assert _hit("where: text, phrases: [bet]", shown("alphabet")) is None


def test_an_expression_is_told_by_the_packs_own_word() -> None:
    """The text of the mail is nobody's business."""
    hit = _hit("where: text, regex: '(?i)wager\\w* [0-9]+x'", shown("Wagering 35x applies"))

    assert hit == Hit(symbol="X", score=2, field="text", matched="wager")


def test_an_expression_is_tried_only_where_one_of_its_words_is() -> None:
    """With literals of the pack's own, that is part of what it says."""
    symbol = "where: text, regex: '[0-9]+x', literals: [wagering]"

    assert _hit(symbol, shown("35x")) is None
    assert _hit(symbol, shown("35x wagering")) is not None


@pytest.mark.parametrize(("field", "holds"), [("subject", True), ("list_unsubscribe", False)])
def test_a_field_exists_when_it_is_not_empty(field: str, *, holds: bool) -> None:
    """An empty one is none."""
    assert (_hit(f"exists: {field}", shown(fields="List-Unsubscribe: \r\n")) is not None) is holds


def test_a_header_field_is_looked_at_by_its_name() -> None:
    """In any letter case; another field of like content is another field."""
    evidence = shown(fields="x-MAILER: BulkMail 3\r\nX-Other: SpamMail\r\n")

    hit = _hit("header: X-Mailer, phrases: [bulkmail]", evidence)

    assert hit == Hit(symbol="X", score=2, field="x-mailer", matched="bulkmail")
    assert _hit("header: X-Mailer, phrases: [spammail]", evidence) is None


def test_links_are_counted_one_by_one() -> None:
    """Those of one host too."""
    evidence = shown("https://a.example/1 https://a.example/2 https://a.example/3")

    assert _hit("where: links, count: 3", evidence) is not None
    assert _hit("where: links, count: 4", evidence) is None


def test_a_size_is_between_its_bounds() -> None:
    """Neither bound is met by itself."""
    evidence = shown()

    assert _hit(f"size: {{above: {evidence.size - 1}}}", evidence) is not None
    assert _hit(f"size: {{above: {evidence.size}}}", evidence) is None
    assert _hit(f"size: {{below: {evidence.size + 1}}}", evidence) is not None
    assert _hit(f"size: {{below: {evidence.size}}}", evidence) is None


def test_who_the_sender_is_must_be_proved_by_a_trusted_server() -> None:
    """What the sender writes into his own mail proves nothing."""
    forged = "Authentication-Results: mx.google.com; dmarc=pass header.from=shop.example\r\n"

    assert _hit("auth: dmarc_pass", shown(fields=proved("shop.example"))) is not None
    assert _hit("auth: dmarc_pass", shown(fields=forged)) is None
    assert _hit("auth: fail", shown(fields=proved("shop.example", dmarc="fail"))) is not None
    assert _hit("auth: aligned", shown(fields=proved("other.example"))) is None


def test_a_condition_of_authentication_is_asked_beside_the_test() -> None:
    """Both must hold."""
    symbol = "where: subject, phrases: [hello], auth: dmarc_pass"

    assert _hit(symbol, shown()) is None
    assert _hit(symbol, shown(fields=proved("shop.example"))) is not None


HONEST = '<a href="https://shop.example/x">www.shop.example</a>'
FALSE = '<a href="https://evil.example/x">https://www.paypal.com/login</a>'


def test_a_link_that_shows_another_host_is_a_mismatch() -> None:
    """The host that is shown is told."""
    hit = _hit("mismatch: true", _page(FALSE))

    assert hit == Hit(symbol="X", score=2, field="links", matched="www.paypal.com")


@pytest.mark.parametrize(
    "html",
    [
        HONEST,
        '<a href="https://evil.example/x">Click here</a>',
        '<a href="https://count.example/?u=https%3A%2F%2Fshop.example">shop.example</a>',
        '<a href="https://u1.ct.sendgrid.net/ls">shop.example</a>',
        '<a href="mailto:a@shop.example">version 2.0 of it</a>',
    ],
)
def test_an_honest_link_is_no_mismatch(html: str) -> None:
    """Nor words, nor a detour that arrives, nor the counter of a mail service."""
    assert _hit("mismatch: true", _page(html)) is None


def test_a_mismatch_may_mind_some_hosts_alone() -> None:
    """Those that a pack names."""
    assert _hit("mismatch: [bank.example]", _page(FALSE)) is None
    assert _hit("mismatch: [paypal.com]", _page(FALSE)) is not None


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("PayPal Service", True),
        ("service@paypal.com", True),
        ("Pаypal", True),
        ("Pay your pal", False),
        ("Jo", False),
    ],
)
def test_a_name_that_claims_a_host_is_a_mismatch(name: str, *, claims: bool) -> None:
    """By its domain or by its word, in any dress."""
    evidence = shown(sender=f'"{name}" <a@evil.example>')

    assert (_hit("where: from_name, mismatch: [paypal.com]", evidence) is not None) is claims


def test_a_host_may_bear_its_own_name() -> None:
    """And its subdomains too."""
    evidence = shown(sender="PayPal <service@mail.paypal.com>")

    assert _hit("where: from_name, mismatch: [paypal.com]", evidence) is None


def test_a_name_with_any_other_host_is_a_mismatch_where_none_is_named() -> None:
    """A sender who writes an address into his name wants it to be read as his."""
    symbol = "where: from_name, mismatch: true"

    assert _hit(symbol, shown(sender='"ceo@firm.example" <x@evil.test>')) is not None
    assert _hit(symbol, shown(sender='"jo@shop.example" <jo@mail.shop.example>')) is None


REGEXES = "\n".join(
    f"  R{number}: {{where: [subject, text, alt, hidden], regex: 'aaaa.*b{number}', score: 1}}"
    for number in range(40)
)
MANY = f"""
guard: many
lists:
  bad: {{entries: [bad.example]}}
symbols:
  LISTED: {{where: [from, links], in_list: bad, score: 1}}
  WORD: {{where: [subject, text, alt, hidden], phrases: [casino], score: 1}}
{REGEXES}
verdicts:
  - {{do: flag, at: 1}}
"""


# Steps are counted, not time; each example is half a megabyte.
@settings(max_examples=20)
@given(
    st.sampled_from(
        ["a", "aaaa ", "b", "c.a.s.i.n.o ", "https://x.example/ ", "\u0430", "\u200b", "\U0001f1e8"]
    ),
    st.integers(1, 400_000),
)
def test_what_is_looked_at_is_bounded(piece: str, times: int) -> None:
    """Counted in characters and hosts, whatever the message and however many expressions."""
    pack = packed(MANY)
    text = (piece * times)[:1_000_000]
    message = mime.Message(subject=text[:30_000], text=mime.Text(plain=text, hidden=text))
    evidence = Evidence(message=message, size=len(text))
    look = Look(evidence, Views(evidence), Phrasebook(pack.symbols))
    lists = {"bad": ()}

    for symbol in pack.symbols:
        check_of(symbol, lists)(look, symbol.where)

    assert look.work <= MAX_PATTERN_TEXT + 4 * 4 * MAX_TEXT + 2 * MAX_HOSTS


def test_expressions_stop_at_their_budget() -> None:
    """What is spent is spent: the rest is not tried, and nothing fails."""
    text = "aaaa " * 60_000
    evidence = Evidence(message=mime.Message(text=mime.Text(plain=text, hidden=text)))
    pack = packed(MANY)
    look = Look(evidence, Views(evidence), Phrasebook(pack.symbols))
    for symbol in pack.symbols:
        check_of(symbol, {})(look, symbol.where)

    assert guard(MANY).full(evidence).failed == ""
    assert look.work <= MAX_PATTERN_TEXT + 4 * 4 * MAX_TEXT
