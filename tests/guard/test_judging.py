"""A pack and a message: the verdict, its reasons, and what no message can do to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.packs import GAMBLING, ROUTING, SMALL, guard, listed, proved, shown
from vedette import mime
from vedette.guard.domains import DomainList, Entries
from vedette.guard.evidence import Evidence
from vedette.guard.expression import read_expression
from vedette.guard.judging import Guard
from vedette.guard.pack import (
    Action,
    ActionKind,
    Cap,
    Composite,
    Field,
    Kind,
    Pack,
    Phrases,
    Protection,
    Route,
    Stage,
    Symbol,
    Tier,
)
from vedette.guard.verdict import Verdict
from vedette.guard.views import Views

LISTS = listed("gambling", "vulkan-bet.party", version="2026-08-17")


@pytest.fixture(scope="module")
def gambling() -> Guard:
    return guard(GAMBLING, LISTS)


def test_every_reason_is_told(gambling: Guard) -> None:
    """The score is a sum of named evidence, each with its field, its word and its list."""
    verdict = gambling.full(
        shown(
            "Play now at https://go.vulkan-bet.party/x",
            subject="100 Freispiele im Casino",
            sender="Win <win@news.vulkan-bet.party>",
        )
    )

    assert verdict.explained() == (
        "quarantine 19 = "
        "FROM_LISTED 6 (from:vulkan-bet.party, gambling@2026-08-17) + "
        "LINK_LISTED 5 (links:vulkan-bet.party, gambling@2026-08-17) + "
        "OFFER_GAME 3 + OFFER_HEAD 2.5 (subject:freispiele) + "
        "GAME 1.5 (subject:casino) + CTA 1 (text:play now)"
    )
    assert verdict.is_listed


def test_mail_that_shows_nothing_is_kept(gambling: Guard) -> None:
    """No reason, no action."""
    verdict = gambling.full(shown("See you on Friday."))

    assert (verdict.name, verdict.score, verdict.hits) == ("keep", 0, ())
    assert verdict.explained() == "keep 0 = nothing"


def test_a_symbol_counts_once(gambling: Guard) -> None:
    """A hundred links are one LINK_LISTED: hits do not stack."""
    links = "\n".join(f"https://vulkan-bet.party/{number}" for number in range(100))

    assert gambling.full(shown(links)).score == 5


def test_a_score_without_hard_evidence_only_flags(gambling: Guard) -> None:
    """Whatever it adds up to, a tier needs what it needs."""
    verdict = gambling.full(
        shown("log in: wagering", subject="Freispiele", opinions={"gambling-lr.v3": 1.0})
    )

    assert verdict.score == 7.5
    assert [each.name for each in verdict.actions] == ["flag"]


def test_symbols_together_are_hard_evidence(gambling: Guard) -> None:
    """The composite gives points of its own and opens the second tier."""
    verdict = gambling.full(shown("Einloggen und Casino", subject="Freispiele"))

    assert (verdict.name, verdict.score) == ("quarantine", 8)
    assert verdict.decisive == ("OFFER_GAME",)


def test_an_opinion_gives_the_points_of_the_last_threshold_that_it_reaches(
    gambling: Guard,
) -> None:
    """And none below the first; an absent scorer has none."""
    scores = [
        gambling.full(shown(opinions={"gambling-lr.v3": opinion})).score
        for opinion in (0.0, 0.89, 0.9, 0.979, 0.98, 1.0)
    ]

    assert scores == [0, 0, 1, 1, 2, 2]
    assert gambling.full(shown()).score == 0


def test_the_head_acts_on_its_own_evidence(gambling: Guard) -> None:
    """A proved listed sender is enough; the body is not waited for."""
    verdict = gambling.head(shown(sender="win@vulkan-bet.party", fields=proved("vulkan-bet.party")))

    assert (verdict.name, verdict.score, verdict.stage) == ("quarantine", 14, Stage.HEAD)


def test_the_head_does_not_act_on_a_score_alone(gambling: Guard) -> None:
    """A tier without needed evidence waits for the body."""
    evidence = shown(subject="Freispiele", fields="List-Unsubscribe: <https://a.example>\r\n")
    lenient = guard(GAMBLING.replace("at: 3.5", "at: 2"), LISTS)

    assert lenient.head(evidence).name == "keep"
    assert lenient.full(evidence).name == "flag"


def test_the_head_waits_where_the_body_may_take_the_evidence_away() -> None:
    """What is needed must hold whatever the body shows."""
    text = SMALL.replace("need: LISTED", "need: LISTED & !OFFER")
    evidence = shown("free spins", sender="a@bad.example")

    assert guard(text).head(evidence).name == "keep"
    assert guard(text).full(evidence).name == "flag"
    assert guard(text).full(shown(sender="a@bad.example")).name == "junk"


def test_the_head_waits_where_the_body_may_bring_a_higher_tier() -> None:
    """One message is not moved twice: the upper tier does something else."""
    text = SMALL.replace("verdicts:", "verdicts:\n  - {do: worst, at: 7, need: OFFER}").replace(
        "actions:", "actions:\n  worst: {move: Guard/Worst}"
    )
    listed_sender = shown(sender="a@bad.example")
    both = shown("free spins", sender="a@bad.example")

    assert guard(text).head(listed_sender).name == "keep"
    assert guard(text).full(listed_sender).name == "junk"
    assert guard(text).full(both).name == "worst"


def test_a_protection_caps_the_verdict_and_says_so(gambling: Guard) -> None:
    """A closure notice of a listed operator is evidence of the user's, and stays."""
    verdict = gambling.full(
        shown(
            "Your account has been closed.",
            sender="win@vulkan-bet.party",
            fields=proved("vulkan-bet.party"),
        )
    )

    assert [each.name for each in verdict.wanted] == ["quarantine"]
    assert [each.name for each in verdict.actions] == ["flag"]
    assert verdict.explained().endswith("; quarantine was capped by SELF_EXCLUSION")


def test_a_protection_by_subject_caps_the_head_too(gambling: Guard) -> None:
    """What is known of it at the head stage is looked at then."""
    verdict = gambling.head(
        shown(
            subject="Your account has been closed",
            sender="win@vulkan-bet.party",
            fields=proved("vulkan-bet.party"),
        )
    )

    assert [each.name for each in verdict.actions] == ["flag"]


def test_a_cap_to_nothing_leaves_the_message_alone(gambling: Guard) -> None:
    """A proved protected sender is never touched; a forged one is not protected."""
    body = "Freispiele, Casino, log in"
    bank = "Bank <info@sparkasse.de>"

    assert gambling.full(shown(body, sender=bank, fields=proved("sparkasse.de"))).actions == ()
    assert gambling.full(shown(body, sender=bank)).name == "quarantine"


def test_a_fact_from_elsewhere_protects(gambling: Guard) -> None:
    """Who was written to is no stranger."""
    evidence = shown("Freispiele, Casino, log in", facts=["user_has_written_to_sender"])

    assert gambling.full(evidence).name == "flag"


def test_flags_of_the_message_are_facts() -> None:
    """In any letter case, as servers write them."""
    text = SMALL.replace("verdicts:", "protect:\n  KEPT: {flag: is_flagged, cap: none}\nverdicts:")
    evidence = shown(sender="a@bad.example", flags=["\\FLAGGED"])

    assert guard(text).full(evidence).name == "keep"


def test_a_list_that_is_not_at_hand_has_the_entries_of_the_pack() -> None:
    """A guard stands before its lists are fetched."""
    assert guard(SMALL).full(shown(sender="a@bad.example")).name == "junk"
    assert guard(SMALL, {"bad": ()}).full(shown(sender="a@bad.example")).name == "keep"


def test_the_parts_of_a_list_are_asked_in_turn() -> None:
    """The explanation names the source that has the host."""
    parts = (Entries(["x.example"], name="one"), Entries(["bad.example"], name="two", version="3"))

    verdict = guard(SMALL, {"bad": parts}).full(shown(sender="a@bad.example"))

    assert verdict.hits[0].source == "two@3"


@pytest.mark.parametrize(
    ("subject", "sender", "route", "actions"),
    [
        ("Invoice 7", "CEO <ceo@example.org>", "vip", ["page", "star"]),
        ("Invoice 7", "a@b.example", "invoices", ["books"]),
        ("Lunch?", "a@b.example", "", []),
    ],
)
def test_the_first_route_that_holds_decides(
    subject: str, sender: str, route: str, actions: list[str]
) -> None:
    """It may do several things."""
    verdict = guard(ROUTING).full(shown(subject=subject, sender=sender))

    assert verdict.route == route
    assert [each.name for each in verdict.actions] == actions


def test_a_route_waits_at_the_head_for_what_stands_above_it() -> None:
    """An invoice may turn out to have a PDF; the VIP is known at once."""
    desk = guard(ROUTING)

    assert desk.head(shown(subject="Invoice", sender="ceo@example.org")).route == "vip"
    assert desk.head(shown(subject="Invoice")).route == ""


def test_a_guard_that_fails_keeps_the_mail() -> None:
    """The failure is told by its type: its words may hold what the mail says."""

    class Broken:
        name = "bad"
        version = ""

        def find(self, host: str) -> NoReturn:
            raise RuntimeError(host)

    broken: Mapping[str, tuple[DomainList, ...]] = {"bad": (Broken(),)}
    verdict = guard(SMALL, broken).full(shown("free spins", sender="a@bad.example"))

    assert (verdict.name, verdict.failed) == ("keep", "RuntimeError")
    assert "bad.example" not in verdict.explained()


def test_views_are_shared_by_guards(gambling: Guard) -> None:
    """What one guard looked at is not made again for the next."""
    evidence = shown("Einloggen und Casino", subject="Freispiele")
    views = Views(evidence)

    first = gambling.full(evidence, views)

    assert gambling.full(evidence, views) == first == gambling.full(evidence)


# Any pack and any message: words stand for evidence, wherever they are.
WORDS = ("alpha", "bravo", "charlie", "delta", "echo", "golf")
SHIELDS = ("shieldone", "shieldtwo")
ACTIONS = (
    Action(name="quarantine", kind=ActionKind.MOVE, target="Q"),
    Action(name="away", kind=ActionKind.MOVE, target="A"),
    Action(name="flag", kind=ActionKind.FLAG, target="F"),
    Action(name="tag", kind=ActionKind.TAG, target="t"),
)
_points = st.integers(0, 40).map(lambda tenths: tenths / 10)
_names = st.sampled_from([word.upper() for word in WORDS])


def _symbol(word: str, where: tuple[Field, ...], score: float = 0.0) -> Symbol:
    stage = Stage.BODY if Field.TEXT in where else Stage.HEAD
    test = Phrases(phrases=(word,))
    return Symbol(name=word.upper(), stage=stage, where=where, test=test, score=score)


@st.composite
def _expressions(draw: st.DrawFn, *, monotone: bool) -> str:
    signs = [""] if monotone else ["", "", "!"]
    parts = draw(st.lists(st.tuples(st.sampled_from(signs), _names), min_size=1, max_size=3))
    sign = draw(st.sampled_from([" & ", " | "]))
    return sign.join(f"{mark}{name}" for mark, name in parts)


@st.composite
def packs(draw: st.DrawFn, *, monotone: bool = True) -> Pack:
    wheres = st.sampled_from([(Field.SUBJECT,), (Field.TEXT,), (Field.SUBJECT, Field.TEXT)])
    needs = _expressions(monotone=monotone).map(read_expression)
    tiers = st.builds(
        Tier,
        do=st.sampled_from([each.name for each in ACTIONS]),
        at=_points,
        need=st.none() | needs,
    )
    both = read_expression(draw(_expressions(monotone=True)))
    return Pack(
        name="any",
        version="1",
        symbols=tuple(_symbol(word, draw(wheres), draw(_points)) for word in WORDS),
        composites=(Composite(name="BOTH", expr=both, score=draw(_points)),),
        protections=tuple(
            Protection(symbol=_symbol(word, draw(wheres)), cap=draw(st.sampled_from(Cap)))
            for word in SHIELDS
        ),
        tiers=tuple(draw(st.lists(tiers, max_size=4))),
        actions=ACTIONS,
    )


mails = st.tuples(
    st.frozensets(st.sampled_from((*WORDS, *SHIELDS))),
    st.frozensets(st.sampled_from((*WORDS, *SHIELDS))),
)
Mail = tuple[frozenset[str], frozenset[str]]


def _evidence(mail: Mail) -> Evidence:
    subject, text = (" ".join(sorted(words)) for words in mail)
    return Evidence(message=mime.Message(subject=subject, text=mime.Text(plain=text)))


def _more(one: Mail, other: Mail) -> Mail:
    return one[0] | other[0], one[1] | other[1]


def _weight(verdict: Verdict) -> int:
    return max((each.weight for each in verdict.actions), default=-1)


@given(packs(), mails, mails)
def test_more_evidence_never_lowers_the_score(pack: Pack, mail: Mail, more: Mail) -> None:
    """Nothing in a message speaks for it but a protection, which has no score."""
    judge = Guard(pack, {})

    before = judge.full(_evidence(mail))
    after = judge.full(_evidence(_more(mail, more)))

    assert after.score >= before.score
    assert {hit.symbol for hit in after.hits} >= {hit.symbol for hit in before.hits}


@given(packs(), mails, mails)
def test_more_evidence_never_moves_a_verdict_to_a_lower_tier(
    pack: Pack, mail: Mail, more: Mail
) -> None:
    """Without a protection, and where nothing that is needed is negated."""
    bare = replace(pack, protections=())
    judge = Guard(bare, {})

    before = judge.full(_evidence(mail)).wanted
    after = judge.full(_evidence(_more(mail, more))).wanted

    if before:
        rank = [tier.do for tier in pack.tiers]
        assert after
        assert rank.index(after[0].name) <= rank.index(before[0].name)


@given(packs(monotone=False), mails)
def test_a_protection_always_caps(pack: Pack, mail: Mail) -> None:
    """Whatever the score: to a flag at most, or to nothing that touches the mailbox."""
    verdict = Guard(pack, {}).full(_evidence(mail))
    caps = {each.cap for each in pack.protections if _is_shown(each.symbol, mail)}

    if caps:
        assert _weight(verdict) <= (0 if Cap.NONE in caps else 1)
        assert verdict.actions == verdict.wanted or verdict.capped_by
    else:
        assert verdict.actions == verdict.wanted


def _is_shown(symbol: Symbol, mail: Mail) -> bool:
    word = symbol.name.lower()
    return (Field.SUBJECT in symbol.where and word in mail[0]) or (
        Field.TEXT in symbol.where and word in mail[1]
    )


@given(packs(monotone=False), mails)
def test_the_head_knows_no_more_than_the_whole(pack: Pack, mail: Mail) -> None:
    """Its score is no higher, and what it wants is wanted by the whole message too."""
    judge = Guard(pack, {})

    head, full = judge.head(_evidence(mail)), judge.full(_evidence(mail))

    assert head.score <= full.score
    assert {hit.symbol for hit in head.hits} <= {hit.symbol for hit in full.hits}
    if head.wanted:
        assert full.wanted


@given(packs(), mails)
def test_the_score_is_the_sum_of_its_reasons(pack: Pack, mail: Mail) -> None:
    """To the thousandth, in any order, most first."""
    verdict = Guard(pack, {}).full(_evidence(mail))

    assert verdict.score == pytest.approx(sum(hit.score for hit in verdict.hits))
    scores = [hit.score for hit in verdict.hits]
    assert scores == sorted(scores, reverse=True)


@given(packs(monotone=False), mails, st.lists(_expressions(monotone=False), min_size=1, max_size=3))
def test_a_route_of_the_head_is_the_route_of_the_whole(
    pack: Pack, mail: Mail, whens: list[str]
) -> None:
    """What the body may change is waited for."""
    routes = tuple(
        Route(name=f"r{number}", when=read_expression(when), do=("tag",))
        for number, when in enumerate(whens)
    )
    judge = Guard(
        replace(pack, kind=Kind.ROUTING, routes=routes, tiers=(), composites=(), protections=()), {}
    )

    head, full = judge.head(_evidence(mail)), judge.full(_evidence(mail))

    assert not head.route or head.route == full.route


GUARDS = (guard(GAMBLING, LISTS), guard(ROUTING), guard(SMALL))
_lines = st.sampled_from(
    [
        "From: a@vulkan-bet.party", "From: =?utf-8?B?Q2FzaW5v?= <\x00@[::1]>", "From: ,;<>@",
        "Subject: Freispiele \ud83d\ude00", "Subject: =?x?Q?=ff?=", "Return-Path: <>",
        "List-Unsubscribe: <http://[>, <mailto:@>", "List-Id: <<<>>>",
        "Content-Type: text/html; charset=utf-16", "Content-Type: multipart/mixed; boundary=b",
        "Content-Transfer-Encoding: base64", "Authentication-Results: mx; dkim=pass header.d=",
        "", "--b", "--b--", "<a href='https://vulkan-bet.party\u3002/%00'>x</a>", "<img alt=casino>",
        "http://[::1]:99999/%ff", "https://" + "a." * 200, "play now " * 50, "\u202eonisac", "c.a.s.i.n.o",
    ]
)  # fmt: skip


@given(
    st.lists(_lines | st.text(max_size=30), max_size=25).map("\r\n".join) | st.binary(max_size=200)
)
def test_any_mail_is_judged(raw: str | bytes) -> None:
    """No message makes a guard fail, however it is made."""
    data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    evidence = Evidence(message=mime.read(data, trusted_authserv=["mx"]), size=len(data))
    for judge in GUARDS:
        head, full = judge.head(evidence), judge.full(evidence)

        assert (head.failed, full.failed) == ("", "")
        assert head.score <= full.score
        assert "\n" not in full.explained()
