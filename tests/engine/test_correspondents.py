"""Who counts as one whom the user wrote to, and what is kept of it."""

from __future__ import annotations

import pytest

from vedette import mime
from vedette.engine.correspondents import MOST, STRIKES, Correspondents, Notes
from vedette.guard.pack import HOUR
from vedette.model.ids import AccountId
from vedette.secret import Secret

JOE = AccountId("joe")
KEY = Secret("a key for tests")
TRUSTED = "mx.example.org"


def sent(to: str, *, sender: str = "joe@example.org", fields: str = "") -> mime.Message:
    """Return the header of a message that the user wrote."""
    return mime.read_header(f"From: {sender}\r\nTo: {to}\r\n{fields}\r\n".encode())


def came(sender: str, *, fields: str = "") -> mime.Message:
    """Return a message that came to the user."""
    raw = f"{fields}From: {sender}\r\nSubject: Hello\r\n\r\nHello.\r\n".encode()
    return mime.read(raw, trusted_authserv=[TRUSTED])


def acquainted(*letters: mime.Message, own: tuple[str, ...] = ()) -> Correspondents:
    """Return what is known after these letters of the user."""
    found, notes = Correspondents(), Notes(KEY, own)
    for letter in letters:
        notes.add(letter)
    found.learned(JOE, notes)
    return found


@pytest.mark.parametrize("name", ["To", "Cc", "Bcc"])
def test_every_recipient_of_a_letter_is_known(name: str) -> None:
    """Whichever field named him."""
    known = acquainted(
        sent("ben@friends.example", fields=f"{name}: Anna <anna@friends.example>\r\n")
    )

    assert known.knows(JOE, came("anna@friends.example"))


def test_an_address_is_known_in_each_of_its_spellings() -> None:
    """In capital letters, with another name, and its host as DNS has it."""
    known = acquainted(sent("Anna <Anna@b\u00fccher.example>"))

    assert known.knows(JOE, came("A <ANNA@xn--bcher-kva.EXAMPLE>"))


def test_a_stranger_is_not_known() -> None:
    """Nor is another of the same domain, nor anybody of another account."""
    known = acquainted(sent("anna@friends.example"))

    assert not known.knows(JOE, came("ben@friends.example"))
    assert not known.knows(AccountId("eve"), came("anna@friends.example"))


@pytest.mark.parametrize(
    "sender",
    [
        "anna@friends.example, eve@strangers.example",
        "",
        "anna@friends.example <eve@strangers.example>",
        "<eve@strangers.example> <anna@friends.example>",
    ],
)
def test_a_from_that_is_not_one_clear_address_is_nobodys(sender: str) -> None:
    """Two readers might see two senders in it."""
    message = came(sender)
    assert not acquainted(sent("anna@friends.example")).knows(JOE, message)


def test_two_from_fields_are_nobodys() -> None:
    """Even where both name the same."""
    double = came("anna@friends.example", fields="From: anna@friends.example\r\n")

    assert not acquainted(sent("anna@friends.example")).knows(JOE, double)


def test_users_own_address_is_no_correspondent() -> None:
    """It is what is forged most: neither those of the account, nor what From of the letters says."""
    own = ("joe@work.example",)
    known = acquainted(sent("joe@example.org, joe@work.example, anna@friends.example"), own=own)

    assert not known.knows(JOE, came("joe@example.org"))
    assert not known.knows(JOE, came("joe@work.example"))
    assert known.knows(JOE, came("anna@friends.example"))


@pytest.mark.parametrize(
    ("results", "is_known"),
    [
        (f"{TRUSTED}; dkim=pass header.d=friends.example", True),
        (f"{TRUSTED}; spf=pass smtp.mailfrom=anna@friends.example", True),
        (f"{TRUSTED}; dmarc=pass header.from=friends.example", True),
        (f"{TRUSTED}; dkim=pass header.d=strangers.example", False),
        (f"{TRUSTED}; dmarc=fail header.from=friends.example", False),
        (f"{TRUSTED}; none", False),
        ("mx.strangers.example; dmarc=fail", True),
    ],
)
def test_where_a_trusted_server_judges_the_sender_must_be_proved(
    results: str,
    is_known: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """Where none does, From is all that there is; what others claim counts neither way."""
    message = came("anna@friends.example", fields=f"Authentication-Results: {results}\r\n")

    assert acquainted(sent("anna@friends.example")).knows(JOE, message) is is_known


def test_only_so_many_are_kept() -> None:
    """The first to be read, which are those of the newest letters."""
    letters = [sent(f"a{number}@friends.example") for number in range(MOST + 10)]
    known = acquainted(*letters)

    assert known.knows(JOE, came("a0@friends.example"))
    assert known.knows(JOE, came(f"a{MOST - 1}@friends.example"))
    assert not known.knows(JOE, came(f"a{MOST}@friends.example"))


def test_what_is_kept_is_bound_to_the_key() -> None:
    """Without it nobody can try addresses, and the digests of two hosts tell nothing together."""
    one, other = Notes(KEY, ()), Notes(Secret("another"), ())
    for notes in (one, other):
        notes.add(sent("anna@friends.example"))

    assert len(one.digests) == len(other.digests) == 1
    assert one.digests != other.digests


def test_what_is_forgotten_is_not_known() -> None:
    """An account that is not watched any more leaves nothing behind."""
    known = acquainted(sent("anna@friends.example"))
    known.forget(JOE)

    assert not known.is_read(JOE)
    assert not known.knows(JOE, came("anna@friends.example"))


def test_readings_that_are_cut_short_again_and_again_have_to_wait() -> None:
    """A folder that ends every link is left in peace for an hour; what was known holds."""
    known = acquainted(sent("anna@friends.example"))
    for _ in range(STRIKES):
        assert known.may_read(JOE, 100.0)
        known.begun(JOE, 100.0)

    assert not known.may_read(JOE, 100.0 + HOUR - 1)
    assert known.may_read(JOE, 100.0 + HOUR)
    assert known.knows(JOE, came("anna@friends.example"))


def test_readings_that_come_to_their_end_count_for_nothing() -> None:
    """However many there are, and however close."""
    known = Correspondents()
    for _ in range(STRIKES + 1):
        assert known.may_read(JOE, 100.0)
        known.begun(JOE, 100.0)
        known.learned(JOE, Notes(KEY, ()))
