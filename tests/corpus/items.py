"""Single sentences, spellings and disguised links: small cases, open to the author of a pack.

It must not know how a guard decides.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

from tests.corpus import catalogue, links
from tests.corpus.family import (
    Block,
    Expectation,
    Label,
    Layout,
    Letter,
    Sample,
    Shape,
    Split,
    Via,
)
from tests.corpus.posting import post


def sentences() -> Iterator[Sample]:
    """Yield honest messages of one sentence: what must not match, and what must be protected."""
    content = _content()
    for number, each in enumerate(content["honest"]):
        yield _sentence(each, number, "must not match", Expectation.SPARED)
    for number, each in enumerate(content["protected"]):
        yield _sentence(each, number, "must be protected", Expectation.PROTECTED)


def spellings() -> tuple[tuple[str, str], ...]:
    """Return pairs of what is written and the word that it must be read as, in lower case."""
    return tuple((each["written"], each["means"]) for each in _content()["spelling"])


def with_link(sample: Sample, how: str) -> Sample:
    """Return the sample with every link a disguise (of ``links.DISGUISES``) of a listed host."""
    rng = Random(f"{sample.key}/link/{how}")
    host = rng.choice(sorted(catalogue.listed_domains(sample.split)))
    url = links.DISGUISES[how](host)
    shown = "www.stadtbank-nord.test" if how == "link-text-lies" else None
    blocks = tuple(
        replace(block, target=url, text=shown or block.text)
        if block.shape is Shape.BUTTON
        else block
        for block in sample.letter.blocks
    )
    letter = replace(sample.letter, blocks=blocks, layout=Layout.HTML)
    return replace(
        sample,
        raw=post(letter, Random(f"{sample.key}/post")),
        letter=letter,
        expected=Expectation.QUARANTINED,
        disguise=how,
    )


@cache
def _content() -> dict[str, Any]:
    return tomllib.loads((catalogue.HERE / "items.toml").read_text())


def _sentence(each: dict[str, str], number: int, kind: str, expected: Expectation) -> Sample:
    key = f"item/{kind}/{number}"
    letter = Letter(
        name="Robin Keller",
        address="robin@hauspost.example",
        return_path="robin@hauspost.example",
        signed_by="hauspost.example",
        dmarc="pass",
        subject=each["subject"],
        blocks=(Block(shape=Shape.PARAGRAPH, text=each["text"]),),
        footer="",
        layout=Layout.PLAIN,
        bulk=False,
        host="hauspost.example",
        attachments=(),
        language=each["language"],
        split=Split.DEVELOP,
    )
    return Sample(
        raw=post(letter, Random(key)),
        label=Label.HAM,
        family=key.replace(" ", "-"),
        language=each["language"],
        kind=kind,
        split=Split.DEVELOP,
        via=Via.OWN,
        expected=expected,
        letter=letter,
        wording=each["text"],
        key=key,
    )
