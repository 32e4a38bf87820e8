"""What is filled into a template: names, amounts, dates, games, and quotations of offers.

``<quoted>`` and ``<quoted_ad>`` take their words from the gambling families of the same language
and split, so that every phrase that convicts also stands in honest mail. It must not know how a
message is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random

from tests.corpus import catalogue, grammar
from tests.corpus.family import Block, Brand, Family, Label, Shape, Split

_CODE = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class Slots:
    """The values of one message: a name drawn once stays the same throughout it."""

    def __init__(self, family: Family, brand: Brand, host: str, number: int, rng: Random) -> None:
        self._family = family
        self._brand = brand
        self._host = host
        self._number = number
        self._rng = rng
        self._words = catalogue.words(family.language)
        self._kept: dict[str, str] = {}

    def value(self, name: str) -> str:
        """Return what stands in the place of ``<name>``."""
        if name in {"n", "small", "big", "amount", "sum"}:
            return self._number_of(name)
        if name not in self._kept:
            self._kept[name] = self._drawn(name)
        return self._kept[name]

    def _drawn(self, name: str) -> str:
        rng, split = self._rng, self._family.split
        own: dict[str, Callable[[], str]] = {
            "brand": lambda: self._brand.name,
            "domain": lambda: self._host,
            "listed": lambda: self._brand.listed,
            "game": lambda: rng.choice(catalogue.names(split, "game")),
            "team": lambda: rng.choice(catalogue.names(split, "team")),
            "rival": lambda: rng.choice(catalogue.names(split, "rival")),
            "code": lambda: "".join(rng.choice(_CODE) for _ in range(rng.randrange(5, 9))),
            "percent": lambda: str(rng.choice([25, 50, 75, 100, 110, 125, 150, 200, 250, 300])),
            "ref": lambda: (
                f"{rng.randrange(10, 99)}-{rng.randrange(10**5, 10**6)}/{rng.randrange(24, 27)}"
            ),
            "iban": lambda: f"…{rng.randrange(1000, 9999)}",
            "time": lambda: f"{rng.randrange(7, 23)}:{rng.choice(['00', '15', '30', '45'])}",
            "day": lambda: str(rng.randrange(1, 29)),
            "date": lambda: f"{rng.randrange(1, 29)} {rng.choice(self._words['month'])}",
            "quoted": lambda: self._quoted(hot_phrases(self._family.language, split)),
            "quoted_ad": self._ad,
        }
        if name in self._family.pools:
            return grammar.fill(rng.choice(self._family.pools[name]), self.value)
        if name in own:
            return own[name]()
        if name in self._words:
            return rng.choice(self._words[name])
        raise grammar.TemplateError(f"{self._family.id}: no slot is named {name!r}")

    def _number_of(self, name: str) -> str:
        """Return a new number each time: of things, or of money as the language writes it."""
        rng = self._rng
        if name == "small":
            return str(rng.randrange(2, 13))
        if name == "n":
            return str(
                rng.choice([10, 15, 20, 25, 30, 40, 50, 60, 75, 80, 100, 120, 150, 200, 250])
            )
        if name == "big":
            return str(rng.choice([500, 750, 800, 1000, 1200, 1500, 2000, 2500, 5000]))
        shown = rng.choice(self._words["money"])
        if name == "amount":
            return shown.replace(
                "#", str(rng.choice([5, 10, 15, 20, 25, 50, 75, 100, 150, 200, 300, 500]))
            )
        cents = "." if self._family.language == "en" else ","
        return shown.replace("#", f"{rng.randrange(12, 900)}{cents}{rng.randrange(100):02d}")

    def _quoted(self, phrases: tuple[str, ...]) -> str:
        """Return some offers' phrases; the numbering of messages walks through all of them."""
        count = min(5, len(phrases))
        picked = [phrases[(self._number * count + step) % len(phrases)] for step in range(count)]
        return ", ".join(f"“{phrase}”" for phrase in picked)

    def _ad(self) -> str:
        """Return an offer of another family as a person passes it on: quoted, or forwarded.

        Of three, one is quoted, one quoted with its link, and one forwarded without marks of a
        quotation, under the line that mail programs write above it.
        """
        gambling = catalogue.families(self._family.split, Label.GAMBLING)
        same = [each for each in gambling if each.language == self._family.language]
        family = same[self._number // 3 % len(same)]
        inner = Slots(family, self._brand, self._host, self._number, self._rng)
        parts = (family.sender, family.subject, family.body)
        drawn = (grammar.expand(part, self._rng.randrange) for part in parts)
        sender, subject, body = (grammar.plain(grammar.fill(part, inner.value)) for part in drawn)
        blocks = [each for each in grammar.blocks(body) if each.shape is not Shape.ROW]
        if self._number % 3 == 2:
            head = self._words["forward"][0] % (sender, subject)
            return "\n\n".join([head, *(block.text for block in blocks)])
        host = self._brand.listed if self._number % 3 == 1 else None
        return "\n".join(f"> {_quotation(block, host)}" for block in blocks)


def _quotation(block: Block, host: str | None) -> str:
    """Return a block as a person quotes it: a button as its words, and the link if there is one."""
    if block.shape is Shape.BUTTON and host:
        return f"{block.text}: https://{host}/x"
    return block.text


@cache
def hot_phrases(language: str, split: Split) -> tuple[str, ...]:
    """Return every phrase that the gambling families of a language would disguise."""
    found: dict[str, None] = {}
    for family in catalogue.families(split, Label.GAMBLING):
        if family.language == language:
            for text in (family.sender, family.subject, family.body):
                found.update(dict.fromkeys(_phrases(text)))
    return tuple(found)


def _phrases(template: str) -> list[str]:
    """Return the marked phrases of a template, each of their alternatives, without slots."""
    drawn: dict[str, None] = {}
    for marked in grammar.HOT.findall(template):
        for turn in range(grammar.ways(marked)):
            whole = _turn(marked, turn)
            if not grammar.SLOT.search(whole):
                drawn[whole.strip()] = None
    return list(drawn)


def _turn(marked: str, turn: int) -> str:
    """Draw the turn-th of all ways of a phrase."""
    left = turn

    def pick(count: int) -> int:
        nonlocal left
        left, chosen = divmod(left, count)
        return chosen

    return grammar.expand(marked, pick)
