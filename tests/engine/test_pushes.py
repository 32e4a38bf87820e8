"""What is kept of messages that come unasked, and for how long one is waited for."""

from __future__ import annotations

from vedette.engine.pushes import AT_MOST, MAX_OCTETS, MAX_ROWS, PATIENCE, Pushes
from vedette.imap import Fetch, Section, Streamed


def row(uid: int, data: bytes | Streamed | None = b"mail") -> Fetch:
    return Fetch(seq=uid, uid=uid, sections=(Section(name=b"", data=data),))


def test_rows_are_given_once_and_in_order() -> None:
    """Rows come out as they came in, and only once."""
    pushes = Pushes()
    for uid in (3, 4):
        pushes.keep(row(uid))
    assert [each.uid for each in pushes.take()] == [3, 4]
    assert pushes.take() == []


def test_a_row_without_a_message_in_memory_is_left() -> None:
    """A change of flags, a NIL body and a literal that was streamed are no messages at hand."""
    pushes = Pushes()
    for each in (Fetch(seq=3, uid=3), row(4, None), row(5, Streamed(1, 70_000))):
        pushes.keep(each)
    assert pushes.take() == []


def test_no_more_rows_are_kept_than_a_step_takes() -> None:
    """A flood of rows costs the memory of one step, however long it lasts."""
    pushes = Pushes()
    for uid in range(MAX_ROWS + 10):
        pushes.keep(row(uid))
    assert len(pushes.take()) == MAX_ROWS


def test_an_announced_message_is_awaited_until_the_line_is_silent() -> None:
    """Every octet puts the question off."""
    pushes = Pushes()
    pushes.announced(10.0)
    assert pushes.deadline(1, heard=10.0) == 10.0 + PATIENCE
    assert pushes.deadline(1, heard=11.0) == 11.0 + PATIENCE


def test_a_server_that_talks_of_other_things_does_not_put_the_question_off_for_ever() -> None:
    """An announced message is asked for in the end, whatever else is said."""
    pushes = Pushes()
    pushes.announced(10.0)
    pushes.announced(14.0)
    assert pushes.deadline(2, heard=100.0) == 10.0 + AT_MOST


def test_a_message_that_is_here_is_not_awaited() -> None:
    """As many rows as announcements: there is nothing to wait for."""
    pushes = Pushes()
    pushes.announced(10.0)
    pushes.keep(row(3))
    assert pushes.deadline(1, heard=10.0) is None


def test_more_than_can_be_kept_are_not_awaited() -> None:
    """What has to be fetched in steps anyway is fetched now."""
    pushes = Pushes()
    pushes.announced(10.0)
    assert pushes.deadline(MAX_ROWS + 1, heard=10.0) is None


def test_no_more_octets_are_kept_than_were_asked_for() -> None:
    """Rows above a window each are left to be fetched, and what was taken makes room again."""
    pushes = Pushes()
    for uid in range(MAX_ROWS):
        pushes.keep(row(uid, b"." * 512 * 1024))
    assert len(pushes.take()) == MAX_OCTETS // (512 * 1024)
    pushes.keep(row(3))
    assert len(pushes.take()) == 1


def test_three_messages_in_a_row_that_did_not_come_are_enough() -> None:
    """One may have been moved away before it was sent; what comes between forgives it."""
    pushes = Pushes()
    assert [pushes.missed(), pushes.missed()] == [False, False]
    pushes.keep(row(3))
    pushes.take()
    assert [pushes.missed(), pushes.missed(), pushes.missed()] == [False, False, True]
