"""What no pack and no message can do to a judgement."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.packs import GAMBLING, ROUTING, SMALL, guard, listed
from vedette import mime
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

LISTS = listed("gambling", "vulkan-bet.party", version="2026-08-17")

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
    # Each tier gets an action of its own, for two may do the same and a verdict tells what is done.
    ranks = [str(rank) for rank in range(len(pack.tiers))]
    ranked = replace(
        pack,
        protections=(),
        tiers=tuple(replace(tier, do=rank) for tier, rank in zip(pack.tiers, ranks, strict=True)),
        actions=tuple(Action(name=rank, kind=ActionKind.MOVE, target="Q") for rank in ranks),
    )
    judge = Guard(ranked, {})

    before = judge.full(_evidence(mail)).wanted
    after = judge.full(_evidence(_more(mail, more))).wanted

    if before:
        assert after
        assert int(after[0].name) <= int(before[0].name)


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
