"""The recent UIDs of the server against the events that are stored."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vedette.imap import UidSet
from vedette.model.cursor import Cursor, FolderState, Gap
from vedette.model.event import EventType
from vedette.model.ids import AccountId, message_event_id
from vedette.sync import reconcile

JOE = AccountId("joe")

uids = st.integers(1, 1200)


def state(last: int, first: int = 0, gaps: tuple[int, ...] = ()) -> FolderState:
    """Return a folder that was watched since UID ``first`` and read up to ``last``."""
    return FolderState(
        path=b"INBOX",
        cursor=Cursor(uid_validity=7, last_uid=last, first_uid=first),
        gaps=tuple(Gap(uid_validity=7, uid=uid, tries=0, due=0.0) for uid in gaps),
    )


def told(uid: int, kind: EventType = EventType.MESSAGE_RECEIVED) -> str:
    """Return the id of the event that settles a UID."""
    return message_event_id(JOE, b"INBOX", 7, uid, kind)


def test_s9_a_uid_without_an_event_is_unsettled() -> None:
    """UID 41 was never told, 42 was."""
    wanted = reconcile.candidates(JOE, state(42, first=40), UidSet([41, 42]))

    assert reconcile.unsettled(wanted, frozenset({told(42)})) == (41,)  # type: ignore[arg-type]


def test_missing_and_unparseable_settle_a_uid_too() -> None:
    """What was reported once is not owed for ever."""
    wanted = reconcile.candidates(JOE, state(42, first=40), UidSet([41, 42]))
    stored = {told(41, EventType.MESSAGE_MISSING), told(42, EventType.MESSAGE_UNPARSEABLE)}

    assert reconcile.unsettled(wanted, frozenset(stored)) == ()  # type: ignore[arg-type]


def test_an_open_gap_is_not_asked_for_a_second_time() -> None:
    """It has its own questions."""
    assert reconcile.candidates(JOE, state(42, first=40, gaps=(41,)), UidSet([41])) == {}


@given(first=uids, more=st.integers(0, 1200), listed=st.sets(uids))
def test_only_what_is_ours_is_looked_at(first: int, more: int, listed: set[int]) -> None:
    """Nothing from before the watch, nothing above the cursor."""
    folder = state(first + more, first=first)

    wanted = reconcile.candidates(JOE, folder, listed)

    assert (reconcile.window(folder.cursor) is None) == (more == 0)
    assert set(wanted) == {uid for uid in listed if first < uid <= first + more}
