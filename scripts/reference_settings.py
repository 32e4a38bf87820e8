"""The keys of ``vedette.toml``, found by watching the readers of the configuration read.

A document that reaches every branch is read while each question to a ``Table``
is noted: its key, its kind, its default and its bounds. What a reader asks for
is what a user may write, so the list can not go stale.
Must not know: what a key means.
"""

from __future__ import annotations

import inspect
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from vedette.config.document import Table
from vedette.config.service import read_settings
from vedette.config.sinks import EndpointKind

#: Between them these reach every question that a reader asks.
DOCUMENTS = (
    """
    state = "state"
    [accounts.NAME]
    url = "imaps://user@mail.example.org"
    password_env = "SCRATCH"
    [accounts.OTHER]
    host = "mail.example.org"
    user = "user"
    token_file = "secret"
    [endpoints.webhook]
    type = "webhook"
    url = "https://example.org/"
    [endpoints.exec]
    type = "exec"
    command = ["true"]
    [endpoints.file]
    type = "file"
    path = "events.jsonl"
    [endpoints.stdout]
    type = "stdout"
    [endpoints.redis]
    type = "redis"
    url = "redis://bus.example.org"
    [endpoints.nats]
    type = "nats"
    url = "nats://bus.example.org"
    [endpoints.amqp]
    type = "amqp"
    url = "amqp://bus.example.org"
    [endpoints.kafka]
    type = "kafka"
    url = "kafka://bus.example.org"
    [endpoints.postgres]
    type = "postgres"
    url = "postgres://db.example.org"
    [guards.NAME]
    pack = "pack.yaml"
    [guards.NAME.sweep]
    messages = 100
    [scorers.NAME]
    url = "http://127.0.0.1:11333"
    [secrets.old.NAME]
    key_env = "SCRATCH"
    [sources.NAME]
    url = "postgres://db.example.org/app"
    query = "SELECT id FROM mailbox"
    [sources.NAME.mail]
    port = 993
    [sources.NAME.cipher]
    key_env = "SCRATCH"
    key_form = "sha256"
    [sources.NAME.providers.NAME]
    host = "imap.example.org"
    """,
)

#: The least that a pack may say.
PACK = """
guard: sample
symbols: {LETTER: {stage: head, where: [subject], phrases: [letter], score: 1}}
actions: {mark: {flag: $Letter}}
verdicts: [{do: mark, at: 1}]
"""

#: What each question accepts, in words.
TYPES = {
    "text": "text",
    "required": "text",
    "number": "number",
    "whole": "whole number",
    "flag": "true or false",
    "texts": "list of texts",
    "wholes": "list of whole numbers",
    "raw": "see meaning",
    "table": "table",
}

#: A key of an endpoint that all types have stands in the section ``endpoints``.
ENDPOINT_TYPES = tuple(EndpointKind)

Row = tuple[str, str, str, str]


@cache
def sections() -> dict[str, Sequence[Row]]:
    """Return key, type, default and bounds of every key, by the table it stands in."""
    found: dict[tuple[str, ...], Row] = {}
    with tempfile.TemporaryDirectory() as name, recording(found):
        (Path(name) / "secret").write_text("secret\n")
        (Path(name) / "pack.yaml").write_text(PACK)
        for text in DOCUMENTS:
            file = Path(name) / "vedette.toml"
            file.write_text(text.replace('"secret"', f'"{name}/secret"'))
            with patch.dict(os.environ, {"SCRATCH": "secret"}):
                read_settings(file)
    return grouped(found)


def grouped(found: dict[tuple[str, ...], Row]) -> dict[str, Sequence[Row]]:
    """Sort the keys into tables; those that every type of endpoint has come once."""
    rows: dict[str, dict[str, Row]] = {}
    for (*table, key), row in found.items():
        place = _place(table)
        if place is not None:
            rows.setdefault(place, {}).setdefault(key, row)
    of_types = [rows[f"endpoints {each}"] for each in ENDPOINT_TYPES]
    # A default for the code's sake: a document without it is refused before.
    key, kind, _, bounds = of_types[0]["type"]
    of_types[0]["type"] = (key, kind, "required", bounds)
    shared = [key for key in of_types[0] if all(key in each for each in of_types)]
    rows["endpoints"] = {key: of_types[0][key] for key in shared}
    for each in of_types:
        for key in shared:
            del each[key]
    return {place: list(of.values()) for place, of in rows.items()}


def _place(table: Sequence[str]) -> str | None:
    """Return the section that a table's keys stand in; None where the keys are names of a user."""
    match table:
        case (
            ["accounts" | "endpoints" | "guards" | "scorers" | "sources"]
            | ["sources", _, "providers"]
            | ["secrets", "old"]
        ):
            return None
        case ["secrets", "old", _]:
            return "secrets old"
        case ["sources", _, "providers", _, *rest]:
            return " ".join(["sources", "providers", *rest])
        case [("accounts" | "guards" | "scorers" | "sources") as kind, _, *rest]:
            return " ".join([kind, *rest])
        case ["endpoints", name, *rest]:
            return " ".join(["endpoints", name, *rest])
        case _:
            return " ".join(table) or "top"


@contextmanager
def recording(found: dict[tuple[str, ...], Row]) -> Iterator[None]:
    """Note every question to a ``Table`` for as long as the context lasts."""
    originals = {name: getattr(Table, name) for name in (*TYPES, "choice")}
    for name, original in originals.items():
        setattr(Table, name, noting(found, name, original))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(Table, name, original)


def noting(found: dict[tuple[str, ...], Row], name: str, original: Any) -> Any:
    """Return a method that notes the question and passes it on."""
    signature = inspect.signature(original)

    def ask(self: Table, *args: Any, **kwargs: Any) -> Any:
        given = signature.bind(self, *args, **kwargs).arguments
        path = (*self._path, given["key"])
        row = described(name, given)
        # One question may ask another: the first is the reader's own. But `raw` only looks.
        if path not in found or found[path][1] == TYPES["raw"]:
            found[path] = row
        return original(self, *args, **kwargs)

    return ask


def described(name: str, given: dict[str, Any]) -> Row:
    """Return the row of one question."""
    kind = TYPES.get(name, "")
    bounds = f"{given['low']:,.12g} to {given['high']:,.12g}" if "low" in given else ""
    if name == "choice":
        words: type[StrEnum] = given["kind"]
        kind, bounds = "text", ", ".join(f"`{each.value}`" for each in words)
    default = "required" if name == "required" else shown(given.get("default"))
    return f"`{given['key']}`", kind, default, bounds


def shown(value: Any) -> str:
    """Return a default as TOML would write it."""
    match value:
        case None | ():
            return ""
        case bool():
            return f"`{str(value).lower()}`"
        case StrEnum():
            return f'`"{value.value}"`'
        case str():
            return f'`"{value}"`'
        case tuple():
            return f"`[{', '.join(repr(each) for each in value)}]`".replace("\\\\", "\\")
        case _:
            return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"
