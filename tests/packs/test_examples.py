"""The packs that ship as examples do what they say, on a handful of letters each."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.packs.judged import PACKS, evidence, pack
from tests.packs.letters import letter
from vedette.config.guards import load_pack, shipped
from vedette.guard import letters
from vedette.guard.judging import Guard
from vedette.guard.pack import ActionKind, Kind, Phrases
from vedette.guard.verdict import Verdict

NAMES = ("gambling", "invoice-routing", "newsletter", "phishing-basic")


def verdict(name: str, raw: bytes) -> Verdict:
    """Return what a pack makes of one message."""
    found = Guard(pack(name), {}).full(evidence(raw))
    assert not found.failed
    return found


def done(name: str, raw: bytes) -> tuple[str, ...]:
    """Return the names of what a pack does."""
    return tuple(action.name for action in verdict(name, raw).actions)


def test_four_packs_ship() -> None:
    """They are found by their names."""
    assert shipped() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_that_ships_is_read_by_its_name(name: str) -> None:
    """Its file has the name that it gives itself."""
    assert load_pack(name, Path.cwd()).pack.name == name


@pytest.mark.parametrize("name", NAMES)
def test_every_source_of_a_pack_ships_with_it(name: str) -> None:
    """A list beside it is there; none is fetched before somebody asks for it."""
    for each in pack(name).lists:
        assert all((PACKS / source).is_file() for source in each.sources)


def test_the_quarantine_says_nothing_of_what_is_in_it() -> None:
    """Its name is read over a shoulder, and by whoever the guard protects."""
    moves = [each for each in pack("gambling").actions if each.kind is ActionKind.MOVE]

    assert [each.target for each in moves] == ["Guard/Quarantine"]
    assert "gambling" not in moves[0].target.lower()
    assert moves[0].seen
    assert moves[0].retain == 30 * 86_400


def test_loosening_the_gambling_pack_waits_for_a_day_or_a_partner() -> None:
    """It protects."""
    found = pack("gambling")

    assert found.kind is Kind.PROTECTIVE
    assert found.lock is not None
    assert found.lock.delay == 86_400
    assert found.lock.partner


@pytest.mark.parametrize("group", ["OFFER_", "GAME_"])
def test_no_phrase_stands_in_two_languages(group: str) -> None:
    """Else one phrase would count twice, and tell a language that it is not of."""
    found: list[str] = []
    for symbol in pack("gambling").symbols:
        if symbol.name.startswith(group) and isinstance(symbol.test, Phrases) and symbol.score >= 2:
            found += {letters.plain(each.strip("*"))[0] for each in symbol.test.phrases}

    assert [each for each, count in Counter(found).items() if count > 1] == []


def test_a_forged_bank_in_haste_is_moved() -> None:
    """DMARC fails, the name is a protected one, and it wants a login at once."""
    raw = letter(
        "Unusual activity. Verify your account within 24 hours. Log in now.",
        name="PayPal Service",
        address="service@mail-secure.example",
        dmarc="fail",
        bulk=False,
    )

    assert done("phishing-basic", raw) == ("quarantine",)


def test_a_name_that_pretends_is_flagged() -> None:
    """The sender's name is a protected one; its own domain is proved."""
    raw = letter("Your invoice.", name="PayPal", address="a@shop.example", bulk=False)

    assert done("phishing-basic", raw) == ()
    urgent = letter(
        "Verify your account: log in.", name="PayPal", address="a@shop.example", bulk=False
    )
    assert done("phishing-basic", urgent) == ("flag",)


def test_a_name_in_other_letters_pretends_too() -> None:
    """Cyrillic letters that look like Latin ones."""
    name = "P\u0430yP\u0430l"
    raw = letter("Verify your account: log in.", name=name, address="a@shop.example", bulk=False)

    assert done("phishing-basic", raw) == ("flag",)


def test_a_link_that_lies_is_flagged() -> None:
    """It shows a bank and leads elsewhere."""
    page = (
        '<p>Your account has been suspended. <a href="https://paypal.com.verify-you.example/x">'
        "https://www.paypal.com/login</a></p>"
    )

    assert done("phishing-basic", letter(page, html=True, bulk=False)) == ("flag",)


def test_the_protected_sender_itself_is_left_alone() -> None:
    """Proved by DMARC, in whatever haste."""
    raw = letter(
        "Unusual activity: verify your account. Log in.",
        name="PayPal",
        address="service@paypal.com",
        link="https://paypal.com/login",
        bulk=False,
    )

    assert done("phishing-basic", raw) == ()


def test_a_friend_is_no_phisher() -> None:
    """A letter with a link."""
    assert done("phishing-basic", letter("Look at this.", bulk=False)) == ()


def test_a_newsletter_is_labelled() -> None:
    """It can be unsubscribed from, and says so."""
    raw = letter("News of the week. Unsubscribe here.", subject="What is new in May")

    assert done("newsletter", raw) == ("newsletter",)


@pytest.mark.parametrize(
    "subject",
    [
        "Your order 1234",
        "Ihre Rechnung",
        "Réinitialiser votre mot de passe",
        "Ваш заказ",
        "Sipariş",
    ],
)
def test_what_is_waited_for_is_no_newsletter(subject: str) -> None:
    """Though it can be unsubscribed from."""
    assert done("newsletter", letter("Unsubscribe here.", subject=subject)) == ()


def test_a_letter_is_no_newsletter() -> None:
    """Nobody unsubscribes from a person."""
    assert done("newsletter", letter("How do I unsubscribe?", bulk=False)) == ()


def test_an_answer_on_a_list_is_no_newsletter() -> None:
    """Somebody answered."""
    raw = letter("Unsubscribe here.", subject="Re: ideas", fields="In-Reply-To: <1@x.example>")

    assert done("newsletter", raw) == ()


def test_an_important_sender_comes_first() -> None:
    """Whatever else the message is."""
    raw = letter("Rechnung", subject="Rechnung 7", address="a@biggest-customer.example")

    assert verdict("invoice-routing", raw).route == "vip"
    assert done("invoice-routing", raw) == ("to-vip", "important")


def test_an_important_sender_must_be_proved() -> None:
    """Whoever forges one with an invoice is told of."""
    raw = letter("Pay.", subject="Invoice 7", address="a@biggest-customer.example", dmarc="fail")

    assert done("invoice-routing", raw) == ("suspicious",)


def test_an_invoice_of_a_supplier_goes_to_its_endpoint() -> None:
    """By its subject, without any file."""
    raw = letter("Attached.", subject="Invoice 2026-07", address="a@supplier.example")

    assert done("invoice-routing", raw) == ("to-invoices", "invoice")
    routes = [each.target for each in verdict("invoice-routing", raw).actions]
    assert routes == ["invoices", "invoice"]


def test_a_reminder_goes_the_same_way_and_is_urgent() -> None:
    """But not of a mailing."""
    raw = letter("Please pay.", subject="Mahnung", address="a@shop.example", bulk=False)

    assert done("invoice-routing", raw) == ("to-invoices", "urgent")
    assert done("invoice-routing", letter("Sale!", subject="Final notice: sale")) == ()


def test_other_mail_goes_nowhere_else() -> None:
    """No route holds."""
    assert verdict("invoice-routing", letter("Lunch?", bulk=False)).route == ""
