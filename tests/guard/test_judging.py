"""A pack and a message: the verdict, its reasons, and what no message can do to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

import pytest

from tests.support.packs import GAMBLING, ROUTING, SMALL, guard, listed, proved, shown
from vedette.guard.domains import DomainList, Entries
from vedette.guard.judging import Guard
from vedette.guard.pack import (
    Stage,
)
from vedette.guard.views import Views

LISTS = listed("gambling", "vulkan-bet.party", version="2026-08-17")


@pytest.fixture(scope="module")
def gambling() -> Guard:
    return guard(GAMBLING, LISTS)


def test_every_reason_is_told(gambling: Guard) -> None:
    """The score is a sum of named evidence, each with its field, its word and its list."""
    verdict = gambling.full(
        shown(
            "Play now at https://go.vulkan-bet.party/x",
            subject="100 Freispiele im Casino",
            sender="Win <win@news.vulkan-bet.party>",
        )
    )

    assert verdict.explained() == (
        "quarantine 19 = "
        "FROM_LISTED 6 (from:vulkan-bet.party, gambling@2026-08-17) + "
        "LINK_LISTED 5 (links:vulkan-bet.party, gambling@2026-08-17) + "
        "OFFER_GAME 3 + OFFER_HEAD 2.5 (subject:freispiele) + "
        "GAME 1.5 (subject:casino) + CTA 1 (text:play now)"
    )
    assert verdict.is_listed


def test_mail_that_shows_nothing_is_kept(gambling: Guard) -> None:
    """No reason, no action."""
    verdict = gambling.full(shown("See you on Friday."))

    assert (verdict.name, verdict.score, verdict.hits) == ("keep", 0, ())
    assert verdict.explained() == "keep 0 = nothing"


def test_a_symbol_counts_once(gambling: Guard) -> None:
    """A hundred links are one LINK_LISTED: hits do not stack."""
    links = "\n".join(f"https://vulkan-bet.party/{number}" for number in range(100))

    assert gambling.full(shown(links)).score == 5


def test_a_score_without_hard_evidence_only_flags(gambling: Guard) -> None:
    """Whatever it adds up to, a tier needs what it needs."""
    verdict = gambling.full(
        shown("log in: wagering", subject="Freispiele", opinions={"gambling-lr.v3": 1.0})
    )

    assert verdict.score == 7.5
    assert [each.name for each in verdict.actions] == ["flag"]


def test_symbols_together_are_hard_evidence(gambling: Guard) -> None:
    """The composite gives points of its own and opens the second tier."""
    verdict = gambling.full(shown("Einloggen und Casino", subject="Freispiele"))

    assert (verdict.name, verdict.score) == ("quarantine", 8)
    assert verdict.decisive == ("OFFER_GAME",)


def test_an_opinion_gives_the_points_of_the_last_threshold_that_it_reaches(
    gambling: Guard,
) -> None:
    """And none below the first; an absent scorer has none."""
    scores = [
        gambling.full(shown(opinions={"gambling-lr.v3": opinion})).score
        for opinion in (0.0, 0.89, 0.9, 0.979, 0.98, 1.0)
    ]

    assert scores == [0, 0, 1, 1, 2, 2]
    assert gambling.full(shown()).score == 0


def test_the_head_acts_on_its_own_evidence(gambling: Guard) -> None:
    """A proved listed sender is enough; the body is not waited for."""
    verdict = gambling.head(shown(sender="win@vulkan-bet.party", fields=proved("vulkan-bet.party")))

    assert (verdict.name, verdict.score, verdict.stage) == ("quarantine", 14, Stage.HEAD)


def test_the_head_does_not_act_on_a_score_alone(gambling: Guard) -> None:
    """A tier without needed evidence waits for the body."""
    evidence = shown(subject="Freispiele", fields="List-Unsubscribe: <https://a.example>\r\n")
    lenient = guard(GAMBLING.replace("at: 3.5", "at: 2.5"), LISTS)

    assert lenient.head(evidence).name == "keep"
    assert lenient.full(evidence).name == "flag"


def test_the_head_waits_where_the_body_may_take_the_evidence_away() -> None:
    """What is needed must hold whatever the body shows."""
    text = SMALL.replace("need: LISTED", "need: LISTED & !OFFER")
    evidence = shown("free spins", sender="a@bad.example")

    assert guard(text).head(evidence).name == "keep"
    assert guard(text).full(evidence).name == "flag"
    assert guard(text).full(shown(sender="a@bad.example")).name == "junk"


def test_the_head_waits_where_the_body_may_bring_a_higher_tier() -> None:
    """One message is not moved twice: the upper tier does something else."""
    text = SMALL.replace("verdicts:", "verdicts:\n  - {do: worst, at: 7, need: OFFER}").replace(
        "actions:", "actions:\n  worst: {move: Guard/Worst}"
    )
    listed_sender = shown(sender="a@bad.example")
    both = shown("free spins", sender="a@bad.example")

    assert guard(text).head(listed_sender).name == "keep"
    assert guard(text).full(listed_sender).name == "junk"
    assert guard(text).full(both).name == "worst"


def test_a_protection_caps_the_verdict_and_says_so(gambling: Guard) -> None:
    """A closure notice of a listed operator is evidence of the user's, and stays."""
    verdict = gambling.full(
        shown(
            "Your account has been closed.",
            sender="win@vulkan-bet.party",
            fields=proved("vulkan-bet.party"),
        )
    )

    assert [each.name for each in verdict.wanted] == ["quarantine"]
    assert [each.name for each in verdict.actions] == ["flag"]
    assert verdict.explained().endswith("; quarantine was capped by SELF_EXCLUSION")


def test_a_protection_by_subject_caps_the_head_too(gambling: Guard) -> None:
    """What is known of it at the head stage is looked at then."""
    verdict = gambling.head(
        shown(
            subject="Your account has been closed",
            sender="win@vulkan-bet.party",
            fields=proved("vulkan-bet.party"),
        )
    )

    assert [each.name for each in verdict.actions] == ["flag"]


def test_a_cap_to_nothing_leaves_the_message_alone(gambling: Guard) -> None:
    """A proved protected sender is never touched; a forged one is not protected."""
    body = "Freispiele, Casino, log in"
    bank = "Bank <info@sparkasse.de>"

    assert gambling.full(shown(body, sender=bank, fields=proved("sparkasse.de"))).actions == ()
    assert gambling.full(shown(body, sender=bank)).name == "quarantine"


def test_a_fact_from_elsewhere_protects(gambling: Guard) -> None:
    """Who was written to is no stranger."""
    evidence = shown("Freispiele, Casino, log in", facts=["user_has_written_to_sender"])

    assert gambling.full(evidence).name == "flag"


def test_flags_of_the_message_are_facts() -> None:
    """In any letter case, as servers write them."""
    text = SMALL.replace("verdicts:", "protect:\n  KEPT: {flag: is_flagged, cap: none}\nverdicts:")
    evidence = shown(sender="a@bad.example", flags=["\\FLAGGED"])

    assert guard(text).full(evidence).name == "keep"


def test_a_list_that_is_not_at_hand_has_the_entries_of_the_pack() -> None:
    """A guard stands before its lists are fetched."""
    assert guard(SMALL).full(shown(sender="a@bad.example")).name == "junk"
    assert guard(SMALL, {"bad": ()}).full(shown(sender="a@bad.example")).name == "keep"


def test_the_parts_of_a_list_are_asked_in_turn() -> None:
    """The explanation names the source that has the host."""
    parts = (Entries(["x.example"], name="one"), Entries(["bad.example"], name="two", version="3"))

    verdict = guard(SMALL, {"bad": parts}).full(shown(sender="a@bad.example"))

    assert verdict.hits[0].source == "two@3"


@pytest.mark.parametrize(
    ("subject", "sender", "route", "actions"),
    [
        ("Invoice 7", "CEO <ceo@example.org>", "vip", ["page", "star"]),
        ("Invoice 7", "a@b.example", "invoices", ["books"]),
        ("Lunch?", "a@b.example", "", []),
    ],
)
def test_the_first_route_that_holds_decides(
    subject: str, sender: str, route: str, actions: list[str]
) -> None:
    """It may do several things."""
    verdict = guard(ROUTING).full(shown(subject=subject, sender=sender))

    assert verdict.route == route
    assert [each.name for each in verdict.actions] == actions


def test_a_route_waits_at_the_head_for_what_stands_above_it() -> None:
    """An invoice may turn out to have a PDF; the VIP is known at once."""
    desk = guard(ROUTING)

    assert desk.head(shown(subject="Invoice", sender="ceo@example.org")).route == "vip"
    assert desk.head(shown(subject="Invoice")).route == ""


def test_a_guard_that_fails_keeps_the_mail() -> None:
    """The failure is told by its type: its words may hold what the mail says."""

    class Broken:
        name = "bad"
        version = ""

        def find(self, host: str) -> NoReturn:
            raise RuntimeError(host)

    broken: Mapping[str, tuple[DomainList, ...]] = {"bad": (Broken(),)}
    verdict = guard(SMALL, broken).full(shown("free spins", sender="a@bad.example"))

    assert (verdict.name, verdict.failed) == ("keep", "RuntimeError")
    assert "bad.example" not in verdict.explained()


def test_views_are_shared_by_guards(gambling: Guard) -> None:
    """What one guard looked at is not made again for the next."""
    evidence = shown("Einloggen und Casino", subject="Freispiele")
    views = Views(evidence)

    first = gambling.full(evidence, views)

    assert gambling.full(evidence, views) == first == gambling.full(evidence)
