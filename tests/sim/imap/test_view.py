"""Sequence numbers, UIDs and what is told when (RFC 9051 sections 2.3.1 and 7.5.1)."""

from __future__ import annotations

from tests.sim.imap.chat import House
from tests.sim.imap.conduct import Conduct


def test_an_arrival_is_told_with_the_next_answer() -> None:
    """Outside of IDLE and NOTIFY nothing comes unasked; EXISTS stands before the tagged line."""
    house = House()
    terminal = house.joe()
    house.deliver("one", "two")

    assert terminal.heard() == []
    assert terminal.say("a NOOP") == ["* 2 EXISTS", "a OK NOOP completed."]


def test_no_expunge_comes_while_numbers_are_in_use() -> None:
    """FETCH, STORE and SEARCH keep the numbers; the next command that may shifts them."""
    house = House()
    house.deliver("one", "two", "three")
    terminal = house.joe()
    house.server.expunge("joe", "INBOX", 1)

    assert terminal.say("a FETCH 2 (UID)") == ["* 2 FETCH (UID 2)", "a OK Fetch completed."]
    assert terminal.say("b SEARCH ALL") == ["* SEARCH 2 3", "b OK Search completed."]
    assert terminal.say("c NOOP") == ["* 1 EXPUNGE", "c OK NOOP completed."]
    assert terminal.say("d FETCH 2 (UID)") == ["* 2 FETCH (UID 3)", "d OK Fetch completed."]


def test_expunges_may_come_while_uids_are_in_use() -> None:
    """UID FETCH is another command than FETCH (RFC 9051 section 7.5.1)."""
    house = House()
    house.deliver("one", "two")
    terminal = house.joe()
    house.server.expunge("joe", "INBOX", 1)

    assert terminal.say("a UID FETCH 2 (FLAGS)") == [
        "* 2 FETCH (UID 2 FLAGS ())",
        "* 1 EXPUNGE",
        "a OK Fetch completed.",
    ]


def test_each_expunge_counts_for_the_next_one() -> None:
    """Numbers shift with every EXPUNGE; the highest is told first, and nothing is told twice."""
    house = House()
    house.deliver("one", "two", "three")
    terminal = house.joe()
    house.server.expunge("joe", "INBOX", 1)
    house.server.expunge("joe", "INBOX", 3)

    assert terminal.say("a NOOP")[:-1] == ["* 3 EXPUNGE", "* 1 EXPUNGE"]
    assert terminal.say("b NOOP") == ["b OK NOOP completed."]


def test_who_never_heard_of_a_message_does_not_hear_that_it_is_gone() -> None:
    """A message that came and went between two commands is told by nothing."""
    house = House()
    terminal = house.joe()
    house.deliver("one")
    house.server.expunge("joe", "INBOX", 1)

    assert terminal.say("a NOOP") == ["a OK NOOP completed."]


def test_uids_rise_and_are_never_given_twice() -> None:
    """Neither an expunge of the highest nor a move back brings a UID again."""
    house = House(Conduct(), "Other")
    house.deliver("one", "two")
    house.server.expunge("joe", "INBOX", 2)
    house.server.move("joe", "INBOX", "Other")
    house.server.move("joe", "Other", "INBOX")

    assert house.deliver("three") == [4]
    assert house.joe().say("a UID SEARCH ALL")[0] == "* SEARCH 3 4"


def test_renumbering_gives_a_higher_validity_and_uids_from_one() -> None:
    """UIDVALIDITY rises, and the messages keep their order and dates (RFC 9051 section 2.3.1.1)."""
    house = House()
    house.deliver("one", "two", "three")
    house.server.expunge("joe", "INBOX", 1)
    before = house.server.users["joe"].folders["INBOX"].uid_validity
    house.time.passes(3600.0)
    after = house.server.renumber("joe", "INBOX")

    assert after > before
    terminal = house.joe(opened=None)
    assert f"* OK [UIDVALIDITY {after}] UIDs valid" in terminal.say("a EXAMINE INBOX")
    rows = terminal.say("b UID FETCH 1:* (INTERNALDATE BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
    assert [row for row in rows if row.startswith("Subject")] == ["Subject: two", "Subject: three"]
    assert rows[0].startswith('* 1 FETCH (UID 1 INTERNALDATE "14-Nov-2023 22:13:20 +0000"')


def test_history_tells_of_every_uid_a_message_had() -> None:
    """Delivered, moved and renumbered: one token, three places, and when each of them ended."""
    house = House(Conduct(), "Other")
    house.deliver("one")
    house.time.passes(10.0)
    house.server.move("joe", "INBOX", "Other")
    house.time.passes(10.0)
    house.server.renumber("joe", "Other")
    history = house.server.history
    start = house.time.now - 20.0

    assert [each.token for each in history] == ["one"] * 3
    assert [each.folder for each in history] == ["INBOX", "Other", "Other"]
    assert [each.visible_at for each in history] == [start, start + 10, start + 20]
    assert [each.gone_at for each in history] == [start + 10, start + 20, None]
    assert history[1].uid_validity < history[2].uid_validity


def test_an_open_range_always_names_the_last_message() -> None:
    """``n:*`` above the last UID is the last message (RFC 9051 section 9, seq-range; S1)."""
    house = House()
    house.deliver("one", "two")
    terminal = house.joe()

    assert terminal.say("a UID FETCH 99:* (UID)")[0] == "* 2 FETCH (UID 2)"
    assert terminal.say("b UID SEARCH UID 99:*")[0] == "* SEARCH 2"
    assert terminal.say("c UID FETCH 99 (UID)") == ["c OK Fetch completed."]


def test_an_empty_folder_has_no_last_message() -> None:
    """``*`` of nothing is nothing."""
    terminal = House().joe()

    assert terminal.say("a UID FETCH 1:* (UID)") == ["a OK Fetch completed."]
    assert terminal.say("b UID SEARCH RETURN (ALL COUNT) UID 1:*")[0] == (
        '* ESEARCH (TAG "b") UID COUNT 0'
    )


def test_a_folder_that_is_renumbered_while_open_ends_the_session() -> None:
    """No session may go on with UIDs that are others now."""
    house = House()
    house.deliver("one")
    terminal = house.joe()
    house.server.renumber("joe", "INBOX")

    assert terminal.heard()[0].startswith("* BYE")
    assert terminal.is_closed


def test_a_folder_that_is_renumbered_while_open_may_stay_as_it_was() -> None:
    """A stale view hands over the old UIDs, and hears of nothing new, until it is opened anew."""
    house = House(Conduct(upheaval_bye=0.0))
    house.deliver("one", "two")
    house.server.expunge("joe", "INBOX", 1)
    terminal = house.joe()
    house.server.renumber("joe", "INBOX")
    house.deliver("three")

    assert terminal.say("a UID SEARCH ALL")[0] == "* SEARCH 2"
    assert "* 2 EXISTS" in terminal.say("b EXAMINE INBOX")


def test_a_deleted_folder_is_gone_with_its_messages() -> None:
    """It is listed no more, can not be opened, and made again it has a higher UIDVALIDITY."""
    house = House(Conduct(), "Other")
    house.deliver("one", folder="Other")
    before = house.server.users["joe"].folders["Other"].uid_validity
    house.server.delete_folder("joe", "Other")
    terminal = house.joe(opened=None)

    assert terminal.say('a LIST "" *')[:-1] == ['* LIST (\\HasNoChildren) "/" "INBOX"']
    assert terminal.say("b EXAMINE Other")[0].startswith("b NO [NONEXISTENT]")
    house.server.create_folder("joe", "Other")
    assert house.server.users["joe"].folders["Other"].uid_validity > before
    assert house.server.history[0].gone_at is not None


def test_a_renamed_folder_keeps_its_uids() -> None:
    """UIDs, UIDVALIDITY and UIDNEXT go with the folder (RFC 9051 section 6.3.6)."""
    house = House(Conduct(), "Old")
    house.deliver("one", "two", folder="Old")
    house.server.expunge("joe", "Old", 1)
    validity = house.server.users["joe"].folders["Old"].uid_validity
    house.server.rename_folder("joe", "Old", "New")
    said = house.joe(opened=None).say("a STATUS New (UIDVALIDITY UIDNEXT MESSAGES)")

    assert said[0] == f'* STATUS "New" (UIDVALIDITY {validity} UIDNEXT 3 MESSAGES 1)'
    assert house.joe(opened="New").say("b UID SEARCH ALL")[0] == "* SEARCH 2"


def test_a_failed_open_leaves_nothing_open() -> None:
    """RFC 9051 section 6.3.2: the folder that was open is closed all the same."""
    terminal = House().joe()

    assert terminal.say("a EXAMINE Nowhere")[-1].startswith("a NO")
    assert terminal.say("b UID FETCH 1:* (UID)")[-1].startswith("b BAD")
