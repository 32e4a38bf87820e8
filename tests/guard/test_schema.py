"""The published schema and the reader agree."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from scripts.guard_schema import PUBLISHED, text
from tests.support.packs import GAMBLING, ROUTING, SMALL, packed
from vedette.errors import ConfigError
from vedette.guard.schema import schema

SCHEMA = Draft202012Validator(schema())


def _is_valid(data: object) -> bool:
    return bool(SCHEMA.is_valid(data))


def _is_read(data: object) -> bool:
    try:
        packed(yaml.safe_dump(data, allow_unicode=True))
    except ConfigError:
        return False
    return True


def test_the_schema_is_a_schema() -> None:
    """By the rules of JSON Schema 2020-12."""
    Draft202012Validator.check_schema(schema())


def test_the_published_schema_is_the_one_of_the_code() -> None:
    """Else run ``python -m scripts.guard_schema``."""
    assert PUBLISHED.read_text(encoding="utf-8") == text()
    assert json.loads(text()) == schema()


@pytest.mark.parametrize("pack", [GAMBLING, ROUTING, SMALL], ids=["scoring", "routing", "small"])
def test_a_good_pack_is_good_to_both(pack: str) -> None:
    """To the reader and to the schema."""
    data = yaml.safe_load(pack)

    assert _is_valid(data)
    assert _is_read(data)


# A place in one of the packs, and what is wrong when this stands there; None takes it away.
BAD: list[tuple[str, str, Any]] = [
    (SMALL, "guard", None),
    (SMALL, "guard", "Small"),
    (SMALL, "guard", 5),
    (SMALL, "name", "x"),
    (SMALL, "kind", "route"),
    (SMALL, "kind", "routing"),
    (SMALL, "lock", {"loosen_delay": "24h"}),
    (GAMBLING, "lock/loosen_delay", 24),
    (GAMBLING, "lock/loosen_delay", "a day"),
    (GAMBLING, "lock/consent", "maybe"),
    (SMALL, "lists/bad", {}),
    (SMALL, "lists/bad", []),
    (SMALL, "lists/Bad", {"entries": ["a.example"]}),
    (SMALL, "lists/bad/entries", []),
    (SMALL, "lists/bad/entries", ["a.example", "a.example"]),
    (SMALL, "lists/bad/update", {"every": "1d"}),
    (GAMBLING, "lists/gambling/format", "host"),
    (GAMBLING, "lists/gambling/match", "exact"),
    (GAMBLING, "lists/gambling/update/max_shrink", 0.2),
    (GAMBLING, "lists/gambling/update/min_entries", 0),
    (GAMBLING, "lists/gambling/update/keep_last_good", False),
    (SMALL, "symbols", None),
    (SMALL, "symbols/listed", {"where": "from", "in_list": "bad", "score": 1}),
    (SMALL, "symbols/LISTED/score", None),
    (SMALL, "symbols/LISTED/score", -1),
    (SMALL, "symbols/LISTED/score", 21),
    (SMALL, "symbols/LISTED/score", "5"),
    (SMALL, "symbols/LISTED/points", 5),
    (SMALL, "symbols/LISTED/where", None),
    (SMALL, "symbols/LISTED/where", "form"),
    (SMALL, "symbols/LISTED/where", []),
    (SMALL, "symbols/LISTED/where", ["from", "subject"]),
    (SMALL, "symbols/LISTED/header", "From"),
    (SMALL, "symbols/LISTED/phrases", ["x1"]),
    (SMALL, "symbols/LISTED/in_list", None),
    (SMALL, "symbols/LISTED/auth", "spf"),
    (SMALL, "symbols/OFFER/stage", "head"),
    (SMALL, "symbols/OFFER/literals", ["free"]),
    (SMALL, "symbols/OFFER/where", ["headers"]),
    (SMALL, "symbols/OFFER/header", "X-Mailer"),
    (SMALL, "symbols/OFFER/phrases", [7]),
    (SMALL, "symbols/OFFER/phrases", ""),
    (SMALL, "symbols/X", {"exists": False, "score": 1}),
    (SMALL, "symbols/X", {"exists": True, "score": 1}),
    (SMALL, "symbols/X", {"exists": "subject", "where": "to", "score": 1}),
    (SMALL, "symbols/X", {"count": 0, "where": "links", "score": 1}),
    (SMALL, "symbols/X", {"count": 5, "score": 1}),
    (SMALL, "symbols/X", {"size": {}, "score": 1}),
    (SMALL, "symbols/X", {"size": {"above": 5}, "where": "text", "score": 1}),
    (SMALL, "symbols/X", {"flag": "is_red", "score": 1}),
    (SMALL, "symbols/X", {"auth": "fail", "where": "from", "score": 1}),
    (SMALL, "symbols/X", {"mismatch": True, "where": "subject", "score": 1}),
    (SMALL, "symbols/X", {"mismatch": True, "where": ["links", "from_name"], "score": 1}),
    (SMALL, "symbols/X", {"says": "nothing", "score": 1}),
    (GAMBLING, "symbols/LM_GAMBLING/score", 3),
    (GAMBLING, "symbols/LM_GAMBLING/stage", "head"),
    (GAMBLING, "symbols/LM_GAMBLING/map", None),
    (GAMBLING, "symbols/LM_GAMBLING/map", {"0.9": 3}),
    (GAMBLING, "composites/OFFER_GAME/expr", None),
    (GAMBLING, "composites/OFFER_GAME/expr", "GAME & !BULK"),
    (GAMBLING, "composites/OFFER_GAME/score", None),
    (GAMBLING, "protect/BANK/cap", None),
    (GAMBLING, "protect/BANK/cap", "tag"),
    (GAMBLING, "protect/BANK/score", 1),
    (GAMBLING, "protect/KNOWN_SENDER/cap", "none"),
    (GAMBLING, "protect/KNOWN_SENDER/flag", "disguised"),
    (SMALL, "symbols/X", {"flag": "disguised", "stage": "head", "score": 1}),
    (GAMBLING, "protect/X", {"classifier": "lr", "map": {0.9: 1}, "cap": "flag"}),
    (SMALL, "symbols/X", {"wording": "gambling", "map": {0.9: 1}, "score": 1}),
    (SMALL, "symbols/X", {"wording": "gambling", "beside": "LISTED", "score": 1}),
    (SMALL, "symbols/X", {"size": {"above": 1}, "beside": "LISTED", "score": 1}),
    (SMALL, "verdicts", None),
    (SMALL, "verdicts", {}),
    (SMALL, "verdicts/1", {"do": "flag"}),
    (SMALL, "verdicts/1", {"at": 2}),
    (SMALL, "verdicts/1/at", "2"),
    (SMALL, "verdicts/1/when", "LISTED"),
    (SMALL, "routes", [{"when": "LISTED", "do": "junk"}]),
    (SMALL, "actions/junk", {}),
    (SMALL, "actions/junk", {"delete": True}),
    (SMALL, "actions/junk", {"move": "INBOX"}),
    (SMALL, "actions/junk", {"move": "A", "tag": "b"}),
    (SMALL, "actions/junk", {"tag": "x", "seen": True}),
    (SMALL, "actions/junk", {"tag": "x y"}),
    (SMALL, "actions/junk", {"flag": "a b"}),
    (SMALL, "actions/junk", {"mark_read": False}),
    (SMALL, "actions/junk/then", "trash"),
    (SMALL, "actions/junk/retain", 30),
    (GAMBLING, "actions/quarantine/then", "delete"),
    (GAMBLING, "actions/quarantine/undo", "never"),
    (GAMBLING, "limits/max_actions", 60),
    (GAMBLING, "limits/window", 5),
    (GAMBLING, "limits/share", "50%"),
    (ROUTING, "routes", None),
    (ROUTING, "composites", {}),
    (ROUTING, "verdicts", []),
    (ROUTING, "symbols/VIP/score", 1),
    (ROUTING, "routes/0/when", None),
    (ROUTING, "routes/0/do", []),
]


def _changed(pack: str, place: str, value: object) -> object:
    data = deepcopy(yaml.safe_load(pack))
    *path, last = place.split("/")
    node = data
    for step in path:
        node = node[int(step)] if isinstance(node, list) else node[step]
    key = int(last) if isinstance(node, list) else last
    if value is None:
        del node[key]
    else:
        node[key] = value
    return data


@pytest.mark.parametrize(
    ("pack", "place", "value"), BAD, ids=[f"{place}={value}"[:70] for _, place, value in BAD]
)
def test_a_bad_pack_is_bad_to_both(pack: str, place: str, value: object) -> None:
    """Whatever the schema can say, it says as the reader does."""
    data = _changed(pack, place, value)

    assert not _is_read(data)
    assert not _is_valid(data)


def _places(node: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(node, dict):
        for key, inner in node.items():
            found += _places(inner, (*path, key))
    elif isinstance(node, list):
        for number, inner in enumerate(node):
            found += _places(inner, (*path, number))
    return found


_VALUES: list[Any] = [
    0, 1, 2.5, -3, 10**6, True, False, "", " ", "x", "HELLO", "from", "text", "30d", "20%", "60/h",
    "flag", "head", "bad", [], {}, ["from"], ["x", "x"], {"x": 1}, [{"do": "flag", "at": 1}], "a\nb",
]  # fmt: skip


@given(st.sampled_from([GAMBLING, ROUTING, SMALL]), st.data())
def test_what_the_reader_takes_the_schema_takes_too(pack: str, data: st.DataObject) -> None:
    """After any one value was replaced, or taken away."""
    whole = yaml.safe_load(pack)
    *path, last = data.draw(st.sampled_from(_places(whole)))
    node = whole
    for step in path:
        node = node[step]
    if data.draw(st.booleans()):
        del node[last]
    else:
        node[last] = deepcopy(data.draw(st.sampled_from(_VALUES)))

    assert not _is_read(whole) or _is_valid(whole)
