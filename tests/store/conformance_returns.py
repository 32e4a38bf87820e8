"""What every store promises of mail that comes back: no guard acts on it a second time."""

from __future__ import annotations

import pytest

from tests.store.bundle import (
    ANNA,
    BERT,
    INBOX,
    QUARANTINE,
    Whole,
    bring,
    cursor,
    decision,
    entry,
    intend,
    place,
    step,
)
from tests.store.conformance_folders import StoreFixture
from vedette.model.action import ActionState
from vedette.ports.journal import JournalQuery, Tally

DONE = ActionState.DONE


async def states(store: Whole) -> dict[int | None, ActionState]:
    """Return the state of each of Anna's entries, by the UID that it was about."""
    found = await store.journal(JournalQuery(account=ANNA))
    return {each.origin.uid: each.state for each in found}


async def acted(store: Whole) -> list[str]:
    """Return what became of each decision, newest first."""
    return [each.acted for each in await store.decisions(None, None, since=0.0, limit=10)]


class ReturnContract(StoreFixture):
    """Messages that are here again."""

    async def test_a_message_that_the_user_moved_back_is_left_alone(self, store: Whole) -> None:
        """No second action; the first is RETURNED; the decision and its count say so."""
        await bring(store, entry(5, b"key"), DONE)
        again = entry(6, b"other", b"key", at=90.0)
        await store.commit(
            step(None, cursor(6), decisions=(decision(6, at=90.0),), actions=(again,))
        )

        assert await store.pending(ANNA) == []
        (first,) = await store.journal(JournalQuery())
        assert (first.state, first.changed) == (ActionState.RETURNED, 90.0)
        assert await acted(store) == ["returned", "quarantine"]
        tallies = {(each.acted, each.count) for each in await store.tallies(ANNA, None)}
        assert tallies == {("returned", 1), ("quarantine", 1)}

    async def test_a_message_that_came_back_may_move_about(self, store: Whole) -> None:
        """Once RETURNED it is safe in every folder, again and again."""
        await bring(store, entry(5, b"key"), DONE)
        for uid in (6, 7, 8):
            await intend(store, entry(uid, b"key", folder=b"Junk"))

        assert await states(store) == {5: ActionState.RETURNED}

    @pytest.mark.parametrize(
        "state",
        [
            ActionState.COPIED,
            ActionState.UNDOING,
            ActionState.UNDONE,
            ActionState.RETURNED,
            ActionState.EXPIRED,
        ],
    )
    async def test_what_was_acted_on_is_left_alone_whoever_brought_it_back(
        self, store: Whole, state: ActionState
    ) -> None:
        """Also while it is on its way, and from the trash; the earlier entry stays as it is."""
        await bring(store, entry(5, b"key"), state)
        await intend(store, entry(6, b"key"))

        assert await states(store) == {5: state}
        assert (await acted(store))[0] == "returned"

    @pytest.mark.parametrize("state", [ActionState.INTENDED, ActionState.FAILED, ActionState.GONE])
    async def test_what_nobody_acted_on_is_no_return(
        self, store: Whole, state: ActionState
    ) -> None:
        """A message that was only meant to be moved may be meant again."""
        await bring(store, entry(5, b"key"), state)
        await intend(store, entry(6, b"key"))

        assert await states(store) == {5: state, 6: ActionState.INTENDED}

    async def test_what_was_taken_out_of_quarantine_is_left_alone_where_it_went(
        self, store: Whole
    ) -> None:
        """It was done, and then it was not where it had been put: the user has it now."""
        await bring(store, entry(5, b"key"), DONE)
        assert await store.record(entry(5, b"key").id, ActionState.GONE, now=70.0)
        await intend(store, entry(6, b"key"))

        assert await states(store) == {5: ActionState.GONE}
        assert (await acted(store))[0] == "returned"

    async def test_returns_are_of_one_guard_and_one_account(self, store: Whole) -> None:
        """Another guard has its own reasons, another account its own user."""
        await bring(store, entry(5, b"key"), DONE)
        other, bert = entry(6, b"key", guard="phishing"), entry(6, b"key", account=BERT)
        await intend(store, other, bert)

        assert [each.id for each in await store.pending(ANNA)] == [other.id]
        assert [each.id for each in await store.pending(BERT)] == [bert.id]

    async def test_a_message_without_identity_never_comes_back(self, store: Whole) -> None:
        """What can not be known again is judged for what it is."""
        await bring(store, entry(5), DONE)
        await intend(store, entry(6))

        assert await states(store) == {5: DONE, 6: ActionState.INTENDED}

    async def test_the_same_action_on_the_same_message_is_written_once(self, store: Whole) -> None:
        """A known id is left alone, in whatever state it is."""
        await intend(store, entry(5, b"key"))
        await intend(store, entry(5, b"key", at=70.0))

        (only,) = await store.pending(ANNA)
        assert only.at == 50.0
        assert await acted(store) == ["repeated", "quarantine"]

    async def test_a_late_judgement_of_a_moved_message_is_no_return(self, store: Whole) -> None:
        """The very UID that was moved can not be here again: the answer was an old one."""
        await bring(store, entry(5, b"key"), DONE)
        await intend(store, entry(5, b"key", action="other", kind="move"))

        assert await states(store) == {5: DONE}
        assert (await acted(store))[0] == "repeated"

    async def test_a_flag_is_set_once_and_its_message_may_move(self, store: Whole) -> None:
        """A message that keeps its flag did not come back; its entry stays DONE."""
        flag = entry(5, b"key", action="flag", kind="flag")
        await bring(store, flag, DONE)
        await intend(store, entry(6, b"key", action="flag", kind="flag"))

        assert await states(store) == {5: DONE}
        assert (await acted(store))[0] == "repeated"

    async def test_what_was_flagged_may_be_moved_later(self, store: Whole) -> None:
        """A sweep with better lists may know more than the first look."""
        await bring(store, entry(5, b"key", action="flag", kind="flag"), DONE)
        move = entry(5, b"key")
        await intend(store, move)

        assert [each.id for each in await store.pending(ANNA)] == [move.id]

    async def test_a_flag_that_was_taken_back_is_the_last_word(self, store: Whole) -> None:
        """Whoever takes back the least does not want more."""
        await bring(store, entry(5, b"key", action="flag", kind="flag"), ActionState.UNDONE)
        await intend(store, entry(5, b"key"))

        assert await store.pending(ANNA) == []
        assert (await acted(store))[0] == "returned"

    async def test_of_two_alike_in_quarantine_one_came_back(self, store: Whole) -> None:
        """The other still waits for the end of its time."""
        await intend(store, entry(5, b"key"), entry(6, b"key"))
        for each in (entry(5), entry(6)):
            await store.record(each.id, DONE, now=60.0)
        await intend(store, entry(7, b"key"))
        assert await states(store) == {5: DONE, 6: ActionState.RETURNED}

        # The second one comes back too: it is left alone, and its entry is spent with it.
        await intend(store, entry(8, b"key"))
        assert await states(store) == {5: ActionState.RETURNED, 6: ActionState.RETURNED}

    async def test_what_we_put_back_is_known_by_its_place(self, store: Whole) -> None:
        """Its like in quarantine is not taken for it."""
        await intend(store, entry(5, b"key"), entry(6, b"key"))
        await store.record(entry(5).id, DONE, now=60.0)
        await store.record(entry(6).id, DONE, now=60.0)
        await store.undo(entry(5).id, now=70.0, reason="by hand")
        await store.record(entry(5).id, ActionState.UNDONE, now=71.0, result=place(7))
        await intend(store, entry(7, b"key"))

        assert await states(store) == {5: ActionState.UNDONE, 6: DONE}

    async def test_what_is_being_put_back_explains_a_return(self, store: Whole) -> None:
        """It may arrive before we know that we moved it; its like stays DONE."""
        await intend(store, entry(5, b"key"), entry(6, b"key"))
        await store.record(entry(5).id, DONE, now=60.0, result=place(1, QUARANTINE))
        await store.record(entry(6).id, DONE, now=60.0, result=place(2, QUARANTINE))
        await store.undo(entry(5).id, now=70.0, reason="by hand")
        await intend(store, entry(7, b"key"))

        assert await states(store) == {5: ActionState.UNDOING, 6: DONE}
        assert await store.record(entry(5).id, ActionState.UNDONE, now=71.0)

    async def test_a_decision_with_one_new_action_keeps_its_word(self, store: Whole) -> None:
        """What it says became of it is true of one of its actions."""
        await bring(store, entry(5, b"key", action="flag", kind="flag"), DONE)
        both = (entry(5, b"key", action="flag", kind="flag"), entry(5, b"key"))
        await store.commit(
            step(None, cursor(5), decisions=(decision(5, acted="flag, quarantine"),), actions=both)
        )

        assert (await acted(store))[0] == "flag, quarantine"
        assert Tally(
            account=ANNA,
            guard="gambling",
            day="1970-01-01",
            verdict="quarantine",
            acted="flag, quarantine",
            count=1,
        ) in await store.tallies(ANNA, None)

    async def test_a_decision_about_another_message_keeps_its_word(self, store: Whole) -> None:
        """One message of a batch came back, the next is new."""
        await bring(store, entry(5, b"key"), DONE)
        await intend(store, entry(6, b"key"), entry(7, b"new"))

        assert sorted((await acted(store))[:2]) == ["quarantine", "returned"]
        (pending,) = await store.pending(ANNA, INBOX)
        assert pending.origin.uid == 7
