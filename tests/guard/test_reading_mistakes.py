"""What is told of each mistake of a pack: where it is, and what to do."""

from __future__ import annotations

import pytest

from tests.support.packs import ROUTING, SMALL, packed
from vedette.errors import ConfigError


def _mistakes(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        packed(text)
    return str(caught.value)


def _change(old: str, new: str, text: str = SMALL) -> str:
    assert old in text
    return text.replace(old, new, 1)


# One mistake each: what stands there, what is written instead, and what is told.
MISTAKES = [
    ("guard: small", "guard: Small", "1:8: guard: 'Small' is no name: small letters"),
    ("guard: small\n", "", "1:1: `guard` is missing: the name of the guard"),
    ("guard: small", "gaurd: small", "1:1: 'gaurd' is not known here; did you mean `guard`?"),
    ("guard: small", "guard: no", '1:8: guard: YAML reads no as no text; write "no" in quotes'),
    ("guard: small", "guard: small\nkind: route", "2:7: kind: 'route' is none of"),
    (
        "guard: small",
        "guard: small\nlock: {loosen_delay: 24h}",
        "2:7: lock: only a guard of `kind: protective` is locked",
    ),
    (
        "guard: small",
        "guard: small\nkind: protective\nlock: {loosen_delay: 5m}",
        "3:22: lock.loosen_delay: 5m is not within 1h and 7d",
    ),
    (
        "guard: small",
        "guard: small\nlimits: {max_actions: 60}",
        "2:23: limits.max_actions: expected a rate such as 60/h",
    ),
    (
        "guard: small",
        "guard: small\nlimits: {max_share: 120%}",
        "2:21: limits.max_share: 120% is more than 100%",
    ),
    (
        "guard: small",
        "guard: small\nlimits: {window: 2.5}",
        "2:18: limits.window: expected a whole number from 10 to 10000",
    ),
    ("{entries: [bad.example]}", "{}", "3:8: lists.bad: `entries` is missing: a list has"),
    ("[bad.example]", "[bad]", "3:18: lists.bad.entries: 'bad' is no domain"),
    ("[bad.example]", "[a.example, a.example]", "3:30: lists.bad.entries: 'a.example' is there tw"),
    ("[bad.example]", "[]", "3:18: lists.bad.entries: is empty; expected texts such as"),
    (
        "{entries: [bad.example]}",
        "{sources: [x], format: host}",
        "3:31: lists.bad.format: 'host' is none of auto, plain, hosts",
    ),
    (
        "{entries: [bad.example]}",
        "{sources: [x], match: exact}",
        "3:30: lists.bad.match: can only be `suffix`",
    ),
    (
        "{entries: [bad.example]}",
        "{sources: [x], never: [freemial]}",
        "3:30: lists.bad.never: there is no list 'freemial'; did you mean `freemail`?",
    ),
    (
        "{entries: [bad.example]}",
        "{entries: [bad.example], update: {every: 1d}}",
        "3:41: lists.bad.update: only a list with `sources` is updated",
    ),
    (
        "{entries: [bad.example]}",
        "{sources: [x], update: {keep_last_good: false}}",
        "3:48: lists.bad.update.keep_last_good: can only be `true`",
    ),
    ("  bad:", "  esp:", "3:3: lists: 'esp' is taken; try `my-list`"),
    ("  LISTED:", "  listed:", "5:3: symbols: 'listed' is no name of a symbol"),
    (
        "score: 5",
        "scoer: 5",
        "5:39: symbols.LISTED: 'scoer' is not known here; did you mean `score`",
    ),
    (", score: 5", "", "5:11: symbols.LISTED: `score` is missing: points from 0 to 20"),
    ("score: 5", "score: '5'", "5:46: symbols.LISTED.score: expected a number"),
    ("score: 5", "score: .nan", "5:46: symbols.LISTED.score: expected a number"),
    ("score: 5", "score: -1", "5:46: symbols.LISTED.score: is negative; what speaks for a message"),
    (
        "score: 5",
        "score: 21",
        "5:46: symbols.LISTED.score: 21 is not within 0 and 20",
    ),
    (
        "in_list: bad",
        "in_list: bed",
        "5:34: symbols.LISTED.in_list: there is no list 'bed'; did you m",
    ),
    ("where: from, ", "", "5:11: symbols.LISTED: `where` is missing: say where to look"),
    ("where: from", "where: form", "5:19: symbols.LISTED.where: 'form' is none of from, reply_to"),
    (
        "where: from",
        "where: subject",
        "5:19: symbols.LISTED.where: `in_list` finds nothing in subject",
    ),
    (
        "where: [subject, text]",
        "where: [subject, text], stage: head",
        "6:42: symbols.OFFER.stage: text is not known at the head; say `stage: body`",
    ),
    (
        "phrases: [free spins]",
        "phrases: [free spins], regex: x",
        "6:65: symbols.OFFER.regex: a symbol looks for one thing; `phrases` is there already",
    ),
    (
        "phrases: [free spins], ",
        "",
        "6:10: symbols.OFFER: `in_list` is missing: a symbol looks for s",
    ),
    ("[free spins]", "['?!']", "6:44: symbols.OFFER.phrases: '?!' has not two letters or digits"),
    ("[free spins]", "[no]", '6:45: symbols.OFFER.phrases: YAML reads no as no text; write "no"'),
    ("phrases: [free spins]", "regex: '(?=a)free'", "6:42: symbols.OFFER.regex: RE2 does not take"),
    ("phrases: [free spins]", "regex: '\\d+'", "6:42: symbols.OFFER.regex: has no word that is in"),
    (
        "phrases: [free spins]",
        "regex: 'spins|bonus', literals: [spin]",
        "6:67: symbols.OFFER.literals: none of them is in 'bonus', which `regex` matches",
    ),
    (
        "phrases: [free spins]",
        "phrases: [free spins], literals: [x]",
        "6:68: symbols.OFFER.literals: belongs to `regex`, which is not there",
    ),
    (
        "where: [subject, text], phrases: [free spins], score: 2",
        "classifier: lr, map: {0.9: 3}, score: 2",
        "6:38: symbols.OFFER.map.0.9: 3 is not within 0 and 2",
    ),
    (
        "where: [subject, text], phrases: [free spins], score: 2",
        "classifier: lr, map: {0.9: 2}, score: 3",
        "6:49: symbols.OFFER.score: 3 is not within 0 and 2 of what was learned",
    ),
    (
        "where: [subject, text], phrases: [free spins], score: 2",
        "classifier: lr, map: {0.9: 2, 0.8: 1}, score: 2",
        "6:32: symbols.OFFER.map: thresholds and points must rise",
    ),
    (
        "where: [subject, text], phrases: [free spins], score: 2",
        "classifier: lr, score: 2",
        "6:10: symbols.OFFER: `map` is missing: points by threshold",
    ),
    (
        "where: [subject, text], phrases: [free spins], score: 2",
        "wording: gamling, beside: LISTED, map: {0.9: 1}, score: 1",
        "6:20: symbols.OFFER.wording: no table is called 'gamling'; did you mean `gambling`?",
    ),
    (
        "where: [subject, text], phrases: [free spins], score: 2",
        "wording: gambling, map: {0.9: 1}, score: 1",
        "6:10: symbols.OFFER: `beside` is missing: symbols one of which is there too",
    ),
    (
        "where: [subject, text], phrases: [free spins], score: 2",
        "wording: gambling, beside: LISTET, map: {0.9: 1}, score: 1",
        "6:38: symbols.OFFER.beside: there is no symbol LISTET; did you mean `LISTED`?",
    ),
    (
        "where: [subject, text], phrases: [free spins], score: 2",
        'wording: gambling, beside: "!LISTED", map: {0.9: 1}, score: 1',
        "6:38: symbols.OFFER.beside: holds for a message that shows nothing",
    ),
    (
        "where: [subject, text], phrases: [free spins], score: 2",
        "wording: gambling, beside: LISTED, score: 1",
        "6:10: symbols.OFFER: `map` is missing: points by threshold",
    ),
    (
        "phrases: [free spins]",
        "phrases: [free spins], beside: LISTED",
        "6:66: symbols.OFFER.beside: belongs to `wording`, which is not there",
    ),
    (
        "where: [subject, text], phrases: [free spins], score: 2",
        "flag: user_has_writen, score: 2",
        "6:17: symbols.OFFER.flag: nothing is known as 'user_has_writen'; did you mean",
    ),
    (
        "where: [subject, text], phrases: [free spins], score: 2",
        "where: headers, phrases: [x1], score: 2",
        "6:10: symbols.OFFER: `header` is missing: the name of the header field",
    ),
    (
        "where: [subject, text], phrases: [free spins], score: 2",
        "where: text, size: {above: 1}, score: 2",
        "6:18: symbols.OFFER.where: `size` looks at no field; leave it out",
    ),
    (
        "verdicts:",
        "composites:\n  BOTH: {expr: LISTED & OFER, score: 1}\nverdicts:",
        "8:16: composites.BOTH.expr: there is no symbol OFER; did you mean `OFFER`?",
    ),
    (
        "verdicts:",
        "composites:\n  BOTH: {expr: LISTED & !OFFER, score: 1}\nverdicts:",
        "8:16: composites.BOTH.expr: `!` takes points away for what is there; use it in `need`",
    ),
    (
        "verdicts:",
        "composites:\n  BOTH: {expr: LISTED &, score: 1}\nverdicts:",
        "8:16: composites.BOTH.expr: expected a name, ! or ( at the end of 'LISTED &'",
    ),
    (
        "verdicts:",
        "composites:\n  OFFER: {expr: LISTED, score: 1}\nverdicts:",
        "8:3: composites: 'OFFER' is a symbol already",
    ),
    (
        "verdicts:",
        "protect:\n  BANK: {in_list: bad}\nverdicts:",
        "8:9: protect.BANK: `cap` is missing: `flag` lets the message be flagged",
    ),
    (
        "verdicts:",
        "protect:\n  BANK: {in_list: bad, cap: none, score: 3}\nverdicts:",
        "8:35: protect.BANK: 'score' is not known here",
    ),
    (
        "verdicts:",
        "protect:\n  OFFER: {in_list: bad, cap: none}\nverdicts:",
        "OFFER is a symbol already; protections have own names",
    ),
    (
        "do: junk, at",
        "do: jnuk, at",
        "8:10: verdicts[1].do: there is no action 'jnuk'; did you mean `",
    ),
    (", need: LISTED", "", "8:5: verdicts[1]: `need` is missing: `junk` takes mail away"),
    (
        "need: LISTED",
        "need: LISTD",
        "8:29: verdicts[1].need: there is no symbol LISTD; did you mean",
    ),
    (
        "need: LISTED",
        "need: '!OFFER'",
        "8:29: verdicts[1].need: holds for a message that shows not",
    ),
    (
        "need: LISTED",
        "need: LISTED & !LISTED",
        "8:29: verdicts[1].need: can not hold: it contradicts itself",
    ),
    ("at: 5", "at: 50", "8:20: verdicts[1].at: is never reached: all points together are 7"),
    ("{do: flag, at: 2}", "{do: flag, at: 0}", "9:20: verdicts[2].at: is reached by every message"),
    (
        "  - {do: flag, at: 2}",
        "  - {do: flag, at: 2}\n  - {do: flag, at: 4}",
        "10:10: verdicts[3].do: is never reached: tier 2 holds whenever this one does",
    ),
    (
        "{move: Guard/Junk}",
        "{}",
        "11:9: actions.junk: `move` is missing: an action does one of move",
    ),
    ("{move: Guard/Junk}", "{delete: true}", "11:10: actions.junk: 'delete' is not known here"),
    ("{move: Guard/Junk}", "{move: inbox}", "11:16: actions.junk.move: is where new mail arrives"),
    ("{move: Guard/Junk}", '{flag: "\\\\Deleted"}', "actions.junk.flag: \\Deleted is not a mark"),
    (
        "{move: Guard/Junk}",
        "{move: Junk, tag: x}",
        "11:27: actions.junk.tag: an action does one thing; `move` is there already",
    ),
    ("{move: Guard/Junk}", "{tag: x, seen: true}", "11:24: actions.junk.seen: belongs to `move`"),
    (
        "Guard/Junk}",
        "Guard/Junk, then: trash}",
        "11:9: actions.junk: `retain` is missing: the time",
    ),
    (
        "Guard/Junk}",
        "Guard/Junk, retain: 30}",
        "11:36: actions.junk.retain: expected a time such as",
    ),
    (
        "Guard/Junk}",
        "Guard/Junk, then: delete}",
        "actions.junk.then: can only be `trash`: nothing is",
    ),
    ("Guard/Junk", '"Guard\\nJunk"', "11:16: actions.junk.move: holds a control character"),
    (
        "verdicts:\n  - {do: junk, at: 5, need: LISTED}\n  - {do: flag, at: 2}\n",
        "",
        "1:1: `verdicts` is missing: a guard of `kind: standard` decides by verdicts",
    ),
    (
        "actions:",
        "routes:\n  - {when: OFFER, do: junk}\nactions:",
        "routes: a guard of `kind: standard` decides by verdicts",
    ),
    ("{do: junk, at: 5, need: LISTED}", "5", "8:5: verdicts[1]: expected a table, such as"),
]


@pytest.mark.parametrize(("old", "new", "told"), MISTAKES, ids=[each[2][:60] for each in MISTAKES])
def test_a_mistake_is_told_with_its_place_and_its_remedy(old: str, new: str, told: str) -> None:
    """``file:line:column``, what is wrong, and what to do."""
    assert told in _mistakes(_change(old, new))


ROUTING_MISTAKES = [
    (
        "phrases: [invoice, rechnung]",
        "phrases: [invoice], score: 2",
        "a routing pack has no scores",
    ),
    ("routes:\n", "composites: {}\nroutes:\n", "a routing pack has none; write the names"),
    ("when: VIP", "when: VIPS", "routes[1].when: there is no symbol VIPS; did you mean `VIP`?"),
    (
        "do: [page, star]",
        "do: [pages]",
        "routes[1].do: there is no action 'pages'; did you mean `pa",
    ),
    ("{when: INVOICE, do", "{when: INVOICE & VIP, do", "routes[3].when: is never reached"),
    ("name: invoices", "name: vip", "routes[2].name: 'vip' is there twice"),
    ("{when: INVOICE, do: [books, star]}", "{do: books}", "routes[3]: `when` is missing"),
]


@pytest.mark.parametrize(("old", "new", "told"), ROUTING_MISTAKES)
def test_a_mistake_of_a_routing_pack_is_told(old: str, new: str, told: str) -> None:
    """Its routes are held against each other as tiers are."""
    assert told in _mistakes(_change(old, new, ROUTING))


def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    """In the order of the file, one line each."""
    text = _change("score: 5", "score: x", _change("[bad.example]", "[bad]"))

    assert [line.split(": ")[0] for line in _mistakes(text).splitlines()] == [
        "pack.yaml:3:18",
        "pack.yaml:5:46",
    ]


def test_an_opinion_alone_is_no_hard_evidence() -> None:
    """A learned score tips a balance: it never takes mail away by itself, nor by a composite."""
    text = _change(
        "{where: [subject, text], phrases: [free spins], score: 2}",
        "{classifier: lr, map: {0.9: 2}, score: 2}",
    )
    text = _change("verdicts:", "composites:\n  SURE: {expr: OFFER, score: 3}\nverdicts:", text)
    text = _change("need: LISTED", "need: LISTED | SURE", text)

    assert "need: holds by a scorer's opinion alone, which never decides" in _mistakes(text)


def test_a_misspelt_key_is_not_also_told_as_missing() -> None:
    """One slip, one line."""
    assert len(_mistakes(_change("score: 5", "scor: 5")).splitlines()) == 1


def test_a_pack_is_a_table() -> None:
    """And not a list or a word."""
    assert _mistakes("- 1\n") == "pack.yaml:1:1: expected a table, such as {key: value}"


def test_a_pack_has_not_more_symbols_than_a_person_reads() -> None:
    """A program that makes more makes two packs."""
    rows = "\n".join(f"  S{number}: {{auth: fail, score: 1}}" for number in range(301))

    assert "symbols: has more than 300 of them" in _mistakes(f"guard: g\nsymbols:\n{rows}\n")
