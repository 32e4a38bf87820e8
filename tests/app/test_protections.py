"""A protective guard that acts is held to what is enforced, whatever the file says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.trust import DAY, HOUR, KEY, PARTNER, account, free, guard, host, text
from vedette.app.guards.protection import EVERYBODY
from vedette.app.guards.seal import sealed
from vedette.config.settings import GuardSettings
from vedette.engine.guarding import Mode, Span
from vedette.model.delivery import Endpoint, Selection
from vedette.model.ids import AccountId
from vedette.ports.ratchet import ChangeId

STRICT = guard(text(at=5))
LOOSE = guard(text(at=6))
STRICTER = guard(text(at=4))


async def test_a_guard_is_enforced_from_when_it_acts() -> None:
    """In the shadow it is nobody's; from then on it is kept, and it is told."""
    async with host(replace(STRICT, mode=Mode.SHADOW)) as at:
        assert await at.store.protections() == []

        await at.read(STRICT)

        [kept] = await at.store.protections()
        assert (kept.guard, kept.mode, kept.text) == ("parlour", "act", STRICT.text)
        assert await at.told() == [("protection", "enforced")]


async def test_a_standard_guard_is_nobodys_affair() -> None:
    """It is loosened, paused and removed at once."""
    async with host(guard(free())) as at:
        assert await at.read() is None
        assert await at.store.protections() == []


LOOSENINGS = {
    "a higher threshold": (LOOSE,),
    "the shadow": (replace(STRICT, mode=Mode.SHADOW),),
    "a pause in the file": (replace(STRICT, mode=Mode.PAUSED),),
    "removal": (),
    "one account of all": (replace(STRICT, accounts=(AccountId("bert"),)),),
    "a shorter delay": (guard(text(delay="1h")),),
    "a smaller list": (guard(text().replace("lucky.example, ", "")),),
    "mail that is kept for a shorter time": (guard(text().replace("30d", "1d")),),
    "fewer messages in a sweep": (replace(STRICT, sweep=Span(messages=50)),),
    "fewer days in a sweep": (replace(STRICT, sweep=Span(days=7)),),
    "another kind": (guard(free()),),
}


@pytest.mark.parametrize("wanted", LOOSENINGS.values(), ids=LOOSENINGS)
async def test_what_loosens_waits_for_both_clocks(wanted: tuple[GuardSettings, ...]) -> None:
    """The old stays until the delay is over by the wall clock and by the time that it ran."""
    async with host(STRICT) as at:
        assert await at.read(*wanted) == STRICT
        [change] = await at.store.changes()
        assert (change.due, change.left) == (at.clock.now() + DAY, DAY)

        at.clock.time += 10 * DAY  # set forward, while the service ran for no second
        await at.trust.protections.look()
        assert at.posted == STRICT

        at.clock.time -= 10 * DAY
        await at.run_for(DAY - 60)
        assert at.posted == STRICT

        await at.run_for(60)
        assert at.all_posted == list(wanted)
        assert await at.store.changes() == []


async def test_a_restart_with_another_file_loosens_nothing() -> None:
    """What is enforced is in the state, not in the file."""
    async with host(STRICT) as at:
        at.wanted = (LOOSE,)
        await at.restart()

        assert at.posted == STRICT
        await at.restart()
        assert len(await at.store.changes()) == 1
        assert await at.told() == [("protection", "enforced"), ("pack", "waiting")]


async def test_what_tightens_holds_at_once() -> None:
    """And is enforced from then on."""
    async with host(STRICT) as at:
        assert await at.read(STRICTER) == STRICTER
        assert await at.read(STRICT) == STRICTER
        assert ("protection", "tightened") in await at.told()


async def test_a_text_that_does_both_waits_as_a_whole() -> None:
    """Its strictness can not be told from its leniency, so the old text stays entirely."""
    both = guard(text(at=4).replace("30d", "1d"))
    async with host(STRICT) as at:
        assert await at.read(both) == STRICT


async def test_one_aspect_tightens_while_another_waits() -> None:
    """Another account is taken in at once though the mode is to be the shadow."""
    anna = replace(STRICT, accounts=(AccountId("anna"),))
    wider = replace(anna, accounts=(AccountId("anna"), AccountId("bert")), mode=Mode.SHADOW)
    async with host(anna) as at:
        assert await at.read(wider) == replace(wider, mode=Mode.ACT)
        [change] = await at.store.changes()
        assert '"aspect": "mode"' in change.loosening.what


async def test_another_account_joins_before_the_old_one_leaves() -> None:
    """Until that is due it stands at both."""
    anna, bert = AccountId("anna"), AccountId("bert")
    async with host(replace(STRICT, accounts=(anna,))) as at:
        posted = await at.read(replace(STRICT, accounts=(bert,)))
        assert posted is not None
        assert posted.accounts == (anna, bert)

        await at.run_for(DAY)
        assert at.posted == replace(STRICT, accounts=(bert,))


async def test_another_wish_begins_its_own_delay() -> None:
    """Who asks for little does not get much when that little is due."""
    async with host(STRICT) as at:
        await at.read(guard(text(at=5.1)))
        await at.run_for(DAY - HOUR)
        await at.read(LOOSE)
        await at.run_for(HOUR)

        assert at.posted == STRICT
        [change] = await at.store.changes()
        assert change.left == DAY - HOUR
        assert ("pack", "withdrawn") in await at.told()


async def test_what_is_not_wanted_any_more_is_withdrawn() -> None:
    """The file is as it was: nothing waits, and nothing becomes due."""
    async with host(STRICT) as at:
        await at.read(LOOSE)
        await at.read(STRICT)
        await at.run_for(2 * DAY)

        assert at.posted == STRICT
        assert (await at.told())[-1] == ("pack", "withdrawn")


async def test_a_withdrawn_wish_leaves_what_is_enforced() -> None:
    """It is asked for anew when the file is read again, and waits anew."""
    async with host(STRICT) as at:
        await at.read(LOOSE)
        await at.run_for(DAY - 60)
        [change] = await at.store.changes()
        await at.trust.protections.withdraw(change.id, by="anna")
        await at.run_for(60)
        assert at.posted == STRICT

        await at.restart()
        assert [each.left for each in await at.store.changes()] == [DAY]


async def test_a_longer_delay_counts_for_what_is_asked_next() -> None:
    """To lengthen it tightens, and holds at once."""
    async with host(STRICT) as at:
        week = guard(text(delay="7d"))
        assert await at.read(week) == week
        await at.read(guard(text(at=6, delay="7d")))
        assert [each.left for each in await at.store.changes()] == [7 * DAY]


async def test_a_guard_that_acts_no_more_is_free() -> None:
    """Its mode was let go: from then on the file has the word, until it acts again."""
    async with host(STRICT) as at:
        await at.read(replace(STRICT, mode=Mode.SHADOW))
        await at.run_for(DAY)
        assert await at.store.protections() == []

        assert await at.read(replace(LOOSE, mode=Mode.SHADOW)) == replace(LOOSE, mode=Mode.SHADOW)
        assert await at.read(LOOSE) == LOOSE


async def test_a_granted_change_holds_at_once() -> None:
    """Without any clock."""
    async with host(STRICT) as at:
        await at.read(LOOSE)
        [change] = await at.store.changes()
        await at.trust.protections.grant(change.id, by="the partner")

        assert at.posted == LOOSE
        assert (await at.told())[-2:] == [("pack", "granted"), ("pack", "applied")]


async def test_the_partner_learns_that_something_changed_and_no_more() -> None:
    """Which guard, what kind of change and when: no brand, no list, no account."""
    friend = Endpoint(id=PARTNER, selection=Selection(types=("guard.changed",)))
    async with host() as at:
        at.endpoints = [friend]
        own = replace(STRICT, partner=PARTNER)
        await at.read(own)
        await at.read(replace(own, pack=LOOSE.pack, text=LOOSE.text))

        event = (await at.events())[-1]
        assert event["guard"] == {"name": "parlour"}
        assert (event["change"], event["turn"]) == ("pack", "waiting")
        trail = await at.store.verify_audit()
        assert event["audit"] == sealed(trail.entries, trail.head, KEY)
        assert set(event) == {*("guard", "change", "turn", "number", "due", "audit", "changedAt")}
        assert [each["type"] for each in at.queued(PARTNER)] == ["guard.changed"] * 2


async def test_a_partner_is_not_told_of_other_guards() -> None:
    """They were asked to look after one."""
    friend = Endpoint(id=PARTNER, selection=Selection(types=("guard.changed",)))
    other = guard(text().replace("guard: parlour", "guard: other"))
    async with host() as at:
        at.endpoints = [friend]
        await at.read(replace(STRICT, partner=PARTNER), other)

        assert [each["data"]["guard"]["name"] for each in at.queued(PARTNER)] == ["parlour"]


async def test_what_is_held_goes_before_what_is_not() -> None:
    """Of two guards that would move a message the first does: no other guard is put before it."""
    other = guard(free().replace("guard: parlour", "guard: other"))
    async with host(STRICT) as at:
        await at.read(other, STRICT)

        assert [each.pack.name for each in at.all_posted] == ["parlour", "other"]


async def test_a_second_guard_that_asks_for_consent_does_not_end_the_first() -> None:
    """It is not there itself until the consent is; mail is read on for the one that is held."""
    asks = guard(text(consent=True).replace("guard: parlour", "guard: other"), mode=Mode.SHADOW)
    async with host(STRICT, asks) as at:
        anna = account().account
        assert not at.guarding.is_unread(anna)
        assert [each.name for each in at.guarding.covering(anna)] == ["parlour"]

        await at.ask("guard.consent", account="anna", version="1")
        assert [each.name for each in at.guarding.covering(anna)] == ["parlour", "other"]


async def test_an_enforced_pack_that_can_not_be_read_gives_way() -> None:
    """A newer Vedette may not know it: the file has the word, and is enforced."""
    async with host(STRICT) as at:
        [kept] = await at.store.protections()
        await at.store.enforce(replace(kept, text="guard: ["), by="test")
        await at.restart()

        assert at.posted == STRICT
        [again] = await at.store.protections()
        assert again.text == STRICT.text
        assert again.tenant == EVERYBODY


@pytest.mark.parametrize("lock", ['{"covered": {"anna": []}}', "[]", "{}", "no JSON"])
async def test_an_enforced_guard_that_can_not_be_read_gives_way(lock: str) -> None:
    """As from a state that somebody wrote into: the service starts all the same."""
    async with host(STRICT) as at:
        [kept] = await at.store.protections()
        await at.store.enforce(replace(kept, lock=lock), by="test")
        await at.restart()

        assert at.posted == STRICT
        [again] = await at.store.protections()
        assert again.lock == kept.lock


async def test_a_change_that_does_not_wait_is_not_found() -> None:
    """Neither to be withdrawn nor to be granted."""
    async with host(STRICT) as at:
        with pytest.raises(Exception, match="no change 9 waits"):
            await at.trust.protections.withdraw(ChangeId(9), by="anna")
