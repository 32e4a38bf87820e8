"""Commands under way: one holder at a time, and order kept."""

from __future__ import annotations

from vedette.imap.commands import Idle, Noop, Select
from vedette.imap.events import Tag
from vedette.imap.sending import Pending, Sender


def pending(tag: str, *parts: bytes, idle: bool = False) -> Pending:
    return Pending(tag=Tag(tag), command=Idle() if idle else Noop(), parts=list(parts))


def test_sender_keeps_order_behind_a_holder() -> None:
    """What waits for a plus is passed by nobody."""
    sender = Sender()
    sender.add(pending("1", b"a{1}", b"x{1}", b"y"))
    sender.add(pending("2", b"b"))
    assert sender.take() == b"a{1}"

    sender.advance()
    assert sender.take() == b"x{1}"
    sender.advance()
    assert sender.take() == b"yb"
    assert sender.holder is None


def test_sender_frees_what_waited_behind_an_answered_holder() -> None:
    """The end of the holder is the turn of the next, which may hold in its turn."""
    sender = Sender()
    first, second = pending("1", b"IDLE", idle=True), pending("2", b"IDLE", idle=True)
    sender.add(first)
    sender.add(second)
    sender.remove(first)

    assert sender.take() == b"IDLEIDLE"
    assert sender.holder is second


def test_sender_finds_by_tag_and_by_kind() -> None:
    """The latest of a kind is the one that counts."""
    sender = Sender()
    first, second = pending("1", b"x"), pending("2", b"x")
    sender.add(first)
    sender.add(second)

    assert sender.find("1") is first
    assert sender.find("3") is None
    assert sender.last(Noop) is second
    assert sender.last((Select, Idle)) is None


def test_sender_forgets_everything_at_the_end() -> None:
    """After the end there is nothing to send and nobody to answer."""
    sender = Sender()
    sender.add(pending("1", b"a", b"b"))
    sender.clear()
    sender.advance()

    assert (sender.take(), sender.pending, sender.holder) == (b"", (), None)
