"""A pack's text to its nouns, and what is told of each mistake."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.house.tree import ROOT
from tests.support.packs import GAMBLING, ROUTING, SMALL, packed
from vedette.errors import ConfigError
from vedette.guard.pack import (
    DAY,
    HOUR,
    Action,
    ActionKind,
    Auth,
    Cap,
    Count,
    Exists,
    Field,
    Gate,
    InList,
    Kind,
    Known,
    Limits,
    List,
    Lock,
    Mismatch,
    Pack,
    Pattern,
    Phrases,
    Scored,
    Size,
    Stage,
    Symbol,
)


def _symbol(text: str, pack: str = SMALL) -> Symbol:
    """Read one symbol in the place of another."""
    found = packed(pack.replace("{where: [subject, text], phrases: [free spins], score: 2}", text))
    return next(each for each in found.symbols if each.name == "OFFER")


def _change(old: str, new: str, text: str = SMALL) -> str:
    assert old in text
    return text.replace(old, new, 1)


@pytest.fixture(scope="module")
def gambling() -> Pack:
    return packed(GAMBLING)


def test_the_whole_syntax_is_read(gambling: Pack) -> None:
    """Every part has what the text says."""
    assert gambling.kind is Kind.PROTECTIVE
    assert gambling.lock == Lock(delay=24 * HOUR, partner=True, consent=False)
    assert gambling.limits == Limits(actions_per_hour=60, share=0.5, symbol_share=0.3, window=100)
    assert gambling.actions == (
        Action(
            name="quarantine",
            kind=ActionKind.MOVE,
            target="Guard/Gambling",
            seen=True,
            retain=30 * DAY,
        ),
        Action(name="flag", kind=ActionKind.FLAG, target="Guard-gambling"),
    )
    assert [(tier.do, tier.at, tier.need is None) for tier in gambling.tiers] == [
        ("quarantine", 8, False),
        ("quarantine", 6, False),
        ("flag", 3.5, True),
    ]
    assert [each.cap for each in gambling.protections] == [Cap.FLAG, Cap.NONE, Cap.FLAG]


def test_a_list_has_its_sources_and_its_gate(gambling: Pack) -> None:
    """With what is never on it, and how an update is judged."""
    assert gambling.lists[0] == List(
        name="gambling",
        entries=("vulkan-bet.party",),
        sources=("hosts.txt", "https://lists.example.org/gambling"),
        never=("public_suffix", "esp", "freemail", "shortener", "allow_local"),
        gate=Gate(min_entries=20_000, max_shrink=0.2, max_growth=1.0, canaries=("ham_senders",)),
        every=12 * HOUR,
    )


def test_a_symbol_has_its_stage_place_and_test(gambling: Pack) -> None:
    """One of each stage."""
    symbols = {each.name: each for each in gambling.symbols}

    assert symbols["FROM_LISTED_AUTH"] == Symbol(
        name="FROM_LISTED_AUTH",
        stage=Stage.HEAD,
        where=(Field.FROM, Field.DKIM_D),
        test=InList(lists=("gambling",)),
        score=8,
        auth=Auth.ALIGNED,
    )
    assert symbols["LM_GAMBLING"].test == Scored(
        scorer="gambling-lr.v3", steps=((0.9, 1.0), (0.98, 2.0))
    )
    assert symbols["TERMS"].where == (Field.TEXT,)


def test_an_anchor_is_shared(gambling: Pack) -> None:
    """Head and body look for the same phrases."""
    symbols = {each.name: each for each in gambling.symbols}

    assert symbols["OFFER_HEAD"].test == symbols["OFFER_BODY"].test


def test_a_protection_looks_at_subject_and_text_unless_told(gambling: Pack) -> None:
    """And a list at the sender."""
    wheres = {each.symbol.name: each.symbol.where for each in gambling.protections}

    assert wheres["SELF_EXCLUSION"] == (Field.SUBJECT, Field.TEXT)
    assert wheres["BANK"] == (Field.FROM,)
    assert wheres["KNOWN_SENDER"] == ()


def test_a_regex_without_literals_gets_its_own(gambling: Pack) -> None:
    """Words of which one is in every match."""
    test = gambling.protections[0].symbol.test

    assert isinstance(test, Pattern)
    assert "gamstop registration" in test.literals


def test_a_routing_pack_has_routes_and_no_scores() -> None:
    """The first route that holds decides; a route without a name is numbered."""
    pack = packed(ROUTING)

    assert [(route.name, route.do) for route in pack.routes] == [
        ("vip", ("page", "star")),
        ("invoices", ("books",)),
        ("route-3", ("books", "star")),
    ]
    assert {each.score for each in pack.symbols} == {0}


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ("{exists: list_unsubscribe, score: 2}", Exists()),
        ("{where: list_id, exists: true, score: 2}", Exists()),
        ("{where: links, count: 20, score: 2}", Count(at_least=20)),
        ("{size: {above: 1000}, score: 2}", Size(above=1000)),
        ("{size: {below: 5}, score: 2}", Size(below=5)),
        ("{flag: is_flagged, score: 2}", Known(fact="is_flagged")),
        ("{mismatch: true, score: 2}", Mismatch()),
        ("{where: from_name, mismatch: [paypal.com], score: 2}", Mismatch(names=("paypal.com",))),
        ("{where: text, phrases: bonus, score: 2}", Phrases(phrases=("bonus",))),
    ],
)
def test_a_symbol_looks_for_one_thing(text: str, test: object) -> None:
    """Each kind of test, in its shortest form."""
    assert _symbol(text).test == test


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("{where: subject, phrases: bonus, score: 2}", Stage.HEAD),
        ("{where: [subject, text], phrases: bonus, score: 2}", Stage.BODY),
        ("{where: subject, phrases: bonus, score: 2, stage: body}", Stage.BODY),
        ("{mismatch: true, score: 2}", Stage.BODY),
        ("{auth: fail, score: 2}", Stage.HEAD),
    ],
)
def test_the_stage_is_the_first_at_which_a_symbol_is_known(text: str, stage: Stage) -> None:
    """Unless a later one is said."""
    assert _symbol(text).stage is stage


def test_a_header_is_a_place_of_its_own() -> None:
    """Its name is compared in lower case."""
    symbol = _symbol("{header: X-Mailer, phrases: bulky, score: 2}")

    assert (symbol.where, symbol.header) == ((Field.HEADERS,), "x-mailer")


def test_entries_are_kept_as_hosts_are_compared() -> None:
    """Lower case, A-labels, no asterisk, each once."""
    pack = packed(_change("[bad.example]", "[BAD.example., '*.bad.example', bücher.example]"))

    assert pack.lists[0].entries == ("bad.example", "xn--bcher-kva.example")


def test_a_pack_of_one_text_has_one_version() -> None:
    """The version is a digest of what the pack says."""
    assert packed(SMALL).version == packed(f"# a comment\n{SMALL}").version
    assert len(packed(SMALL).version) == 32


_LINES = [line for text in (GAMBLING, ROUTING) for line in text.splitlines()]


@pytest.mark.parametrize(
    "snippet",
    re.findall(
        r"```yaml\n(.*?)```",
        (ROOT / "docs" / "reference" / "guard-packs.md").read_text(encoding="utf-8"),
        re.DOTALL,
    ),
)
def test_the_packs_of_the_reference_are_packs(snippet: str) -> None:
    """Whoever copies one has a guard."""
    assert packed(snippet).symbols


@given(st.lists(st.sampled_from(_LINES), max_size=30), st.data())
def test_any_lines_are_a_pack_or_told(lines: list[str], data: st.DataObject) -> None:
    """Reading raises nothing but ConfigError, and each of its lines has a place."""
    text = "\n".join(lines)
    at = data.draw(st.integers(0, len(text)))
    text = (
        text[:at]
        + data.draw(st.sampled_from(["", "[", "{", ":", "- ", "&a", "no", "\n"]))
        + text[at:]
    )
    told = ""
    try:
        packed(text)
    except ConfigError as error:
        told = str(error)
    assert all(line.startswith("pack.yaml:") for line in told.splitlines())


@given(st.data())
def test_a_pack_with_one_line_less_is_a_pack_or_told(data: st.DataObject) -> None:
    """What is left may refer to what is gone."""
    lines = GAMBLING.splitlines()
    gone = data.draw(st.integers(0, len(lines) - 1))
    try:
        pack = packed("\n".join(lines[:gone] + lines[gone + 1 :]))
    except ConfigError:
        return
    assert pack.name == "gambling"
