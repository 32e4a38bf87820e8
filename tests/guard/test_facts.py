"""What a pack may make of facts: whom the user wrote to protects, a disguise is weak evidence."""

from __future__ import annotations

import pytest

from tests.support.packs import guard, packed, proved, shown
from vedette.errors import ConfigError
from vedette.guard.pack import Stage

#: A word in letters of another script, as nobody writes it without a reason.
ODD = "Come to the с\u0430sin\u043e"

PACK = """\
guard: odd
symbols:
  ODD: {{flag: disguised, score: 2}}
  LEARNED: {{classifier: learned, map: {{0.9: 1}}, score: 1}}
  WIN: {{where: subject, phrases: [win], score: 6}}
composites:
  LOOKS: {{expr: ODD | WIN, score: 0}}
verdicts:
  - {{do: junk, at: 1, need: "{need}"}}
  - {{do: flag, at: 2}}
actions:
  junk: {{move: Guard/Junk, retain: 30d}}
"""

ROUTES = """\
guard: desk
kind: routing
symbols:
  ODD: {flag: disguised}
routes:
  - {when: ODD, do: DO}
actions:
  page: {route: pager}
  star: {flag: "\\\\Flagged"}
  away: {move: Elsewhere}
"""

PROTECTS = """\
guard: spares
symbols:
  WIN: {{where: subject, phrases: [win], score: 6}}
protect:
  KNOWN: {{flag: {what}}}
verdicts:
  - {{do: junk, at: 6, need: WIN}}
actions:
  junk: {{move: Guard/Junk, retain: 30d}}
"""


@pytest.mark.parametrize("where", ["subject", "text", "name"])
def test_a_disguise_holds_wherever_the_sender_wrote_it(where: str) -> None:
    """In the subject, in the text and in his name."""
    texts = {"subject": "Hello", "text": "Hello.", "name": "Jo"} | {where: ODD}
    letter = shown(
        texts["text"], subject=texts["subject"], sender=f"{texts['name']} <jo@shop.example>"
    )

    assert "ODD" in {hit.symbol for hit in guard(PACK.format(need="WIN")).full(letter).hits}


def test_plain_words_are_no_disguise() -> None:
    """Nor are those of another language."""
    for text in (
        "Come to the casino",
        "\u041f\u0440\u0438\u0432\u0435\u0442, \u043a\u0430\u043a \u0434\u0435\u043b\u0430?",
    ):
        assert guard(PACK.format(need="WIN")).full(shown(text)).hits == ()


def test_a_disguise_is_known_when_the_body_is() -> None:
    """Whoever negates it must wait for the text."""
    [odd, *_] = packed(PACK.format(need="WIN & !ODD")).symbols

    assert odd.stage is Stage.BODY
    with pytest.raises(ConfigError, match="disguised is not known at the head"):
        packed(PACK.format(need="WIN").replace("disguised,", "disguised, stage: head,"))


@pytest.mark.parametrize("need", ["ODD", "ODD | WIN", "LOOKS", "ODD & LEARNED", "ODD & !WIN"])
def test_a_disguise_alone_takes_no_mail_away(need: str) -> None:
    """Nor with a scorer's opinion beside it, nor by way of a composite."""
    with pytest.raises(ConfigError, match="holds by a disguise alone"):
        packed(PACK.format(need=need))


def test_a_disguise_beside_other_evidence_may() -> None:
    """It tips a balance."""
    packed(PACK.format(need="ODD & WIN"))


@pytest.mark.parametrize("do", ["page", "star"])
def test_a_route_by_a_disguise_alone_may_tell_and_mark(do: str) -> None:
    """Both leave the message where it is."""
    packed(ROUTES.replace("DO", do))


def test_a_route_by_a_disguise_alone_takes_no_mail_away() -> None:
    """Among other actions neither."""
    with pytest.raises(ConfigError, match="when: holds by a disguise alone"):
        packed(ROUTES.replace("DO", "[star, away]"))


def test_a_disguise_protects_nobody() -> None:
    """It would be the sender's own way past a guard."""
    with pytest.raises(ConfigError, match="a disguise protects nobody"):
        packed(PROTECTS.format(what="disguised, cap: flag"))


@pytest.mark.parametrize("more", ["", ", auth: fail"])
def test_what_leaves_a_correspondent_alone_altogether_needs_a_proof(more: str) -> None:
    """Anybody can write a From: unproved, it is good for a flag and no more."""
    with pytest.raises(ConfigError, match="anybody can write a From"):
        packed(PROTECTS.format(what=f"user_has_written_to_sender, cap: none{more}"))


@pytest.mark.parametrize(
    "more", ["cap: flag", "cap: none, auth: aligned", "cap: none, auth: dmarc_pass"]
)
def test_a_correspondent_may_be_flagged_or_proved(more: str) -> None:
    """Either will do."""
    packed(PROTECTS.format(what=f"user_has_written_to_sender, {more}"))


def test_a_proved_correspondent_is_left_alone_and_a_named_one_is_not() -> None:
    """The proof is a trusted server's word for this message."""
    spares = guard(PROTECTS.format(what="user_has_written_to_sender, cap: none, auth: aligned"))
    fact = ["user_has_written_to_sender"]
    named = shown("Hello.", subject="You win", facts=fact)
    sure = shown("Hello.", subject="You win", facts=fact, fields=proved("shop.example"))

    assert spares.full(named).name == "junk"
    assert spares.full(sure).name == "keep"
