"""What changed from one pack to another, and whether that loosens it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.guard.test_judging_properties import Mail, _evidence, _weight, mails, packs
from tests.support.packs import GAMBLING, ROUTING, SMALL, packed
from vedette.guard.canonical import digest
from vedette.guard.difference import Turn, difference, loosens
from vedette.guard.judging import Guard
from vedette.guard.pack import Pack


def _changed(old: str, new: str, pack: str = GAMBLING) -> list[tuple[str, Turn]]:
    assert old in pack
    changes = difference(packed(pack), packed(pack.replace(old, new, 1)))
    return [(each.place, each.turn) for each in changes]


@pytest.mark.parametrize("text", [GAMBLING, ROUTING, SMALL])
def test_a_pack_does_not_differ_from_itself(text: str) -> None:
    """Nor from itself in another spelling."""
    assert difference(packed(text), packed(f"# other words\n{text}")) == ()


TURNS = [
    ("score: 6}", "score: 5}", "symbols.FROM_LISTED.score", Turn.LOOSEN),
    ("score: 6}", "score: 7}", "symbols.FROM_LISTED.score", Turn.TIGHTEN),
    ("at: 8,", "at: 9,", "verdicts[1]", Turn.LOOSEN),
    ("at: 8,", "at: 7,", "verdicts[1]", Turn.TIGHTEN),
    ("  - {do: flag, at: 3.5}\n", "", "verdicts[3]", Turn.LOOSEN),
    (" | LINK_LISTED | OFFER_GAME", " | OFFER_GAME", "verdicts[1]", Turn.LOOSEN),
    ("need: OFFER_GAME}", "need: OFFER_GAME | BULK}", "verdicts[2]", Turn.TIGHTEN),
    ("[geantcasino.fr, bein.com]", "[geantcasino.fr, bein.com, x.example]",
     "lists.allow_local.entries", Turn.LOOSEN),
    ("[geantcasino.fr, bein.com]", "[bein.com]", "lists.allow_local.entries", Turn.TIGHTEN),
    ("[sparkasse.de, gamstop.co.uk]", "[sparkasse.de, gamstop.co.uk, x.example]",
     "lists.protected_senders.entries", Turn.LOOSEN),
    ("[vulkan-bet.party]", "[vulkan-bet.party, x.example]", "lists.gambling.entries", Turn.TIGHTEN),
    ("hosts.txt, ", "", "lists.gambling.sources", Turn.LOOSEN),
    ("shortener, allow_local]", "allow_local]", "lists.gambling.never", Turn.TIGHTEN),
    ("max_shrink: 20%", "max_shrink: 90%", "lists.gambling.max_shrink", Turn.LOOSEN),
    ("format: auto", "format: hosts", "lists.gambling.format", Turn.UNCLEAR),
    ("seen: true, ", "", "actions.quarantine.seen", Turn.LOOSEN),
    ("retain: 30d", "retain: 7d", "actions.quarantine.retain", Turn.LOOSEN),
    ("retain: 30d", "retain: 60d", "actions.quarantine.retain", Turn.TIGHTEN),
    ("Guard/Gambling", "Family", "actions.quarantine.target", Turn.UNCLEAR),
    ("loosen_delay: 24h", "loosen_delay: 1h", "lock.delay", Turn.LOOSEN),
    ("loosen_delay: 24h", "loosen_delay: 7d", "lock.delay", Turn.TIGHTEN),
    ("partner_can_expedite: true", "partner_can_expedite: false",
     "lock.partner_can_expedite", Turn.TIGHTEN),
    ("max_actions: 60/h", "max_actions: 6/h", "limits.max_actions", Turn.LOOSEN),
    ("max_actions: 60/h", "max_actions: 90/h", "limits.max_actions", Turn.TIGHTEN),
    ("bahis, roulette]", "bahis]", "symbols.GAME.phrases", Turn.LOOSEN),
    ("bahis, roulette]", "bahis, roulette, poker]", "symbols.GAME.phrases", Turn.TIGHTEN),
    ("where: [links]", "where: [links, from]", "symbols.LINK_LISTED.where", Turn.TIGHTEN),
    ("auth: aligned, ", "", "symbols.FROM_LISTED_AUTH.auth", Turn.TIGHTEN),
    ("|rollover|", "|", "symbols.TERMS.regex", Turn.UNCLEAR),
    ("& (CTA | TERMS)", "& CTA", "composites.OFFER_GAME.expr", Turn.LOOSEN),
    ("& (CTA | TERMS)", "", "composites.OFFER_GAME.expr", Turn.TIGHTEN),
    ("0.98: 2}", "0.98: 1.5}", "symbols.LM_GAMBLING.map.0.98", Turn.LOOSEN),
    ("|remaining balance", "", "protect.SELF_EXCLUSION.regex", Turn.UNCLEAR),
    ("cap: none", "cap: flag", "protect.BANK.cap", Turn.TIGHTEN),
    ("  KNOWN_SENDER: {flag: user_has_written_to_sender, cap: flag}\n", "", "protect", Turn.TIGHTEN),
    ("protect:\n", "protect:\n  MORE: {flag: is_flagged, cap: none}\n", "protect", Turn.LOOSEN),
    ("kind: protective", "title: Gambling\nkind: protective", "title", Turn.NEUTRAL),
    ("guard: gambling", "guard: other", "guard", Turn.UNCLEAR),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "place", "turn"), TURNS)
def test_a_change_has_its_place_and_its_turn(old: str, new: str, place: str, turn: Turn) -> None:
    """What can not be told is unclear, which waits as a loosening does."""
    assert (place, turn) in _changed(old, new)


def test_an_unlocked_guard_is_looser() -> None:
    """The lock itself is locked."""
    text = GAMBLING.replace(
        "kind: protective\nlock: {loosen_delay: 24h, partner_can_expedite: true}", ""
    )

    turns = {each.place: each.turn for each in difference(packed(GAMBLING), packed(text))}

    assert turns == {"kind": Turn.LOOSEN, "lock": Turn.LOOSEN}


def test_a_mark_in_front_of_a_quarantine_loosens() -> None:
    """The first tier that holds decides: a new one may do less than the next would have done."""
    text = GAMBLING.replace("verdicts:\n", "verdicts:\n  - {do: flag, at: 1, need: BULK}\n")

    assert loosens(difference(packed(GAMBLING), packed(text)))


def test_a_symbol_that_is_needed_not_to_be_there_works_the_other_way() -> None:
    """To find it more often is to do less."""
    text = SMALL.replace("need: LISTED", "need: LISTED & !OFFER").replace("score: 2}", "score: 0}")
    text = text.replace("{do: flag, at: 2}", "{do: flag, at: 2, need: LISTED}")

    changes = _changed("[free spins]", "[free spins, bonus]", text)

    assert changes == [("symbols.OFFER.phrases", Turn.LOOSEN)]


@pytest.mark.parametrize("name", [each.name for each in packed(GAMBLING).symbols])
def test_a_symbol_less_loosens(name: str) -> None:
    """Whichever it is."""
    pack = packed(GAMBLING)
    fewer = replace(pack, symbols=tuple(each for each in pack.symbols if each.name != name))

    assert ("symbols", Turn.LOOSEN) in [(each.place, each.turn) for each in difference(pack, fewer)]


def test_a_change_is_told_in_one_line() -> None:
    """As ``vedette guard diff`` prints it."""
    text = SMALL.replace("score: 5", "score: 4").replace("[free spins]", "[free spins, bonus]")

    assert [each.told() for each in difference(packed(SMALL), packed(text))] == [
        "symbols.LISTED.score: 5 -> 4 (loosens)",
        "symbols.OFFER.phrases: + bonus (tightens)",
    ]


PARTS = ("symbols", "composites", "protections", "tiers", "one symbol", "one tier")
#: Changes of which most tighten: what each does to a pack, and with what of another.
SMALL_CHANGES: dict[str, Callable[[Pack, Pack], Pack]] = {
    "score": lambda old, _: replace(
        old, symbols=(replace(old.symbols[0], score=old.symbols[0].score + 1), *old.symbols[1:])
    ),
    "where": lambda old, other: replace(
        old, symbols=(replace(old.symbols[0], where=other.symbols[0].where), *old.symbols[1:])
    ),
    "at": lambda old, _: replace(
        old, tiers=tuple(replace(each, at=each.at / 2) for each in old.tiers)
    ),
    "need": lambda old, _: replace(
        old, tiers=(*(replace(each, need=None) for each in old.tiers[:1]), *old.tiers[1:])
    ),
    "protection": lambda old, _: replace(old, protections=old.protections[1:]),
    "composite": lambda old, other: replace(
        old, composites=(*old.composites, replace(other.composites[0], name="MORE"))
    ),
    "expr": lambda old, other: replace(
        old, composites=(replace(old.composites[0], expr=other.composites[0].expr),)
    ),
}


@settings(max_examples=300)
@given(packs(monotone=False), packs(monotone=False), mails, st.data())
def test_what_does_not_loosen_never_does_less(
    old: Pack, other: Pack, mail: Mail, data: st.DataObject
) -> None:
    """Held against the judge itself."""
    if data.draw(st.booleans()):
        new = _mixed(old, other, data.draw(st.sets(st.sampled_from(PARTS), min_size=1)))
    else:
        new = old
        for name in data.draw(st.sets(st.sampled_from(sorted(SMALL_CHANGES)), min_size=1)):
            new = SMALL_CHANGES[name](new, other)

    if not loosens(difference(old, new)):
        before = Guard(old, {}).full(_evidence(mail))
        after = Guard(new, {}).full(_evidence(mail))
        assert _weight(after) >= _weight(before)


@given(packs(monotone=False), packs(monotone=False), st.sampled_from(PARTS))
def test_packs_of_two_versions_always_differ(old: Pack, other: Pack, part: str) -> None:
    """And packs of one version never do."""
    new = _mixed(old, other, {part})
    old, new = replace(old, version=digest(old)), replace(new, version=digest(new))

    assert bool(difference(old, new)) == (old.version != new.version)


def _mixed(old: Pack, other: Pack, parts: set[str]) -> Pack:
    new = old
    for part in sorted(parts & set(PARTS[:4])):
        new = replace(new, **{part: getattr(other, part)})
    if "one symbol" in parts:
        new = replace(new, symbols=(other.symbols[0], *new.symbols[1:]))
    if "one tier" in parts:
        new = replace(new, tiers=(*other.tiers[:1], *new.tiers[1:]))
    return new
