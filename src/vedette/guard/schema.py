"""The syntax of guard packs as a JSON Schema, for editors and for whoever writes packs by program.

It is made of the same constants as the reader. What one value says about another (a name that
nothing has, a tier that nothing reaches, an expression that RE2 refuses) only the reader knows.
It must not know YAML.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, TypeAlias

from vedette.guard import wording
from vedette.guard.pack import (
    BODY_FIELDS,
    DISGUISED,
    FACTS,
    WROTE_TO,
    ActionKind,
    Auth,
    Cap,
    Field,
    Kind,
    Stage,
)
from vedette.guard.reading.actions import ACTION_KEYS, LIMIT_KEYS, LOCK_KEYS, MAX_ACTIONS
from vedette.guard.reading.clues import FIELDLESS, MAX_COUNT, MAX_SIZE, TESTS
from vedette.guard.reading.learned import MAX_OPINION
from vedette.guard.reading.lists import FORMATS, LIST_KEYS, MAX_LISTS, UPDATE_KEYS
from vedette.guard.reading.outcomes import COMPOSITE_KEYS, MAX_ROWS, ROUTE_KEYS, TIER_KEYS
from vedette.guard.reading.pack import PACK_KEYS
from vedette.guard.reading.symbols import (
    HOST_FIELDS,
    LEARNED,
    MAX_SCORE,
    MAX_SYMBOLS,
    MISMATCH_FIELDS,
    PROOFS,
    PROTECTION_KEYS,
    SYMBOL_KEYS,
)
from vedette.guard.reading.table import MAX_TEXT

Schema: TypeAlias = dict[str, Any]

#: Where the schema is published.
ID = "https://vedette.dev/schemas/guard-pack.json"

_TEXT: Schema = {"type": "string", "pattern": r"\S", "maxLength": MAX_TEXT}
_SYMBOL = r"^[A-Z][A-Z0-9_]{0,63}$"
_NAME = r"^[a-z][a-z0-9_-]{0,63}$"
_TIME: Schema = {"type": "string", "pattern": r"^\d{1,6} ?[smhdw]$"}
_SHARE: Schema = {"type": "string", "pattern": r"^\d{1,5}(\.\d{1,3})? ?%$"}
_FLAG: Schema = {"type": "boolean"}


def schema() -> Schema:
    """Return the schema (JSON Schema 2020-12)."""
    properties: Schema = {
        "guard": {"type": "string", "pattern": r"^[a-z][a-z0-9-]{0,40}$"},
        "title": _TEXT,
        "kind": _words(Kind),
        "lock": _table(LOCK_KEYS, loosen_delay=_TIME, partner_can_expedite=_FLAG, consent=_FLAG),
        "lists": _named(_NAME, MAX_LISTS, _list()),
        "symbols": _named(_SYMBOL, MAX_SYMBOLS, _symbol()),
        "composites": _named(_SYMBOL, MAX_ROWS, _composite()),
        "protect": _named(_SYMBOL, MAX_SYMBOLS, _protection()),
        "verdicts": {"type": "array", "items": _tier(), "maxItems": MAX_ROWS},
        "routes": {"type": "array", "items": _route(), "maxItems": MAX_ROWS},
        "actions": _named(_NAME, MAX_ACTIONS, _action()),
        "limits": _limits(),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "Vedette guard pack",
        **_table(PACK_KEYS, **properties),
        "required": ["guard", "symbols"],
        "allOf": [
            {"if": _kind(Kind.ROUTING), "then": _routing(), "else": _scoring()},
            {"if": _kind(Kind.PROTECTIVE), "else": {"not": {"required": ["lock"]}}},
        ],
    }


def _kind(kind: Kind) -> Schema:
    return {"properties": {"kind": {"const": kind.value}}, "required": ["kind"]}


def _routing() -> Schema:
    unscored = {"additionalProperties": {"not": {"required": ["score"]}}}
    return {
        "required": ["routes"],
        "properties": {"verdicts": False, "composites": False, "symbols": unscored},
    }


def _scoring() -> Schema:
    scored = {"additionalProperties": {"required": ["score"]}}
    return {"required": ["verdicts"], "properties": {"routes": False, "symbols": scored}}


def _list() -> Schema:
    update = _table(
        UPDATE_KEYS,
        every=_TIME,
        min_entries={"type": "integer", "minimum": 1, "maximum": 50_000_000},
        max_shrink=_SHARE,
        max_growth=_SHARE,
        canary=_texts(),
        keep_last_good={"const": True},
    )
    return {
        **_table(
            LIST_KEYS,
            entries=_texts(),
            sources=_texts(),
            format={"enum": list(FORMATS)},
            match={"const": "suffix"},
            never=_texts(),
            update=update,
        ),
        "anyOf": [{"required": ["entries"]}, {"required": ["sources"]}],
        "dependentRequired": {"update": ["sources"]},
    }


def _symbol() -> Schema:
    score = {"type": "number", "minimum": 0, "maximum": MAX_SCORE}
    found = _evidence(SYMBOL_KEYS, score=score)
    for key in LEARNED:
        few = {"properties": {"score": {"maximum": MAX_OPINION}}}
        found["allOf"].append({"if": {"required": [key]}, "then": few})
    for key in ("in_list", "phrases", "regex", "count"):
        found["allOf"].append(_needs_where(key))
    return found


def _protection() -> Schema:
    found = _evidence(PROTECTION_KEYS, cap=_words(Cap))
    found["required"] = ["cap"]
    found["properties"] |= dict.fromkeys(LEARNED, False)
    found["properties"]["flag"] = {"enum": [each for each in FACTS if each != DISGUISED]}
    found["allOf"].append(_needs_where("count"))
    untouched = {"flag": {"const": WROTE_TO}, "cap": {"const": Cap.NONE.value}}
    found["allOf"].append(
        {
            "if": {"properties": untouched, "required": ["flag", "cap"]},
            "then": {
                "properties": {"auth": {"enum": [each.value for each in PROOFS]}},
                "required": ["auth"],
            },
        }
    )
    return found


def _needs_where(key: str) -> Schema:
    places = [{"required": ["where"]}, {"required": ["header"]}]
    return {"if": {"required": [key]}, "then": {"anyOf": places}}


def _evidence(keys: Iterable[str], **more: Schema) -> Schema:
    """Return what symbols and protections have in common."""
    table = _table(
        keys,
        stage=_words(Stage),
        where=_some_of(Field),
        header={"type": "string", "pattern": "^[!-9;-~]{1,100}$"},
        auth=_words(Auth),
        says=_TEXT,
        literals=_texts(),
        map={
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"type": "number", "minimum": 0, "maximum": MAX_OPINION},
        },
        in_list=_texts(),
        phrases=_texts(),
        regex=_TEXT,
        exists={"anyOf": [{"const": True}, *_some_of(Field)["anyOf"]]},
        count={"type": "integer", "minimum": 1, "maximum": MAX_COUNT},
        size={
            **_table((), above=_octets(0), below=_octets(1)),
            "minProperties": 1,
        },
        flag={"enum": list(FACTS)},
        classifier={"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"},
        wording={"enum": wording.names()},
        beside=_TEXT,
        mismatch={"anyOf": [{"const": True}, *_texts()["anyOf"]]},
        **more,
    )
    tests = [{"required": [key]} for key in TESTS]
    alone = {"required": ["auth"], "not": {"anyOf": tests}}
    return {**table, "oneOf": [*tests, alone], "allOf": _rules(), "dependentSchemas": _extras()}


def _rules() -> list[Schema]:
    early = [each.value for each in Field if each not in BODY_FIELDS]
    head = {"properties": {"stage": {"const": "head"}}, "required": ["stage"]}
    known = {"where": _some_of(early), "classifier": False, "flag": {"not": {"const": DISGUISED}}}
    headers = {"anyOf": [{"const": "headers"}, {"type": "array", "contains": {"const": "headers"}}]}
    named = {"properties": {"where": headers}, "required": ["where"]}
    rules = [
        {"if": head, "then": {"properties": known}},
        {"if": named, "then": {"required": ["header"]}},
        {
            "if": {"required": ["header", "where"]},
            "then": {"properties": {"where": headers}},
        },
        {
            "if": {"required": ["in_list"]},
            "then": {"properties": {"where": _some_of(HOST_FIELDS), "header": False}},
        },
        {
            "if": {"required": ["mismatch"]},
            "then": {"properties": {"where": _one_of(MISMATCH_FIELDS), "header": False}},
        },
        {
            "if": {"properties": {"exists": {"const": True}}, "required": ["exists"]},
            "then": _needs_where("exists")["then"],
        },
        {
            "if": {"properties": {"exists": _some_of(Field)}, "required": ["exists"]},
            "then": {"properties": {"where": False, "header": False}},
        },
    ]
    fieldless = {"properties": {"where": False, "header": False}}
    alone = {"required": ["auth"], "not": {"anyOf": [{"required": [key]} for key in TESTS]}}
    for key in FIELDLESS:
        only = alone if key == "auth" else {"required": [key]}
        rules.append({"if": only, "then": fieldless})
    return rules


def _extras() -> Schema:
    return {
        "literals": {"required": ["regex"]},
        "map": {"anyOf": [{"required": [key]} for key in LEARNED]},
        "beside": {"required": ["wording"]},
        "classifier": {"required": ["map"]},
        "wording": {"required": ["map", "beside"]},
    }


def _composite() -> Schema:
    score = {"type": "number", "minimum": 0, "maximum": MAX_SCORE}
    expr = {**_TEXT, "not": {"pattern": "!"}}
    table = _table(COMPOSITE_KEYS, expr=expr, score=score, says=_TEXT)
    return {**table, "required": ["expr", "score"]}


def _tier() -> Schema:
    at = {"type": "number", "minimum": 0, "maximum": 1000}
    return {**_table(TIER_KEYS, do=_TEXT, at=at, need=_TEXT), "required": ["do", "at"]}


def _route() -> Schema:
    return {
        **_table(ROUTE_KEYS, name=_TEXT, when=_TEXT, do=_texts()),
        "required": ["when", "do"],
    }


def _action() -> Schema:
    kinds = [kind.value for kind in ActionKind]
    targets: Schema = {
        "move": {**_TEXT, "not": {"pattern": "^[Ii][Nn][Bb][Oo][Xx]$"}},
        "flag": {"type": "string", "pattern": r"^\\?[A-Za-z$_][A-Za-z0-9$_.+/:-]{0,62}$"},
        "label": _TEXT,
        "mark_read": {"const": True},
        "route": _TEXT,
        "tag": {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$"},
    }
    table = _table(
        ACTION_KEYS,
        **targets,
        seen=_FLAG,
        retain=_TIME,
        then={"const": "trash"},
        undo={"const": "until_purge"},
    )
    of_move = {key: {"required": ["move"]} for key in ("seen", "retain", "undo")}
    return {
        **table,
        "oneOf": [{"required": [kind]} for kind in kinds],
        "dependentSchemas": {**of_move, "then": {"required": ["move", "retain"]}},
    }


def _limits() -> Schema:
    return _table(
        LIMIT_KEYS,
        max_actions={"type": "string", "pattern": r"^\d{1,6} ?/ ?h$"},
        max_share=_SHARE,
        max_symbol_share=_SHARE,
        window={"type": "integer", "minimum": 10, "maximum": 10_000},
    )


def _table(keys: Iterable[str], **properties: Schema) -> Schema:
    """Return a table of these keys and no others. Each key has to have its schema."""
    missing = set(keys) - set(properties)
    if missing:
        raise KeyError(f"keys without a schema: {sorted(missing)}")
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _named(pattern: str, most: int, each: Schema) -> Schema:
    return {
        "type": "object",
        "propertyNames": {"pattern": pattern},
        "additionalProperties": each,
        "maxProperties": most,
    }


def _words(kind: type[StrEnum]) -> Schema:
    return {"enum": [each.value for each in kind]}


def _one_of(words: Iterable[str]) -> Schema:
    word = {"enum": [str(each) for each in words]}
    return {"anyOf": [word, {"type": "array", "items": word, "minItems": 1, "maxItems": 1}]}


def _some_of(words: Iterable[str]) -> Schema:
    word = {"enum": [str(each) for each in words]}
    return {"anyOf": [word, {"type": "array", "items": word, "minItems": 1}]}


def _texts() -> Schema:
    return {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1, "uniqueItems": True}]}


def _octets(least: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": MAX_SIZE}
