"""What every store promises of what people decide: the ratchet, consents, the audit."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from tests.store.bundle import ACME, ANNA, BERT, Harness, Whole
from tests.store.conformance_override import OverrideContract, trail
from vedette.model.ids import TenantId
from vedette.ports.audit import Trail
from vedette.ports.consent import Consent
from vedette.ports.ratchet import Change, ChangeId, ChangeState, Covered, Loosening, Protection

HOUR = 3_600.0
DAY = 24 * HOUR
WEEK = 7 * DAY

LOOSER = Loosening(tenant=ACME, guard="gambling", what='{"removed": ["CASINO"]}', by="cli")
STRICT = Protection(
    tenant=ACME,
    guard="gambling",
    text="guard: gambling\n",
    mode="act",
    lock='{"delay": 86400}',
    version="v1",
    at=5.0,
)


async def run_for(store: Whole, seconds: float) -> float:
    """Let the service run, as it counts itself: a minute at a time."""
    total = 0.0
    for _ in range(int(seconds // 60)):
        total = await store.ran(60.0)
    return total


async def ask(store: Whole, loosening: Loosening = LOOSER, now: float = 100.0) -> Change:
    return await store.request(loosening, delay=HOUR, now=now)


class TrustContract(OverrideContract):
    """The ratchet, consents, the audit."""

    # The ratchet.

    async def test_a_loosening_is_due_when_both_clocks_say_so(self, store: Whole) -> None:
        """After its delay, of which the service ran the whole."""
        change = await ask(store)
        assert (change.due, change.left, change.state) == (3700.0, HOUR, ChangeState.WAITING)
        assert await store.due(now=3699.9) == []
        await run_for(store, HOUR)

        assert await store.due(now=3699.9) == []
        assert [each.id for each in await store.due(now=3700.0)] == [change.id]
        assert await store.applied(change.id, now=3700.0)
        assert await store.due(now=WEEK) == []
        assert await store.changes() == []

    async def test_a_clock_that_is_set_forward_makes_nothing_due(self, store: Whole) -> None:
        """A week later by the wall clock the service still has its hour to run."""
        change = await ask(store)
        await run_for(store, HOUR - 60)

        assert await store.due(now=100.0 + WEEK) == []
        assert not await store.applied(change.id, now=100.0 + WEEK)
        assert [each.left for each in await store.changes()] == [60.0]
        await store.ran(60.0)
        assert len(await store.due(now=100.0 + WEEK)) == 1

    async def test_uptime_alone_makes_nothing_due(self, store: Whole) -> None:
        """A service that ran long enough under a clock that was set back waits for the clock."""
        change = await ask(store, now=1000.0)
        await run_for(store, 2 * HOUR)

        assert await store.due(now=0.0) == []
        assert not await store.applied(change.id, now=0.0)

    async def test_uptime_goes_on_after_a_restart(self, store: Whole, harness: Harness) -> None:
        """And stands still in between."""
        await ask(store)
        await run_for(store, 2 * 60)
        await store.stop()
        harness.clock.time += WEEK
        again = harness.make()
        await again.start()

        assert [each.left for each in await again.changes()] == [HOUR - 2 * 60]
        assert await again.ran(0.0) == 2 * 60
        await again.stop()

    async def test_a_step_of_the_uptime_is_bounded(self, store: Whole) -> None:
        """What comes after a sleep of a week was not spent running; no step goes back."""
        assert await store.ran(WEEK) == 120.0
        assert await store.ran(-WEEK) == 120.0
        assert await store.ran(60.0) == 180.0

    async def test_asking_again_begins_no_new_wait(self, store: Whole) -> None:
        """The same file read twice is one request, whoever reads it."""
        first = await ask(store)
        await run_for(store, 60)
        other = Loosening(tenant=ACME, guard="gambling", what=LOOSER.what, by="file")

        assert (await ask(store, other, now=900.0)).id == first.id
        assert [each.asked_at for each in await store.changes()] == [100.0]
        assert await trail(store) == ["cli loosening.requested"]

    async def test_requests_are_told_apart(self, store: Whole) -> None:
        """By tenant, guard, account and what is asked for."""
        zeta = TenantId("zeta")
        asked = [
            LOOSER,
            Loosening(tenant=zeta, guard="gambling", what=LOOSER.what, by="cli"),
            Loosening(tenant=ACME, guard="phishing", what=LOOSER.what, by="cli"),
            Loosening(tenant=ACME, guard="gambling", account=ANNA, what=LOOSER.what, by="cli"),
            Loosening(tenant=ACME, guard="gambling", what="{}", by="cli"),
        ]
        for each in asked:
            await ask(store, each)

        assert [each.loosening for each in await store.changes()] == asked
        assert [each.loosening for each in await store.changes(zeta)] == [asked[1]]

    async def test_a_partner_may_let_it_happen_at_once(self, store: Whole) -> None:
        """Once, while it waits; the clocks are not asked then."""
        change = await ask(store)
        assert await store.grant(change.id, now=110.0, by="partner")
        assert not await store.grant(change.id, now=111.0, by="partner")

        (granted,) = await store.due(now=110.0)
        assert granted.state is ChangeState.GRANTED
        assert (granted.decided_at, granted.decided_by) == (110.0, "partner")
        assert await store.applied(change.id, now=112.0)

    async def test_a_request_can_be_withdrawn_until_it_is_applied(self, store: Whole) -> None:
        """Granted or not; then it is never due, and may be asked for anew."""
        first, second = await ask(store), await ask(store, now=100.0)
        assert first.id == second.id
        await store.grant(first.id, now=110.0, by="partner")
        assert await store.withdraw(first.id, now=120.0, by="anna")
        assert not await store.withdraw(first.id, now=121.0, by="anna")
        assert not await store.applied(first.id, now=WEEK)
        assert not await store.grant(first.id, now=WEEK, by="partner")

        again = await ask(store, now=130.0)
        assert again.id != first.id
        assert again.due == 130.0 + HOUR

    async def test_an_unknown_request_is_neither_granted_nor_applied(self, store: Whole) -> None:
        """Nor withdrawn; nothing is audited."""
        nothing = ChangeId(99)

        assert not await store.grant(nothing, now=1.0, by="x")
        assert not await store.withdraw(nothing, now=1.0, by="x")
        assert not await store.applied(nothing, now=1.0)
        assert await trail(store) == []

    async def test_every_step_of_a_loosening_is_audited(self, store: Whole) -> None:
        """With what was asked for, and by whom."""
        first = await ask(store)
        await store.grant(first.id, now=110.0, by="partner")
        await store.applied(first.id, now=120.0)
        second = await ask(store, now=130.0)
        await store.withdraw(second.id, now=140.0, by="anna")

        assert await trail(store) == [
            "cli loosening.requested",
            "partner loosening.granted",
            "vedette loosening.applied",
            "cli loosening.requested",
            "anna loosening.withdrawn",
        ]
        (entry, *_) = await store.audit_trail()
        assert json.loads(entry.detail) == {
            "change": first.id,
            "tenant": ACME,
            "guard": "gambling",
            "account": None,
            "what": LOOSER.what,
        }
        assert entry.at == 100.0

    async def test_what_is_enforced_is_kept_as_it_was_set(self, store: Whole) -> None:
        """Whatever a file says by now; the last setting counts."""
        later = Protection(
            tenant=ACME, guard="gambling", text="x", mode="shadow", lock="{}", version="v2", at=6.0
        )
        assert await store.enforced(ACME, "gambling") is None
        await store.enforce(STRICT, by="file")
        assert await store.enforced(ACME, "gambling") == STRICT
        assert await store.enforced(TenantId("zeta"), "gambling") is None

        assert await store.enforce(later, by="vedette", over=STRICT)
        assert await store.protections() == [later]
        assert await trail(store) == ["file guard.enforced", "vedette guard.enforced"]

    async def test_accounts_of_a_guard_are_written_by_themselves(self, store: Whole) -> None:
        """Each has its last word; what was enforced stays as it was, and has another edition."""
        one, other = Covered(account=ANNA, sight="{}"), Covered(account=BERT, sight="{}")
        gone = replace(one, sight=None)
        await store.enforce(STRICT, by="file")
        assert await store.cover(STRICT, [one, other], now=6.0, by="file")
        second = replace(STRICT, edition=1)
        assert await store.cover(second, [gone], now=7.0, by="file")

        [found] = await store.protections()
        assert (found, found.since) == (replace(STRICT, edition=2), (gone, other))
        assert await store.enforced(ACME, "gambling") == found
        assert await trail(store) == ["file guard.enforced"] * 3

    async def test_accounts_of_a_guard_end_with_what_was_enforced(self, store: Whole) -> None:
        """What is enforced anew names them all itself."""
        covered = [Covered(account=ANNA, sight="{}")]
        await store.enforce(STRICT, by="file")
        await store.cover(STRICT, covered, now=6.0, by="file")
        again = replace(STRICT, at=7.0, edition=2)
        assert await store.enforce(again, by="file", over=replace(STRICT, edition=1))

        [found] = await store.protections()
        assert (found, found.since) == (again, ())
        await store.cover(again, covered, now=8.0, by="file")
        assert await store.release(replace(again, edition=3), now=9.0, by="file")
        await store.enforce(STRICT, by="file")
        assert [each.since for each in await store.protections()] == [()]

    async def test_accounts_are_not_written_after_another_came_first(self, store: Whole) -> None:
        """Nor before the loosening that lets it is due, which is applied with it."""
        covered = [Covered(account=ANNA, sight="{}")]
        change = await ask(store)
        await store.enforce(STRICT, by="one")
        late: dict[str, Any] = {"now": 110.0, "by": "one", "applies": [change.id]}
        assert not await store.cover(STRICT, covered, now=6.0, by="one", applies=[change.id])
        await store.grant(change.id, now=100.0, by="partner")
        assert not await store.cover(replace(STRICT, edition=1), covered, **late)
        assert not await store.cover(replace(STRICT, at=4.0), covered, **late)
        assert [each.id for each in await store.changes()] == [change.id]

        assert await store.cover(STRICT, covered, **late)
        assert await store.changes() == []
        assert not await store.cover(STRICT, covered, now=112.0, by="two")
        assert not await store.enforce(replace(STRICT, at=113.0), by="two", over=STRICT)

    async def test_what_is_released_is_enforced_no_longer(self, store: Whole) -> None:
        """Once; and it is audited."""
        await store.enforce(STRICT, by="file")
        assert await store.release(STRICT, now=9.0, by="vedette")
        assert not await store.release(STRICT, now=9.0, by="vedette")

        assert await store.protections() == []
        assert (await trail(store))[1:] == ["vedette guard.released"]

    async def test_who_enforces_over_what_is_not_there_any_more_writes_nothing(
        self, store: Whole
    ) -> None:
        """Another tightened it meanwhile: that must not be lost."""
        stricter = replace(STRICT, text="stricter", at=6.0)
        assert await store.enforce(STRICT, by="one")
        assert await store.enforce(stricter, by="two", over=STRICT)

        assert not await store.enforce(replace(STRICT, at=7.0), by="one", over=STRICT)
        assert not await store.enforce(replace(STRICT, at=7.0), by="one")
        assert not await store.release(STRICT, now=7.0, by="one")
        assert await store.protections() == [stricter]
        assert await trail(store) == ["one guard.enforced", "two guard.enforced"]

    async def test_what_is_enforced_and_the_loosening_that_lets_it_are_written_at_once(
        self, store: Whole
    ) -> None:
        """By one of two; before it is due by none."""
        change = await ask(store)
        looser = replace(STRICT, text="looser", at=120.0)
        await store.enforce(STRICT, by="one")
        assert not await store.enforce(looser, by="one", over=STRICT, applies=[change.id])

        await store.grant(change.id, now=110.0, by="partner")
        assert await store.enforce(looser, by="one", over=STRICT, applies=[change.id])
        assert not await store.enforce(looser, by="two", over=looser, applies=[change.id])
        assert not await store.release(looser, now=130.0, by="two", applies=[change.id])

        assert await store.changes() == []
        assert await store.protections() == [looser]
        assert await trail(store) == [
            "cli loosening.requested",
            "one guard.enforced",
            "partner loosening.granted",
            "vedette loosening.applied",
            "one guard.enforced",
        ]

    # Consents.

    async def test_a_consent_stands_until_it_is_withdrawn(self, store: Whole) -> None:
        """At once, and once; it is kept as proof of what was."""
        assert await store.consent_of(ANNA) is None
        await store.consent(ANNA, version="2026-11", now=5.0, by="anna")
        given = Consent(account=ANNA, version="2026-11", at=5.0, by="anna")
        assert await store.consent_of(ANNA) == given
        assert await store.consent_of(BERT) is None

        assert await store.withdraw_consent(ANNA, now=6.0, by="anna")
        assert not await store.withdraw_consent(ANNA, now=7.0, by="anna")
        assert await store.consent_of(ANNA) is None
        assert await store.consented() == frozenset()
        (past,) = await store.consents(ANNA)
        assert past.withdrawn_at == 6.0
        assert await trail(store) == ["anna consent.given", "anna consent.withdrawn"]

    async def test_a_new_consent_takes_the_place_of_the_old_one(self, store: Whole) -> None:
        """To other words; one stands at a time."""
        await store.consent(ANNA, version="1", now=5.0, by="anna")
        await store.consent(ANNA, version="2", now=6.0, by="anna")

        assert await store.consented() == {ANNA}
        standing = await store.consent_of(ANNA)
        assert standing is not None
        assert standing.version == "2"
        assert [each.withdrawn_at for each in await store.consents(ANNA)] == [6.0, None]

    # The audit.

    async def test_each_entry_of_the_audit_follows_from_the_one_before(self, store: Whole) -> None:
        """Numbers without a hole, digests in a chain; the last one is the head."""
        assert await store.verify_audit() == Trail(entries=0, head=b"")
        assert await store.audit_head() == Trail(entries=0, head=b"")
        first = await store.audit(actor="cli", what="a.b", detail='{"n": 1}', now=1.0)
        second = await store.audit(actor="cli", what="a.b", detail='{"n": 1}', now=1.0)

        assert (first.seq, first.previous, second.seq) == (1, b"", 2)
        assert second.previous == first.digest != second.digest
        assert await store.audit_trail() == [first, second]
        assert await store.audit_trail(after=1) == [second]
        assert await store.audit_trail(limit=1) == [first]
        assert await store.audit_head() == Trail(entries=2, head=second.digest)
        assert await store.verify_audit() == Trail(entries=2, head=second.digest)

    async def test_the_audit_goes_on_after_a_restart(self, store: Whole, harness: Harness) -> None:
        """In the same chain."""
        await store.audit(actor="cli", what="a", detail="{}", now=1.0)
        await store.stop()
        again = harness.make()
        await again.start()
        await again.audit(actor="cli", what="b", detail="{}", now=2.5)

        assert (await again.verify_audit()).entries == 2
        assert (await again.verify_audit()).broken_at is None
        await again.stop()
