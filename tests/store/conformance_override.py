"""What every store promises of what people set beside packs: switches, and senders allowed."""

from __future__ import annotations

from dataclasses import replace

from tests.store.bundle import ANNA, BERT, Whole
from tests.store.conformance_fingerprint import FingerprintContract
from vedette.ports.override import Allow, Scope, Switch


async def trail(store: Whole) -> list[str]:
    """Return who did what, in order."""
    return [f"{each.actor} {each.what}" for each in await store.audit_trail()]


class OverrideContract(FingerprintContract):
    """Switches, allows and their edition."""

    async def test_a_switch_holds_the_last_word_about_its_scope(self, store: Whole) -> None:
        """Scopes and names are apart; what is on again is told too."""
        off = Switch(scope=Scope.GUARD, name="gambling", is_off=True, by="cli", at=1.0, until=9.0)
        host = Switch(scope=Scope.HOST, is_off=True, reason="too much\udc80", by="cli", at=2.0)
        on = Switch(scope=Scope.GUARD, name="gambling", is_off=False, by="anna", at=3.0)
        assert await store.switches() == []
        await store.switch(off)
        await store.switch(host)
        await store.switch(on)

        told = await store.switches()
        assert [(each.scope, each.is_off) for each in told] == [
            (Scope.GUARD, False),
            (Scope.HOST, True),
        ]
        assert told[0] == on
        assert told[1].reason == r"too much\udc80"
        assert await trail(store) == ["cli switch.off", "cli switch.off", "anna switch.on"]

    async def test_an_allow_is_of_one_account_and_one_guard(self, store: Whole) -> None:
        """The last word about a domain counts; what is taken back is not told."""
        bank = Allow(account=ANNA, guard="gambling", domain="bank.example", at=1.0, source="cli")
        shop = Allow(account=ANNA, guard="gambling", domain="shop.example", at=2.0, source="cli")
        await store.allow(shop)
        await store.allow(bank)
        assert await store.allows(ANNA) == [bank, shop]
        assert await store.allows(BERT) == []

        gone = Allow(
            account=ANNA,
            guard="gambling",
            domain="shop.example",
            at=3.0,
            source="returned",
            is_active=False,
        )
        await store.allow(gone)
        assert await store.allows(ANNA) == [bank]

    async def test_the_allows_of_all_accounts_are_told_at_once(self, store: Whole) -> None:
        """By account, and without what was taken back."""
        given = [
            Allow(account=BERT, guard="gambling", domain="bank.example", at=1.0, source="cli"),
            Allow(account=ANNA, guard="gambling", domain="shop.example", at=2.0, source="cli"),
            Allow(
                account=ANNA,
                guard="gambling",
                domain="gone.example",
                at=3.0,
                source="cli",
                is_active=False,
            ),
        ]
        for allow in given:
            await store.allow(allow)

        assert await store.every_allow() == [given[1], given[0]]

    async def test_each_change_of_what_people_set_is_another_edition(self, store: Whole) -> None:
        """Who keeps it in memory reads it anew; a look at it, and what comes to nothing, is none."""
        allow = Allow(account=ANNA, guard="gambling", domain="x.example", at=1.0, source="cli")
        seen = [await store.edition()]
        for change in (
            store.switch(Switch(scope=Scope.HOST, is_off=True, by="cli", at=1.0)),
            store.allow(allow),
            store.allow(replace(allow, is_active=False)),
            store.consent(ANNA, version="1", now=5.0, by="anna"),
            store.withdraw_consent(ANNA, now=6.0, by="anna"),
        ):
            await change
            seen.append(await store.edition())
        assert len(set(seen)) == 6

        await store.withdraw_consent(ANNA, now=7.0, by="anna")
        await store.every_allow()
        assert await store.edition() == seen[-1]
