"""The books find what is missing, what came twice and what nobody knows."""

from __future__ import annotations

from typing import Any

from vedette.demo.books import Balance, Books, Place


def event(uid: int, *, kind: str = "message.received") -> dict[str, Any]:
    """Return an event about a message in anna's INBOX."""
    return {
        "id": f"id-{uid}",
        "type": kind,
        "data": {
            "account": {"id": "anna"},
            "folder": {"path": "INBOX"},
            "uidValidity": 7,
            "uid": uid,
        },
    }


def place(uid: int) -> Place:
    """Return the place of that message."""
    return Place(account="anna", folder="INBOX", uid_validity=7, uid=uid)


def test_books_agree_when_each_message_came_once() -> None:
    """Two held, two told."""
    books = Books()
    books.enter(event(1))
    books.enter(event(2))
    balance = books.balance([place(1), place(2)])
    assert balance == Balance(delivered=2, lost=0, repeated=0, strangers=0)
    assert balance.agrees


def test_books_find_a_loss_a_repeat_and_a_stranger() -> None:
    """Each of them alone is enough to disagree."""
    books = Books()
    assert books.enter(event(1)) == place(1)
    books.enter(event(1))
    books.enter(event(9))
    balance = books.balance([place(1), place(2)])
    assert balance == Balance(delivered=1, lost=1, repeated=1, strangers=1)
    assert not books.balance([place(1), place(9)]).agrees
    assert not Balance(delivered=1, lost=1, repeated=0, strangers=0).agrees
    assert not Balance(delivered=1, lost=0, repeated=0, strangers=1).agrees


def test_books_call_nothing_lost_that_is_under_way() -> None:
    """What may still be told is counted apart, and the books do not agree yet."""
    books = Books()
    books.enter(event(1))
    balance = books.balance([place(1), place(2), place(3)], late={place(1), place(2)})
    assert balance == Balance(delivered=1, lost=1, repeated=0, strangers=0, late=1)
    assert str(balance) == "1 delivered, 1 lost, 0 repeated, 1 still under way"
    assert not Balance(delivered=1, lost=0, repeated=0, strangers=0, late=1).agrees


def test_books_count_messages_only() -> None:
    """An account's own story is no mail."""
    books = Books()
    assert books.enter(event(1, kind="account.connected")) is None
    assert books.balance([]) == Balance(delivered=0, lost=0, repeated=0, strangers=0)
