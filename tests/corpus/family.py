"""The nouns of the corpus: a family of messages, who sends them, and one message made of it.

A family is an intent, in a language, as one author writes it. It must not know how the words
of a family are drawn, nor how a message is written down as bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique


@unique
class Label(StrEnum):
    """What a message is."""

    GAMBLING = "gambling"
    HAM = "ham"


@unique
class Split(StrEnum):
    """Who may see a family: the author of a pack sees ``develop`` only."""

    DEVELOP = "develop"
    HELD_OUT = "held-out"


@unique
class Expectation(StrEnum):
    """What a guard owes the person who gets the message."""

    QUARANTINED = "quarantined"
    """Sender or link is on the list, and nothing protects the message."""
    FLAGGED = "flag or more"
    """Gambling by its words alone."""
    SPARED = "must not be quarantined"
    PROTECTED = "must be protected"
    """Evidence or proof for the person: stays in its folder though its sender may be listed."""


@unique
class Via(StrEnum):
    """How a message is sent, which decides what evidence there is besides its words."""

    OWN = "own"
    """From the address that the family names."""
    LISTED = "listed"
    """From the listed domain of a brand, signed, with links to it."""
    FRESH = "fresh"
    """From and to a mirror of a brand that no list holds yet."""
    ESP = "esp"
    """From a fresh domain; each link is an opaque redirect of a sending service."""
    REDIRECT = "redirect"
    """From a fresh domain; the links are redirects that spell out a listed one."""
    FREEMAIL = "freemail"
    """From a free mailbox; the links go to a fresh domain."""
    SPOOFED = "spoofed"
    """From the address that the family names, which did not send it: DMARC fails."""

    @property
    def is_on_the_list(self) -> bool:
        """Whether the list alone can know the sender or a link."""
        return self in {Via.LISTED, Via.REDIRECT}


@unique
class Layout(StrEnum):
    """The MIME shape of a message."""

    PLAIN = "plain"
    HTML = "html"
    BOTH = "both"
    NEWSLETTER = "newsletter"
    """Both, the HTML as marketing tools write it: 5 to 50 KB, mostly style."""
    IMAGE = "image"
    """HTML of images with alternative texts, and no plain text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """A made-up operator: its name, the domain that lists know, and mirrors that they do not."""

    name: str
    listed: str
    fresh: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One family; the templates are described in ``grammar``."""

    id: str
    label: Label
    language: str
    kind: str
    author: str
    split: Split
    expected: Expectation
    """For gambling: of a message of which the list knows nothing."""
    via: tuple[Via, ...]
    layouts: tuple[Layout, ...]
    sender: str
    """Template of the From field: a name, or with ``Via.OWN`` a name and an address."""
    subject: str
    body: str
    bulk: bool
    """Sent as a mailing, with List-Unsubscribe."""
    attachments: tuple[str, ...]
    pools: Mapping[str, tuple[str, ...]]
    """Slots of this family alone."""


@unique
class Shape(StrEnum):
    """What a block of a letter is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    ROW = "row"
    QUOTE = "quote"
    BUTTON = "button"
    IMAGE = "image"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of a letter; words that an author would disguise stand between asterisks."""

    shape: Shape
    text: str
    target: str = ""
    """The URL of a button or image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message before it is written down: what obfuscation changes."""

    name: str
    address: str
    return_path: str
    signed_by: str
    dmarc: str
    subject: str
    blocks: tuple[Block, ...]
    footer: str
    layout: Layout
    bulk: bool
    host: str
    """Where its images and its unsubscribe page are."""
    attachments: tuple[str, ...]
    language: str
    split: Split
    subject_field: str | None = None
    """The Subject as written into the header, where its encoding is the disguise."""
    charset: str | None = None
    """The charset to use; ``None`` draws one that fits."""
    charset_label: str | None = None
    """What the parts say their charset is, where that is a lie."""
    raw_html: bool = False
    """The texts of the blocks are markup already."""
    innocent_plain: str | None = None
    """A text/plain part that says something else than the HTML."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One message with all that a judge must know, and no guard may."""

    raw: bytes
    label: Label
    family: str
    language: str
    kind: str
    split: Split
    via: Via
    expected: Expectation
    letter: Letter
    wording: str
    """The drawn template before names, dates and amounts are filled in: what makes it distinct."""
    key: str
    """Seeds everything that is drawn; the same key gives the same bytes."""
    disguise: str = ""
    """The obfuscation or link disguise put on it, if any."""
