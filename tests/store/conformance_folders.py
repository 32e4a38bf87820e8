"""What every store promises of folders, commits, health and itself."""

from __future__ import annotations

import asyncio
import dataclasses
import math
from collections.abc import AsyncIterator

import pytest

from tests.store.bundle import (
    ACME,
    ANNA,
    BERT,
    FILE,
    HOOK,
    INBOX,
    Harness,
    Whole,
    cursor,
    gap,
    names,
    post,
    posting,
    step,
    take,
)
from vedette.errors import StoreError, Trouble
from vedette.model.account import AccountState, Health
from vedette.model.cursor import FolderState
from vedette.model.ids import AccountId, EventId
from vedette.ports.store import EventQuery, Fence, Store, Verdict

HEALTH = Health(account=ANNA, tenant=ACME, email="anna@example.org")


class StoreFixture:
    """A started store on a fresh state."""

    @pytest.fixture
    async def store(self, harness: Harness) -> AsyncIterator[Whole]:
        store = harness.make()
        await store.start()
        yield store
        await store.stop()


class FolderContract(StoreFixture):
    """Commits, folders, identity keys, readings, health."""

    async def test_a_new_account_has_no_folders(self, store: Store) -> None:
        """Nothing is known of an account that was never watched."""
        assert await store.folders(ANNA) == []

    async def test_first_commit_makes_the_folder(self, store: Store) -> None:
        """A commit that expects no cursor creates the folder as it says."""
        commit = step(None, cursor(5, modseq=2**63 - 1), mailbox_id="F1", gaps=(gap(3),))

        assert await store.commit(commit) is Verdict.DONE
        assert await store.folders(ANNA) == [
            FolderState(path=INBOX, cursor=commit.cursor, mailbox_id="F1", gaps=(gap(3),))
        ]

    async def test_commit_compares_every_part_of_the_cursor(self, store: Store) -> None:
        """A cursor that differs in UIDVALIDITY, UID or modseq is stale, and nothing is written."""
        await store.commit(step(None, cursor(5, modseq=9)))

        for expected in (None, cursor(4, modseq=9), cursor(5), cursor(5, uid_validity=8, modseq=9)):
            stale = step(expected, cursor(6), posting("lost", HOOK), seen=(b"key",))
            assert await store.commit(stale) is Verdict.STALE

        assert [state.cursor for state in await store.folders(ANNA)] == [cursor(5, modseq=9)]
        assert await store.events(EventQuery()) == []
        assert await store.known(ANNA, [b"key"]) == frozenset()

    async def test_commit_on_a_forgotten_folder_is_stale(self, store: Store) -> None:
        """A writer that still believes in a dropped folder has to read again."""
        await store.commit(step(None, cursor(5)))
        await store.forget_folder(ANNA, INBOX)

        assert await store.commit(step(cursor(5), cursor(6))) is Verdict.STALE
        assert await store.folders(ANNA) == []

    @pytest.mark.parametrize(("shard", "epoch"), [(0, 0), (0, 2), (1, 1)])
    async def test_an_epoch_that_is_over_writes_nothing(
        self, store: Store, harness: Harness, shard: int, epoch: int
    ) -> None:
        """A fence of an older, a younger or no epoch refuses commits and posts alike."""
        await harness.set_epoch(store, 0, 1)

        commit = step(None, cursor(1), posting("e", HOOK), shard=shard, epoch=epoch)
        assert await store.commit(commit) is Verdict.FENCED
        fence = Fence(shard=shard, epoch=epoch)
        assert await store.post(fence, [posting("e", HOOK)]) is Verdict.FENCED
        assert await store.folders(ANNA) == []
        assert await store.events(EventQuery()) == []

    async def test_the_fence_is_asked_before_the_cursor(
        self, store: Store, harness: Harness
    ) -> None:
        """Who is fenced learns that, and not that it should read and try again."""
        await harness.set_epoch(store, 0, 1)

        assert await store.commit(step(cursor(9), cursor(10))) is Verdict.FENCED

    async def test_one_commit_writes_cursor_events_and_keys_together(self, store: Store) -> None:
        """After DONE the cursor, the event, its deliveries and its identity key are there."""
        verdict = await store.commit(
            step(None, cursor(5), posting("e", HOOK, FILE, body=b"body"), seen=(b"key",))
        )

        assert verdict is Verdict.DONE
        (event,) = await store.events(EventQuery())
        assert (event.event, event.body, event.due) == ("e", b"body", 2)
        assert await store.known(ANNA, [b"key", b"other"]) == {b"key"}
        assert await store.stored([EventId("e"), EventId("f")]) == {"e"}

    async def test_a_message_whose_like_was_delivered_gets_its_other_body(
        self, store: Store
    ) -> None:
        """One key that the account knows is enough; another account's key is none."""
        first = posting("e", body=b"new", keys=(b"key",), again=b"again")
        await store.commit(step(None, cursor(5), first, seen=(b"key",)))
        later = [
            posting("f", body=b"new", keys=(b"other", b"key"), again=b"again"),
            posting("g", body=b"new", keys=(b"other",), again=b"again"),
        ]
        await store.commit(step(cursor(5), cursor(7), *later, seen=(b"other", b"key")))

        found = {event.event: event.body for event in await store.events(EventQuery())}
        assert found == {"e": b"new", "f": b"again", "g": b"new"}

    async def test_a_known_event_is_written_once(self, store: Store) -> None:
        """An id that is stored keeps its first body and gets no second delivery."""
        await store.commit(step(None, cursor(5), posting("e", HOOK, body=b"first")))
        again = step(cursor(5), cursor(6), posting("e", HOOK, FILE, body=b"second"))

        assert await store.commit(again) is Verdict.DONE
        (event,) = await store.events(EventQuery())
        assert (event.body, event.due) == (b"first", 1)

    async def test_an_endpoint_named_twice_gets_one_delivery(self, store: Store) -> None:
        """The endpoints of a posting are a set."""
        await post(store, posting("e", HOOK, HOOK))

        assert names(await take(store)) == ["e"]

    async def test_gaps_move_on_and_close(self, store: Store) -> None:
        """A gap that comes again is replaced, and a closed one is gone, also in one commit."""
        await store.commit(step(None, cursor(5), gaps=(gap(2), gap(3), gap(4))))
        moved = gap(3, tries=2, due=900.0)
        await store.commit(
            step(cursor(5), cursor(5, modseq=1), gaps=(moved, gap(4)), closed=(2, 4))
        )

        (state,) = await store.folders(ANNA)
        assert state.gaps == (moved,)

    async def test_another_uidvalidity_drops_the_old_gaps(self, store: Store) -> None:
        """UIDs of a folder's former life are not asked for in the new one."""
        await store.commit(step(None, cursor(5), gaps=(gap(2), gap(3))))
        again = gap(3, uid_validity=8)
        await store.commit(step(cursor(5), cursor(1, uid_validity=8), gaps=(again,)))

        (state,) = await store.folders(ANNA)
        assert state.gaps == (again,)

    async def test_a_gap_of_another_uidvalidity_is_not_opened(self, store: Store) -> None:
        """A UID that the cursor's folder never had can not be asked for."""
        await store.commit(
            step(
                None,
                cursor(5),
                gaps=(gap(3), gap(4), gap(4, uid_validity=6), gap(9, uid_validity=6)),
            )
        )

        (state,) = await store.folders(ANNA)
        assert state.gaps == (gap(3), gap(4))

    async def test_a_mailbox_id_stays_until_the_folder_is_made_anew(self, store: Store) -> None:
        """A commit that names no mailbox id keeps it, within one UIDVALIDITY."""
        await store.commit(step(None, cursor(5), mailbox_id="F1"))
        await store.commit(step(cursor(5), cursor(6)))
        assert [state.mailbox_id for state in await store.folders(ANNA)] == ["F1"]

        await store.commit(step(cursor(6), cursor(1, uid_validity=8)))
        assert [state.mailbox_id for state in await store.folders(ANNA)] == [None]

    async def test_folders_are_told_apart_by_account_and_path(self, store: Store) -> None:
        """The same path of two accounts, and two paths of one, are three folders."""
        await store.commit(step(None, cursor(1)))
        await store.commit(step(None, cursor(2), folder=b"\xff&"))
        await store.commit(step(None, cursor(3), account=BERT))

        assert [state.path for state in await store.folders(ANNA)] == [INBOX, b"\xff&"]
        assert [state.cursor.last_uid for state in await store.folders(BERT)] == [3]

    async def test_forgetting_a_folder_keeps_what_was_seen(self, store: Store) -> None:
        """Identity keys outlive the cursor: a renamed folder delivers nothing twice."""
        await store.commit(step(None, cursor(5), seen=(b"key",), gaps=(gap(2),)))
        await store.forget_folder(ANNA, INBOX)
        await store.commit(step(None, cursor(1)))

        (state,) = await store.folders(ANNA)
        assert state.gaps == ()
        assert await store.known(ANNA, [b"key"]) == {b"key"}
        assert await store.known(BERT, [b"key"]) == frozenset()

    async def test_readings_count_up_until_the_cursor_passed(self, store: Store) -> None:
        """Each start is counted; the count ends with the message's commit."""
        assert await store.begin_read(ANNA, INBOX, 7, 5) == 1
        assert await store.begin_read(ANNA, INBOX, 7, 5) == 2
        assert await store.begin_read(ANNA, INBOX, 7, 6) == 1
        await store.commit(step(None, cursor(5)))

        assert await store.begin_read(ANNA, INBOX, 7, 5) == 1
        assert await store.begin_read(ANNA, INBOX, 7, 6) == 2

    async def test_a_gap_keeps_its_count_of_readings(self, store: Store) -> None:
        """A message that kills its reader from within a gap is not forgiven by other mail."""
        await store.commit(step(None, cursor(5), gaps=(gap(3),)))
        assert await store.begin_read(ANNA, INBOX, 7, 3) == 1
        await store.commit(step(cursor(5), cursor(6)))

        assert await store.begin_read(ANNA, INBOX, 7, 3) == 2
        await store.commit(step(cursor(6), cursor(7), closed=(3,)))
        assert await store.begin_read(ANNA, INBOX, 7, 3) == 1

    async def test_a_reading_that_ended_counts_no_more(self, store: Store) -> None:
        """Its starts are forgotten, and those of other messages and folders are not."""
        await store.begin_read(ANNA, INBOX, 7, 5)
        await store.begin_read(ANNA, INBOX, 7, 5)
        await store.begin_read(ANNA, INBOX, 7, 6)
        await store.begin_read(BERT, INBOX, 7, 5)
        await store.end_read(ANNA, INBOX, 7, 5)

        assert await store.begin_read(ANNA, INBOX, 7, 5) == 1
        assert await store.begin_read(ANNA, INBOX, 7, 6) == 2
        assert await store.begin_read(BERT, INBOX, 7, 5) == 2
        await store.end_read(ANNA, INBOX, 7, 99)

    async def test_readings_end_with_their_folder(self, store: Store) -> None:
        """Another UIDVALIDITY, or a folder that is forgotten, starts the counts anew."""
        await store.begin_read(ANNA, INBOX, 6, 9)
        await store.begin_read(ANNA, INBOX, 7, 9)
        await store.commit(step(None, cursor(5)))
        assert await store.begin_read(ANNA, INBOX, 6, 9) == 1
        assert await store.begin_read(ANNA, INBOX, 7, 9) == 2

        await store.forget_folder(ANNA, INBOX)
        assert await store.begin_read(ANNA, INBOX, 7, 9) == 1

    async def test_words_of_a_server_never_stop_a_note(
        self, store: Store, harness: Harness
    ) -> None:
        """Bytes that are no text are spelled out, where a person can read them."""
        await store.note(dataclasses.replace(HEALTH, error="NO \udcff\x00 caf\u00e9"))
        await store.stop()

        again = harness.make()
        await again.start()
        assert [health.error for health in await again.healths()] == [r"NO \udcff\x00 café"]
        await again.stop()

    async def test_health_is_seen_at_once_and_newest_wins(self, store: Store) -> None:
        """A note is read back before it can be on disk; the last one of an account counts."""
        full = Health(
            account=ANNA,
            tenant=ACME,
            email="anna@example.org",
            state=AccountState.AUTH_FAILED,
            since=1.5,
            proof_at=2.5,
            work_at=3.5,
            error_at=4.5,
            error="NO [AUTHENTICATIONFAILED] no",
            trouble=Trouble.AUTH,
            lag=0.25,
            strikes=3,
            credential="f00d",
        )
        await store.note(HEALTH)
        await store.note(full)
        await store.note(dataclasses.replace(HEALTH, account=BERT))

        assert await store.healths() == [full, dataclasses.replace(HEALTH, account=BERT)]

    async def test_health_survives_a_restart(self, store: Store, harness: Harness) -> None:
        """A stop writes what was noted."""
        await store.note(dataclasses.replace(HEALTH, strikes=2))
        await store.stop()

        again = harness.make()
        await again.start()
        assert await again.healths() == [dataclasses.replace(HEALTH, strikes=2)]
        await again.stop()

    async def test_a_note_that_can_not_be_stored_is_refused_at_once(self, store: Store) -> None:
        """An instant that is no number is an error of the one who notes it."""
        with pytest.raises(StoreError, match="NaN"):
            await store.note(dataclasses.replace(HEALTH, since=math.nan))
        with pytest.raises(StoreError, match="can not be stored"):
            await store.note(dataclasses.replace(HEALTH, account=AccountId("\ud800")))
        assert await store.healths() == []

    async def test_everything_committed_survives_a_restart(
        self, store: Store, harness: Harness
    ) -> None:
        """A second store on the same state goes on where the first one stopped."""
        await store.commit(
            step(None, cursor(5), posting("e", HOOK), seen=(b"key",), gaps=(gap(3),))
        )
        before = await store.folders(ANNA)
        await store.begin_read(ANNA, INBOX, 7, 9)
        await store.stop()

        again = harness.make()
        await again.start()
        assert await again.folders(ANNA) == before
        assert names(await take(again)) == ["e"]
        assert await again.known(ANNA, [b"key"]) == {b"key"}
        assert await again.begin_read(ANNA, INBOX, 7, 9) == 2
        await again.stop()

    async def test_stop_is_idempotent_and_final(self, store: Store) -> None:
        """A stopped store says so, and can be stopped again."""
        await store.stop()
        await store.stop()

        with pytest.raises(StoreError, match="not open"):
            await store.folders(ANNA)

    async def test_of_two_commits_on_one_cursor_one_is_stale(self, store: Store) -> None:
        """The compare-and-set holds for writers at the same moment."""
        verdicts = await asyncio.gather(
            *(store.commit(step(None, cursor(uid), posting(f"e{uid}"))) for uid in range(1, 9))
        )

        assert sorted(verdicts) == [Verdict.DONE] + [Verdict.STALE] * 7
        assert len(await store.events(EventQuery())) == 1

    async def test_one_commit_that_can_not_be_stored_fails_alone(self, store: Store) -> None:
        """Commits that share its moment are written; of the bad one nothing is."""
        bad = step(None, cursor(1), posting("bad", time=math.nan), account=BERT)
        good = step(None, cursor(2), posting("good", HOOK))
        outcomes = await asyncio.gather(
            store.commit(bad), store.commit(good), return_exceptions=True
        )

        assert isinstance(outcomes[0], StoreError)
        assert outcomes[1] is Verdict.DONE
        assert await store.folders(BERT) == []
        assert await store.stored([EventId("bad"), EventId("good")]) == {"good"}
