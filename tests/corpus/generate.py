"""Messages made of the families: the same seed, the same bytes; no wording twice in a family.

It must not know what a guard looks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from tests.corpus import catalogue, grammar, links
from tests.corpus.family import (
    Block,
    Brand,
    Expectation,
    Family,
    Label,
    Letter,
    Sample,
    Shape,
    Split,
    Via,
)
from tests.corpus.posting import post
from tests.corpus.slots import Slots

EACH = 70
"""Messages of one family by default: with some 65 families of a label over 3,000 messages."""
_TRIES = 40
"""Draws for a wording not had before; a family that runs dry ends early."""
_ADDRESS = re.compile(r"(.*?)\s*<([^<>@\s]+@[^<>@\s]+)>")
_LOCALS = ("news", "info", "hello", "team", "noreply", "club", "service", "mail")
_SUBS = ("", "", "mail.", "news.", "e.", "em7.", "info.")
_FREEMAIL = ("gmail.com", "outlook.com", "gmx.net", "yahoo.com", "mail.ru", "wp.pl")


def messages(
    split: Split | None = None,
    *,
    seed: int = 0,
    each: int = EACH,
    label: Label | None = None,
    language: str | None = None,
) -> Iterator[Sample]:
    """Yield up to ``each`` messages of every family of a split (of both if ``None``)."""
    for family in catalogue.families(split, label):
        if language in {None, family.language}:
            yield from of_family(family, seed=seed, each=each)


def of_family(family: Family, *, seed: int = 0, each: int = EACH) -> Iterator[Sample]:
    """Yield up to ``each`` messages of one family, no two with the same wording."""
    for number, (wording, key) in enumerate(wordings(family, seed=seed, each=each)):
        yield _sample(family, wording, key, number)


def wordings(family: Family, *, seed: int = 0, each: int = EACH) -> Iterator[tuple[str, str]]:
    """Yield what the messages of ``of_family`` say before slots are filled, and their keys."""
    had: set[str] = set()
    for number in range(each):
        for attempt in range(_TRIES):
            key = f"{seed}/{family.id}/{number}/{attempt}"
            wording = _wording(family, Random(key))
            if wording not in had:
                had.add(wording)
                yield wording, key
                break
        else:
            return


def _wording(family: Family, rng: Random) -> str:
    """Draw sender, subject and body, before any slot is filled."""
    pick = rng.randrange
    parts = (family.sender, family.subject, family.body)
    drawn = "\x00".join(grammar.expand(part, pick) for part in parts)
    # An alternative may end its sentence itself.
    return drawn.replace("?.", "?").replace("!.", "!")


def _sample(family: Family, wording: str, key: str, number: int) -> Sample:
    rng = Random(f"{key}/letter")
    via = family.via[number % len(family.via)]
    letter = _letter(family, wording, via, number, rng)
    expected = family.expected
    if family.label is Label.GAMBLING and via.is_on_the_list:
        expected = Expectation.QUARANTINED
    return Sample(
        raw=post(letter, Random(f"{key}/post")),
        label=family.label,
        family=family.id,
        language=family.language,
        kind=family.kind,
        split=family.split,
        via=via,
        expected=expected,
        letter=letter,
        wording=wording,
        key=key,
    )


def _letter(family: Family, wording: str, via: Via, number: int, rng: Random) -> Letter:
    brand = rng.choice(catalogue.brands(family.split))
    host = brand.listed if via is Via.LISTED else rng.choice(brand.fresh)
    slots = Slots(family, brand, host, number, rng)
    sender, subject, body = (grammar.fill(part, slots.value) for part in wording.split("\x00"))
    name, address, return_path = _sender(sender, via, host, rng)
    domain = address.rpartition("@")[2]
    link_host = domain if via in {Via.OWN, Via.SPOOFED} else host
    footers = catalogue.words(family.language)["footer"]
    footer = grammar.fill(rng.choice(footers), slots.value) if family.bulk else ""
    return Letter(
        name=name,
        address=address,
        return_path=return_path,
        signed_by="mailer.fern-relay.test" if via is Via.SPOOFED else domain,
        dmarc="fail" if via is Via.SPOOFED else "pass",
        subject=subject,
        blocks=tuple(_linked(b, brand, via, link_host, rng) for b in grammar.blocks(body)),
        footer=footer,
        layout=rng.choice(family.layouts),
        bulk=family.bulk,
        host=link_host,
        attachments=tuple(grammar.fill(name, slots.value) for name in family.attachments),
        language=family.language,
        split=family.split,
    )


def _sender(sender: str, via: Via, host: str, rng: Random) -> tuple[str, str, str]:
    """Return the name shown, the address, and the envelope's sender."""
    named = _ADDRESS.fullmatch(sender)
    if named:
        name, address = named[1], named[2]
        if via is Via.SPOOFED:
            return name, address, f"b{rng.randrange(10**5)}@mailer.fern-relay.test"
        return name, address, address
    local = rng.choice(_LOCALS)
    if via is Via.FREEMAIL:
        address = f"{local}.{rng.randrange(10**4)}@{rng.choice(_FREEMAIL)}"
        return sender, address, address
    address = f"{local}@{rng.choice(_SUBS)}{host}"
    if via is Via.ESP or rng.random() < 0.4:
        coded = f"bounces+{rng.randrange(10**6)}-{links.token(rng, 4)}-sam=briefkasten.test"
        return sender, address, f"{coded}@em{rng.randrange(9999)}.{host}"
    return sender, address, address


def _linked(block: Block, brand: Brand, via: Via, host: str, rng: Random) -> Block:
    """Give a button its URL; an address that the template spells out stays."""
    if block.shape is not Shape.BUTTON or "://" in block.target:
        return block
    if via is Via.ESP:
        url = links.by_service(rng)
    elif via is Via.REDIRECT:
        url = links.redirect(brand.listed, rng)
    else:
        url = links.direct(host, block.target, rng)
    return Block(shape=block.shape, text=block.text, target=url)
