"""What the server keeps: UIDs that only rise, names in one spelling, and a bound."""

from __future__ import annotations

import pytest

from tests.demo.talk import HELLO, NOW, Talk, maildrop
from vedette.demo import mailbox
from vedette.demo.mailbox import OverQuotaError, canonical


def test_a_uid_is_never_given_twice() -> None:
    """Not even when the last message is gone (RFC 3501 section 2.3.1.1)."""
    box = maildrop().mailboxes["INBOX"]
    first = box.append(HELLO, date=NOW)
    box.expunge(first.uid)
    box.expunge(first.uid)
    assert box.append(HELLO, date=NOW).uid == first.uid + 1
    assert (len(box), box.last_uid) == (1, 2)


def test_inbox_has_one_spelling() -> None:
    """As a name and as the first level of one; others keep their case."""
    assert canonical("inbox") == "INBOX"
    assert canonical("Inbox/Old") == "INBOX/Old"
    assert canonical("Inboxes") == "Inboxes"
    assert maildrop().get("iNbOx") is not None


def test_a_name_is_made_once() -> None:
    """The second time is a mistake of the caller."""
    drop = maildrop()
    with pytest.raises(ValueError, match="Junk"):
        drop.create("Junk")


def test_a_full_maildrop_takes_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound counts all mailboxes; what is expunged makes room; a copy is all or nothing."""
    monkeypatch.setattr(mailbox, "QUOTA", 3 * len(HELLO))
    talk = Talk()
    talk.deliver()
    talk.deliver()
    talk.send("a SELECT INBOX")
    assert talk.send("b COPY 1:2 Junk")[-1].startswith("b NO [OVERQUOTA]")
    assert len(talk.drop.mailboxes["Junk"]) == 0
    talk.deliver(folder="Junk")
    with pytest.raises(OverQuotaError):
        talk.deliver()
    assert talk.send("c APPEND Junk {1+}", "x")[-1].startswith("c NO [OVERQUOTA]")
    talk.inbox.expunge(1)
    assert talk.deliver() == 3
