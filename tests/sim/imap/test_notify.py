"""NOTIFY, CONDSTORE and QRESYNC (RFC 5465, RFC 7162)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.sim.imap.chat import PEACE, House, Terminal

SELECTED = "NOTIFY SET (selected (MessageNew (UID BODY.PEEK[]<0.5>) MessageExpunge))"


def subscribed(house: House, *, command: str = SELECTED) -> Terminal:
    terminal = house.joe()
    assert terminal.say(f"n {command}")[-1] == "n OK NOTIFY completed."
    return terminal


def test_notify_tells_of_the_open_folder_without_idle() -> None:
    """EXISTS, and then the FETCH that was asked for (RFC 5465 section 5.2)."""
    house = House()
    terminal = subscribed(house)
    house.deliver("one")

    assert terminal.heard() == ["* 1 EXISTS", "* 1 FETCH (UID 1 BODY[]<0> {5}", "Date:)"]
    house.server.expunge("joe", "INBOX", 1)
    assert terminal.heard() == ["* 1 EXPUNGE"]


def test_notify_tells_in_idle_too() -> None:
    """The same responses come while an IDLE is under way."""
    house = House()
    terminal = subscribed(house)
    terminal.say("i IDLE")
    house.deliver("one")

    assert terminal.heard()[:2] == ["* 1 EXISTS", "* 1 FETCH (UID 1 BODY[]<0> {5}"]


def test_a_delayed_group_keeps_numbers_until_a_command() -> None:
    """With selected-delayed no EXPUNGE comes unasked (RFC 5465 section 6.1)."""
    house = House()
    house.deliver("one")
    command = "NOTIFY SET (selected-delayed (MessageNew MessageExpunge))"
    terminal = subscribed(house, command=command)
    house.server.expunge("joe", "INBOX", 1)

    assert terminal.heard() == []
    assert terminal.say("a NOOP")[0] == "* 1 EXPUNGE"


def test_notify_tells_of_other_folders_by_their_numbers() -> None:
    """STATUS with MESSAGES, UIDNEXT and UIDVALIDITY; of what was named, and nothing else."""
    house = House(PEACE, "Junk", "Lists")
    command = "NOTIFY SET (mailboxes (Junk) (MessageNew MessageExpunge))"
    terminal = subscribed(house, command=command)
    house.deliver("one", folder="Junk")
    house.deliver("two", folder="Lists")

    validity = house.server.users["joe"].folders["Junk"].uid_validity
    assert terminal.heard() == [f'* STATUS "Junk" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY {validity})']
    assert terminal.say("a NOTIFY NONE") == ["a OK NOTIFY completed."]
    house.deliver("three", folder="Junk")
    assert terminal.heard() == []


def test_the_open_folder_is_not_told_of_by_status() -> None:
    """A group that covers it tells of it again when another one is open (RFC 5465 section 6)."""
    house = House(PEACE, "Junk")
    terminal = subscribed(house, command="NOTIFY SET (personal (MessageNew MessageExpunge))")
    house.deliver("one")
    assert terminal.heard() == []
    terminal.say("a EXAMINE Junk")
    house.deliver("two")

    assert terminal.heard()[0].startswith('* STATUS "INBOX" (MESSAGES 2')


def test_the_first_group_that_covers_a_folder_counts() -> None:
    """What an earlier group says of a folder, a later one does not change."""
    house = House(PEACE, "Junk")
    command = "NOTIFY SET (mailboxes Junk NONE) (personal (MessageNew MessageExpunge))"
    terminal = subscribed(house, command=command)
    house.deliver("one", folder="Junk")

    assert terminal.heard() == []


def test_notify_can_tell_the_numbers_at_once() -> None:
    """SET STATUS tells each folder concerned, but not the open one (RFC 5465 section 3.1)."""
    house = House(PEACE, "Junk")
    terminal = house.joe()

    said = terminal.say("n NOTIFY SET STATUS (personal (MessageNew MessageExpunge))")
    assert [line.split(" (")[0] for line in said] == ['* STATUS "Junk"', "n OK NOTIFY completed."]


def test_notify_tells_names_of_folders() -> None:
    """LIST of what is made, gone or renamed (RFC 5465 section 5.4)."""
    house = House(PEACE, "Old")
    terminal = subscribed(house, command="NOTIFY SET (personal (MailboxName))")
    house.server.create_folder("joe", "New")
    house.server.rename_folder("joe", "Old", "Other")
    house.server.delete_folder("joe", "New")

    assert terminal.heard() == [
        '* LIST (\\HasNoChildren) "/" "New"',
        '* LIST (\\HasNoChildren) "/" "Other" ("OLDNAME" ("Old"))',
        '* LIST (\\NonExistent) "/" "New"',
    ]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("NOTIFY SET (selected (MessageNew))", "a BAD"),
        ("NOTIFY SET (everything (MessageNew MessageExpunge))", "a BAD"),
        ("NOTIFY SET (personal (MessageNew (UID) MessageExpunge))", "a BAD"),
        ("NOTIFY SET (personal (AnnotationChange))", "a NO [BADEVENT"),
        ("NOTIFY SET", "a BAD"),
    ],
)
def test_a_wrong_notify_is_refused(command: str, answer: str) -> None:
    """RFC 5465 sections 5 and 6 say what stands together."""
    assert House().joe().say(f"a {command}")[-1].startswith(answer)


def test_notify_can_be_accepted_and_mute() -> None:
    """Nothing comes unasked; the next command tells that there is something (I15)."""
    house = House(replace(PEACE, notify_mute=1.0))
    terminal = subscribed(house)
    house.deliver("one")

    assert terminal.heard() == []
    assert terminal.say("a NOOP")[0] == "* 1 EXISTS"


def test_notify_of_the_open_folder_may_need_an_idle() -> None:
    """As with Dovecot: other folders are told of at any time, the open one is not (I15)."""
    house = House(replace(PEACE, notify_only_in_idle=True), "Junk")
    command = f"{SELECTED} (mailboxes Junk (MessageNew MessageExpunge))"
    terminal = subscribed(house, command=command)
    house.deliver("one")
    assert terminal.heard() == []
    house.deliver("two", folder="Junk")
    assert terminal.heard()[0].startswith('* STATUS "Junk"')

    assert terminal.say("i IDLE")[:2] == ["+ idling", "* 1 EXISTS"]


def test_notify_can_be_too_much_for_the_server() -> None:
    """NOTIFICATIONOVERFLOW ends it (RFC 5465 section 5.8)."""
    house = House(replace(PEACE, notify_overflow=1.0))
    terminal = subscribed(house)
    house.deliver("one")
    assert terminal.heard() == ["* OK [NOTIFICATIONOVERFLOW] Too many notifications."]
    house.server.conduct = PEACE
    house.deliver("two")

    assert terminal.heard() == []
    assert terminal.say("a NOOP")[0] == "* 2 EXISTS"


def test_modseqs_rise_with_every_change() -> None:
    """Arrival, flag and departure each have a higher one; HIGHESTMODSEQ is the last (RFC 7162)."""
    house = House()
    folder = house.server.users["joe"].folders["INBOX"]
    seen = [folder.modseq]
    for change in (
        lambda: house.deliver("one", "two"),
        lambda: house.server.flag_some("joe", "INBOX"),
        lambda: house.server.expunge("joe", "INBOX", 1),
    ):
        change()
        seen.append(folder.modseq)

    assert seen == sorted(set(seen))
    assert f"* OK [HIGHESTMODSEQ {seen[-1]}] Highest" in house.joe(opened=None).say(
        "a EXAMINE INBOX"
    )


def test_only_what_changed_since_is_fetched() -> None:
    """CHANGEDSINCE brings MODSEQ along (RFC 7162 section 3.1.4)."""
    house = House()
    house.deliver("one", "two")
    known = house.server.users["joe"].folders["INBOX"].modseq
    house.deliver("three")

    said = house.joe().say(f"a UID FETCH 1:* (FLAGS) (CHANGEDSINCE {known})")
    assert said[:-1] == [f"* 3 FETCH (UID 3 FLAGS () MODSEQ ({known + 2}))"]


def test_qresync_tells_what_vanished() -> None:
    """On opening with what is known, and later in place of EXPUNGE (RFC 7162 section 3.2)."""
    house = House()
    house.deliver("one", "two", "three")
    folder = house.server.users["joe"].folders["INBOX"]
    known = folder.modseq
    house.server.expunge("joe", "INBOX", 2)
    terminal = house.joe(opened=None)
    assert terminal.say("e ENABLE QRESYNC")[0] == "* ENABLED QRESYNC"

    said = terminal.say(f"a EXAMINE INBOX (QRESYNC ({folder.uid_validity} {known}))")
    assert "* VANISHED (EARLIER) 2" in said
    house.server.expunge("joe", "INBOX", 3)
    assert terminal.say("b NOOP")[0] == "* VANISHED 3"


def test_a_move_by_a_client_names_the_new_uids() -> None:
    """COPYUID comes before the EXPUNGE (RFC 6851 section 4.3, RFC 4315)."""
    house = House(PEACE, "Junk")
    house.deliver("one", "two")
    terminal = house.joe(opened=None)
    terminal.say("o SELECT INBOX")
    validity = house.server.users["joe"].folders["Junk"].uid_validity

    assert terminal.say("a UID MOVE 2 Junk") == [
        f"* OK [COPYUID {validity} 2 1] Moved UIDs.",
        "* 2 EXPUNGE",
        "a OK Move completed.",
    ]
    assert terminal.say("b UID MOVE 2 Junk") == ["b OK No messages found."]


def test_deleted_messages_go_when_they_are_named() -> None:
    r"""UID EXPUNGE takes what is \Deleted and in its set, and nothing else (RFC 4315)."""
    house = House()
    house.deliver("one", "two")
    terminal = house.joe(opened=None)
    terminal.say("o SELECT INBOX")
    assert terminal.say("a UID STORE 1:2 +FLAGS.SILENT (\\Deleted)") == ["a OK Store completed."]

    assert terminal.say("b UID EXPUNGE 2") == ["* 2 EXPUNGE", "b OK Expunge completed."]
    assert house.server.history[0].gone_at is None
