"""The families, brands and word pools as they stand in the data files.

Each file of families is named ``<split>_<language>_<label>.toml``. It must not know how a
message is made of them.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.corpus import grammar
from tests.corpus.family import Brand, Expectation, Family, Label, Layout, Split, Via

HERE = Path(__file__).parent
FAMILIES = HERE / "families" / "data"
LISTS = HERE / "lists"
WORDS = HERE / "words"
DIGEST = HERE / "DIGEST"
_NAME = re.compile(r"(develop|held_out)_([a-z]{2})_(gambling|ham)\.toml")
_EXPECTED = {Label.GAMBLING: Expectation.FLAGGED, Label.HAM: Expectation.SPARED}
_KNOWN = frozenset(
    {"id", "kind", "author", "expected", "via", "layout", "from", "subject", "body"}
    | {"bulk", "attachments", "pools"}
)


@cache
def families(split: Split | None = None, label: Label | None = None) -> tuple[Family, ...]:
    """Return the families of a split and label, in the order of the files."""
    return tuple(
        family
        for path in sorted(FAMILIES.glob("*.toml"))
        for family in _of_file(path)
        if split in {None, family.split} and label in {None, family.label}
    )


@cache
def brands(split: Split) -> tuple[Brand, ...]:
    """Return the brands of one split; no brand or domain is in both."""
    content = tomllib.loads((LISTS / f"{_stem(split)}_brands.toml").read_text())
    return tuple(
        Brand(name=each["name"], listed=each["listed"], fresh=tuple(each["fresh"]))
        for each in content["brand"]
    )


@cache
def names(split: Split, kind: str) -> tuple[str, ...]:
    """Return the made-up names of a kind (game, team, rival) of one split."""
    return tuple(tomllib.loads((LISTS / f"{_stem(split)}_brands.toml").read_text())[kind])


@cache
def listed_domains(split: Split) -> frozenset[str]:
    """Return the domains that a list holds: what a guard is given as its list."""
    lines = (LISTS / f"{_stem(split)}.txt").read_text().splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


@cache
def words(language: str) -> Mapping[str, tuple[str, ...]]:
    """Return the word pools of a language: names, cities, months, footers."""
    content = tomllib.loads((WORDS / f"{language}.toml").read_text())
    return MappingProxyType({name: tuple(pool) for name, pool in content.items()})


def digest() -> str:
    """Return the SHA-256 over the held-out files: each name, then its bytes, in order."""
    summed = hashlib.sha256()
    for path in held_out_files():
        summed.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return summed.hexdigest()


def held_out_files() -> list[Path]:
    """Return the files that the author of a pack does not open."""
    return sorted([*FAMILIES.glob("held_out_*.toml"), *LISTS.glob("held_out*")])


def _stem(split: Split) -> str:
    return split.value.replace("-", "_")


def _of_file(path: Path) -> Iterator[Family]:
    named = _NAME.fullmatch(path.name)
    if not named:
        raise grammar.TemplateError(f"{path.name}: not <split>_<language>_<label>.toml")
    split = Split(named[1].replace("_", "-"))
    for each in tomllib.loads(path.read_text())["family"]:
        unknown = set(each) - _KNOWN
        if unknown:
            raise grammar.TemplateError(f"{path.name}: {each['id']}: unknown {sorted(unknown)}")
        yield _family(each, split=split, language=named[2], label=Label(named[3]))


def _family(each: dict[str, Any], *, split: Split, language: str, label: Label) -> Family:
    return Family(
        id=f"{split.value}/{language}/{each['id']}",
        label=label,
        language=language,
        kind=each["kind"],
        author=each.get("author", ""),
        split=split,
        expected=Expectation(each.get("expected", _EXPECTED[label])),
        via=tuple(Via(name) for name in each.get("via", ["own"])),
        layouts=tuple(Layout(name) for name in each["layout"]),
        sender=each["from"],
        subject=each["subject"],
        body=each["body"].strip("\n"),
        bulk=each.get("bulk", label is Label.GAMBLING),
        attachments=tuple(each.get("attachments", ())),
        pools=MappingProxyType({k: tuple(v) for k, v in each.get("pools", {}).items()}),
    )
