"""What every store promises of the journal: intents with the cursor, states, questions, age."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

import pytest

from tests.store.bundle import (
    ACME,
    ANNA,
    BERT,
    HOOK,
    INBOX,
    QUARANTINE,
    Harness,
    Whole,
    bring,
    cursor,
    decision,
    entry,
    intend,
    place,
    posting,
    step,
)
from tests.store.conformance_folders import StoreFixture
from vedette.errors import StoreError
from vedette.model.action import FOLLOWS, ActionState
from vedette.model.ids import ActionId, TenantId
from vedette.ports.journal import JournalQuery, Tally
from vedette.ports.store import EventQuery, Fence, Verdict

DONE = ActionState.DONE
DAY = 86_400.0


async def is_empty(store: Whole) -> bool:
    """Whether nothing of any guard is written."""
    found = (
        await store.journal(JournalQuery()),
        await store.decisions(None, None, since=-math.inf, limit=10),
        await store.tallies(None, None),
    )
    return found == ([], [], [])


async def uids(store: Whole, query: JournalQuery) -> list[int | None]:
    return [each.origin.uid for each in await store.journal(query)]


class JournalContract(StoreFixture):
    """Decisions and actions."""

    async def test_one_commit_writes_cursor_decisions_and_intents(self, store: Whole) -> None:
        """After DONE all of it is there, as it was given."""
        it, why = entry(5, b"strong", b"digest", expires=90.0, reason="—"), decision(5)
        done = await store.commit(
            step(None, cursor(5), posting("e", HOOK), decisions=(why,), actions=(it,))
        )

        assert done is Verdict.DONE
        assert await store.pending(ANNA, INBOX) == [it]
        assert await store.decisions(ANNA, "gambling", since=0.0, limit=1) == [why]
        assert await store.tallies(ANNA, "gambling") == [
            Tally(
                account=ANNA,
                guard="gambling",
                day="1970-01-01",
                verdict="quarantine",
                acted="quarantine",
                count=1,
            )
        ]

    async def test_the_journal_survives_a_restart(self, store: Whole, harness: Harness) -> None:
        """An intent is not forgotten."""
        await store.commit(
            step(None, cursor(5), decisions=(decision(5),), actions=(entry(5, b"key"),))
        )
        await store.stop()
        again = harness.make()
        await again.start()

        assert await again.pending(ANNA) == [entry(5, b"key")]
        assert await again.decisions(ANNA, None, since=0.0, limit=9) == [decision(5)]
        await again.stop()

    async def test_a_stale_commit_writes_nothing_of_guards(self, store: Whole) -> None:
        """Who did not read the newest cursor did not judge the newest mail."""
        commit = step(cursor(4), cursor(5), decisions=(decision(5),), actions=(entry(5, b"k"),))

        assert await store.commit(commit) is Verdict.STALE
        assert await is_empty(store)

    async def test_an_epoch_that_is_over_writes_nothing_of_guards(
        self, store: Whole, harness: Harness
    ) -> None:
        """Neither with a cursor nor without one."""
        await harness.set_epoch(store, 0, 1)
        work = ((decision(5),), (entry(5, b"k"),))

        commit = step(None, cursor(5), decisions=work[0], actions=work[1])
        assert await store.commit(commit) is Verdict.FENCED
        assert await store.intend(Fence(), *work) is Verdict.FENCED
        assert await is_empty(store)

    async def test_a_decision_that_can_not_be_written_writes_nothing(self, store: Whole) -> None:
        """The cursor stays too: the commit is one."""
        bad = decision(5, at=math.nan)
        commit = step(None, cursor(5), posting("e", HOOK), decisions=(bad,), actions=(entry(5),))
        with pytest.raises(StoreError):
            await store.commit(commit)

        assert await is_empty(store)
        assert await store.folders(ANNA) == []
        assert await store.events(EventQuery()) == []

    async def test_intents_of_a_sweep_move_no_cursor(self, store: Whole) -> None:
        """They are the same otherwise."""
        assert await store.intend(Fence(), [decision(5)], [entry(5, b"k")]) is Verdict.DONE

        assert await store.pending(ANNA) == [entry(5, b"k")]
        assert await store.folders(ANNA) == []

    async def test_odd_words_never_stop_a_commit(self, store: Whole) -> None:
        """Half a character, or none, in a domain, an explanation or a reason is spelled out."""
        it = entry(5, b"k", reason="\udc80")
        await store.intend(Fence(), [decision(5, domain="\udc80.example", why="\0\udc81")], [it])
        await store.record(it.id, DONE, now=60.0, reason="\udc82")

        (told,) = await store.decisions(ANNA, None, since=0.0, limit=9)
        assert (told.domain, told.why) == (r"\udc80.example", r"\x00\udc81")
        (written,) = await store.journal(JournalQuery())
        assert written.reason == r"\udc82"

    # States.

    @pytest.mark.parametrize(("before", "after"), list(product(ActionState, ActionState)))
    async def test_a_state_follows_only_as_it_is_drawn(
        self, store: Whole, before: ActionState, after: ActionState
    ) -> None:
        """Everything else is answered with False and changes nothing."""
        await bring(store, entry(5, b"key"), before)
        (was,) = await store.journal(JournalQuery())
        allowed = after in FOLLOWS.get(before, ())

        assert await store.record(was.id, after, now=99.0, reason="so") is allowed
        (now,) = await store.journal(JournalQuery())
        changed = replace(was, state=after, changed=99.0, reason="so")
        assert now == (changed if allowed else was)

    async def test_an_unknown_action_is_not_recorded(self, store: Whole) -> None:
        """Nor counted, nor undone."""
        nothing = ActionId("nothing")

        assert await store.record(nothing, DONE, now=1.0) is False
        assert await store.undo(nothing, now=1.0, reason="") is False
        assert await store.attempted(nothing, now=1.0, reason="") == 0

    async def test_a_result_stays_until_another_is_given(self, store: Whole) -> None:
        """Where the message lies is known to whoever takes it back."""
        it = entry(5, b"key")
        await intend(store, it)
        await store.record(it.id, DONE, now=60.0, result=place(3, QUARANTINE))
        await store.undo(it.id, now=61.0, reason="asked")

        (undoing,) = await store.pending(ANNA)
        assert (undoing.result, undoing.reason) == (place(3, QUARANTINE), "asked")
        await store.record(it.id, ActionState.UNDONE, now=62.0, result=place(9))
        (undone,) = await store.journal(JournalQuery())
        assert (undone.result, undone.changed) == (place(9), 62.0)

    async def test_a_result_may_have_no_uid(self, store: Whole) -> None:
        """A server without COPYUID does not say it."""
        it = entry(5, b"key")
        await intend(store, it)
        await store.record(it.id, DONE, now=60.0, result=place(None, QUARANTINE))

        (done,) = await store.journal(JournalQuery())
        assert done.result == place(None, QUARANTINE)

    async def test_attempts_are_counted_for_each_step(self, store: Whole) -> None:
        """An undoing has as many as the action had; the last step keeps its count."""
        it = entry(5, b"key")
        await intend(store, it)
        assert await store.attempted(it.id, now=51.0, reason="no answer") == 1
        assert await store.attempted(it.id, now=52.0, reason="refused") == 2
        (tried,) = await store.pending(ANNA)
        assert (tried.attempts, tried.reason, tried.changed) == (2, "refused", 52.0)

        await store.record(it.id, DONE, now=60.0)
        assert await store.attempted(it.id, now=61.0, reason="no trash") == 1
        await store.undo(it.id, now=62.0, reason="")
        assert await store.attempted(it.id, now=63.0, reason="") == 1
        await store.record(it.id, ActionState.GONE, now=64.0)
        assert await store.attempted(it.id, now=65.0, reason="") == 0
        assert [each.attempts for each in await store.journal(JournalQuery())] == [1]

    @pytest.mark.parametrize("state", list(ActionState))
    async def test_only_what_is_done_can_be_undone(self, store: Whole, state: ActionState) -> None:
        """Asked of anything else, undo says no."""
        await bring(store, entry(5, b"key"), state)

        assert await store.undo(entry(5).id, now=99.0, reason="") is (state is DONE)

    async def test_an_epoch_that_is_over_records_nothing(
        self, store: Whole, harness: Harness
    ) -> None:
        """Who acted on a mailbox that is another's by now writes neither what it did nor tried."""
        it = entry(5, b"key")
        await intend(store, it)
        await harness.set_epoch(store, 0, 1)
        old, new = Fence(), Fence(epoch=1)

        assert await store.attempted(it.id, now=60.0, reason="no answer", fence=old) == 0
        assert await store.record(it.id, DONE, now=61.0, reason="moved", fence=old) is False
        assert await store.journal(JournalQuery()) == [it]
        assert await store.attempted(it.id, now=62.0, reason="no answer", fence=new) == 1
        assert await store.record(it.id, DONE, now=63.0, fence=new) is True

    # Questions.

    @pytest.mark.parametrize("state", list(ActionState))
    async def test_what_is_to_be_carried_out_is_pending_where_the_message_is(
        self, store: Whole, state: ActionState
    ) -> None:
        """An intent where the message was found, an undoing where the action put it."""
        await bring(store, entry(5, b"key"), state)
        found = {
            folder: len(await store.pending(ANNA, folder)) for folder in (INBOX, QUARANTINE, None)
        }

        there = state in {ActionState.INTENDED, ActionState.COPIED}
        back = state is ActionState.UNDOING
        assert found == {INBOX: there, QUARANTINE: back, None: there or back}

    async def test_an_undone_flag_is_pending_where_it_was_set(self, store: Whole) -> None:
        """An action that moved nothing has no other place."""
        flag = entry(5, b"key", action="flag", kind="flag")
        await intend(store, flag)
        await store.record(flag.id, DONE, now=60.0)
        await store.undo(flag.id, now=61.0, reason="")

        assert [each.id for each in await store.pending(ANNA, INBOX)] == [flag.id]

    async def test_pending_is_of_one_account_oldest_first(self, store: Whole) -> None:
        """In the order in which it was decided, whatever the instants say."""
        await intend(store, entry(7, b"a", at=90.0), entry(5, b"b"), entry(6, b"c", account=BERT))

        assert [each.origin.uid for each in await store.pending(ANNA)] == [7, 5]
        assert [each.origin.uid for each in await store.pending(ANNA, INBOX)] == [7, 5]

    async def test_time_in_quarantine_ends_oldest_first(self, store: Whole) -> None:
        """Only what is DONE, what has an end, and what is past it; at most so many."""
        for uid, expires in ((1, 300.0), (2, 100.0), (3, None), (4, 200.0), (5, 400.0)):
            await bring(store, entry(uid, b"%d" % uid, expires=expires), DONE)
        await intend(store, entry(6, b"6", expires=1.0))
        await bring(store, entry(7, b"7", account=BERT, expires=1.0), DONE)

        found = await store.expired(ANNA, now=400.0, limit=9)
        assert [each.origin.uid for each in found] == [2, 4, 1]
        assert len(await store.expired(ANNA, now=400.0, limit=2)) == 2

    async def test_the_journal_is_told_newest_first(self, store: Whole) -> None:
        """Of two of one instant the one that was written later is the newer."""
        await intend(
            store, entry(1, b"1", at=60.0), entry(2, b"2", at=70.0), entry(3, b"3", at=60.0)
        )

        assert await uids(store, JournalQuery()) == [2, 3, 1]
        assert await uids(store, JournalQuery(limit=1)) == [2]
        assert await uids(store, JournalQuery(since=70.0)) == [2]

    async def test_the_journal_is_filtered(self, store: Whole) -> None:
        """By account, tenant, guard, state and id, one by one and together."""
        ours = entry(1, b"1")
        other = entry(2, b"2", guard="phishing")
        theirs = entry(3, b"3", account=BERT, tenant=TenantId("zeta"))
        await intend(store, ours, other, theirs)
        await store.record(ours.id, DONE, now=60.0)

        assert await uids(store, JournalQuery(account=ANNA)) == [2, 1]
        assert await uids(store, JournalQuery(tenant=ACME)) == [2, 1]
        assert await uids(store, JournalQuery(guard="gambling")) == [3, 1]
        assert await uids(store, JournalQuery(states=(DONE, ActionState.GONE))) == [1]
        assert await uids(store, JournalQuery(action=theirs.id)) == [3]
        assert await uids(store, JournalQuery(action=theirs.id, account=ANNA)) == []
        assert await uids(store, JournalQuery(account=ANNA, guard="gambling")) == [1]
        assert await uids(store, JournalQuery(account=ANNA, tenant=TenantId("zeta"))) == []
        assert await uids(store, JournalQuery(tenant=ACME, guard="phishing")) == [2]
        assert await uids(store, JournalQuery(limit=-1)) == []

    async def test_a_message_is_found_by_any_of_its_keys(self, store: Whole) -> None:
        """Newest first, each entry once, of one account."""
        await intend(
            store,
            entry(1, b"id", b"digest"),
            entry(2, b"digest"),
            entry(3, b"other"),
            entry(4, b"id", account=BERT),
        )

        found = await store.acted_on(ANNA, [b"id", b"digest", b"nothing"])
        assert [each.origin.uid for each in found] == [2, 1]
        assert await store.acted_on(ANNA, []) == []

    async def test_decisions_are_told_newest_first(self, store: Whole) -> None:
        """Of an account, of a guard, of both or of all, from an instant on, at most so many."""
        made = [
            decision(1, at=60.0),
            decision(2, at=80.0),
            decision(3, at=70.0, guard="phishing"),
            decision(4, at=60.0, account=BERT),
        ]
        await store.intend(Fence(), made, ())

        async def ask(*who: str | None, since: float = 0.0, limit: int = 9) -> list[int | None]:
            account, guard = who
            found = await store.decisions(account, guard, since=since, limit=limit)  # type: ignore[arg-type]
            return [each.origin.uid for each in found]

        assert await ask(None, None) == [2, 3, 4, 1]
        assert await ask(ANNA, None) == [2, 3, 1]
        assert await ask(None, "gambling") == [2, 4, 1]
        assert await ask(ANNA, "phishing") == [3]
        assert await ask(None, None, since=70.0) == [2, 3]
        assert await ask(None, None, limit=1) == [2]

    async def test_decisions_are_counted_by_day(self, store: Whole) -> None:
        """In UTC, and apart by what was decided and what was done."""
        made = [
            decision(1, at=DAY - 0.001),
            decision(2, at=DAY),
            decision(3, at=DAY + 5, acted="shadow"),
            decision(4, at=DAY + 6, acted="shadow"),
            decision(5, at=DAY, account=BERT, guard="phishing"),
        ]
        await store.intend(Fence(), made[:3], ())
        await store.intend(Fence(), made[3:], ())

        async def ask(account: str | None, guard: str | None, since: str = "") -> list[str]:
            found = await store.tallies(account, guard, since=since)  # type: ignore[arg-type]
            return [f"{each.day} {each.account} {each.acted} {each.count}" for each in found]

        first, second = "1970-01-01 anna quarantine 1", "1970-01-02 anna quarantine 1"
        shadow, bert = "1970-01-02 anna shadow 2", "1970-01-02 bert quarantine 1"
        assert await ask(None, None) == [first, second, shadow, bert]
        assert await ask(ANNA, None) == [first, second, shadow]
        assert await ask(None, "phishing") == [bert]
        assert await ask(ANNA, "gambling", since="1970-01-02") == [second, shadow]
        assert await ask(None, None, since="1970-01-03") == []

    # Age.

    async def test_old_decisions_go_and_their_counts_stay(self, store: Whole) -> None:
        """In bounded steps, the oldest first."""
        made = [decision(uid, at=float(uid)) for uid in (3, 1, 2, 4)]
        await store.intend(Fence(), made, ())

        assert await store.purge_decisions(before=4.0, limit=2) == 2
        left = await store.decisions(None, None, since=0.0, limit=9)
        assert [each.origin.uid for each in left] == [4, 3]
        assert await store.purge_decisions(before=4.0, limit=2) == 1
        assert await store.purge_decisions(before=4.0, limit=2) == 0
        assert [each.count for each in await store.tallies(None, None)] == [4]

    async def test_old_entries_go_when_they_are_over(self, store: Whole) -> None:
        """What is pending or in quarantine stays, however old."""
        for uid, state in enumerate(ActionState, 1):
            await bring(store, entry(uid, b"%d" % uid), state, now=60.0)

        assert await store.purge_journal(before=60.0, limit=9) == 0
        assert await store.purge_journal(before=60.1, limit=2) == 2
        assert await store.purge_journal(before=60.1, limit=9) == 3
        left = {each.state for each in await store.journal(JournalQuery())}
        assert left == set(FOLLOWS)

    async def test_a_forgotten_message_is_new_again(self, store: Whole) -> None:
        """Its keys go with the entry."""
        await bring(store, entry(5, b"key"), ActionState.UNDONE)
        await store.purge_journal(before=99.0, limit=9)
        await intend(store, entry(6, b"key"))

        assert await store.acted_on(ANNA, [b"key"]) == [entry(6, b"key")]
