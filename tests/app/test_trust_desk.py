"""What people ask of guards: at once where it loosens nothing protective, and by the ratchet else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.trust import DAY, HOUR, SECRET, Host, account, free, guard, host, text
from vedette.engine.guarding import Mode
from vedette.errors import UsageError
from vedette.model.action import ActionState, JournalEntry, Place
from vedette.model.ids import AccountId, ActionId, TenantId
from vedette.ports.store import Fence
from vedette.secret import Secret

STRICT = guard()
FREE = guard(free())
GRANTABLE = replace(STRICT, partner_secret=Secret(SECRET))
ANNA = AccountId("anna")


def mode(at: Host, name: str = "anna") -> Mode:
    """Return the mode in which the guard stands at an account."""
    [post] = at.guarding.covering(account(name).account)
    return post.mode


def entry(*, listed: bool) -> JournalEntry:
    """Return an action that is done."""
    return JournalEntry(
        id=ActionId("a1"),
        tenant=TenantId("default"),
        account=ANNA,
        guard="parlour",
        version="1",
        action="quarantine",
        kind="move",
        target="Guard",
        listed=listed,
        origin=Place(folder=b"INBOX", uid_validity=1, uid=1),
        at=1.0,
        changed=1.0,
    )


async def acted(at: Host, *, listed: bool) -> JournalEntry:
    """Have an action done."""
    made = entry(listed=listed)
    await at.store.intend(Fence(), [], [made])
    await at.store.record(made.id, ActionState.DONE, now=2.0)
    return replace(made, state=ActionState.DONE)


# Pauses.


@pytest.mark.parametrize(
    ("scope", "name"),
    [("guard", "parlour"), ("account", "anna"), ("tenant", "default"), ("host", "")],
)
async def test_a_standard_guard_is_paused_at_once(scope: str, name: str) -> None:
    """Its mail stays in place from now on, until it is resumed."""
    async with host(FREE) as at:
        answer = await at.ask("guard.pause", scope=scope, name=name)
        assert answer["waiting"] == []
        assert mode(at) is Mode.PAUSED

        await at.ask("guard.resume", scope=scope, name=name)
        assert mode(at) is Mode.ACT


async def test_a_pause_of_one_account_is_of_no_other() -> None:
    """Bert's mail is judged on."""
    async with host(FREE) as at:
        await at.ask("guard.pause", scope="account", name="anna")
        assert mode(at, "bert") is Mode.ACT


async def test_a_pause_with_an_end_ends_by_itself() -> None:
    """At its instant, without anyone."""
    async with host(FREE) as at:
        await at.ask("guard.pause", scope="guard", name="parlour", seconds=HOUR)
        at.clock.time += HOUR
        await at.trust.overriding.refresh()

        assert mode(at) is Mode.ACT


@pytest.mark.parametrize(
    ("scope", "name"),
    [("guard", "parlour"), ("account", "anna"), ("tenant", "default"), ("host", "")],
)
async def test_a_pause_of_a_protective_guard_waits(scope: str, name: str) -> None:
    """However it is spelled; it is a loosening. When it is due it holds, until it is resumed."""
    async with host(STRICT) as at:
        answer = await at.ask("guard.pause", scope=scope, name=name)
        assert "change 1" in answer["waiting"][0]
        assert mode(at) is Mode.ACT

        await at.run_for(DAY)
        assert mode(at) is Mode.PAUSED

        await at.ask("guard.resume", scope=scope, name=name)
        assert mode(at) is Mode.ACT


async def test_a_pause_of_everything_holds_for_what_is_not_protective() -> None:
    """And says for what it does not."""
    other = guard(free().replace("guard: parlour", "guard: other"))
    async with host(STRICT, other) as at:
        answer = await at.ask("guard.pause", scope="host", name="")

        assert "but not parlour" in answer["done"]
        modes = {post.name: post.mode for post in at.guarding.covering(account().account)}
        assert modes == {"parlour": Mode.ACT, "other": Mode.PAUSED}


async def test_a_pause_of_a_protective_guard_lasts_as_long_as_was_asked() -> None:
    """From when it is due, not from when it was asked for."""
    async with host(STRICT) as at:
        await at.ask("guard.pause", scope="guard", name="parlour", seconds=HOUR)
        await at.run_for(DAY)
        assert mode(at) is Mode.PAUSED

        at.clock.time += HOUR
        await at.trust.overriding.refresh()
        assert mode(at) is Mode.ACT


async def test_to_resume_takes_back_what_waits() -> None:
    """A pause that nobody wants any more is not due later."""
    async with host(STRICT) as at:
        await at.ask("guard.pause", scope="account", name="anna")
        await at.ask("guard.resume", scope="account", name="anna")
        await at.run_for(DAY)

        assert mode(at) is Mode.ACT


async def test_an_account_is_resumed_and_none_that_begins_like_it() -> None:
    """An account may be called by its address."""
    async with host(FREE) as at:
        at.accounts = (account("anna"), account("anna@example.org"))
        await at.read(FREE)
        await at.ask("guard.pause", scope="account", name="anna")
        await at.ask("guard.pause", scope="account", name="anna@example.org")
        await at.ask("guard.resume", scope="account", name="anna")

        assert mode(at, "anna") is Mode.ACT
        assert mode(at, "anna@example.org") is Mode.PAUSED


async def test_a_guard_is_resumed_wherever_it_was_paused() -> None:
    """Also where the ratchet let it be paused for one account."""
    async with host(STRICT) as at:
        await at.ask("guard.pause", scope="account", name="anna")
        await at.run_for(DAY)
        assert mode(at) is Mode.PAUSED

        await at.ask("guard.resume", scope="guard", name="parlour")
        assert mode(at) is Mode.ACT


async def test_a_guard_that_does_not_exist_is_not_paused() -> None:
    """A typing error must not look like a pause."""
    async with host(STRICT) as at:
        with pytest.raises(UsageError, match="there is no guard 'parlor' among parlour"):
            await at.ask("guard.pause", scope="guard", name="parlor")


# Allowed senders.


async def test_an_allow_of_a_standard_guard_holds_at_once() -> None:
    """For that account, the domain and what is below it; it is audited, and can be taken back."""
    async with host(FREE) as at:
        await at.ask("guard.allow", account="anna", guard="parlour", domain="Shop.Example")
        standing = at.guarding.standing
        assert standing.allows("parlour", ANNA, "news.shop.example")
        assert not standing.allows("parlour", AccountId("bert"), "shop.example")
        assert not standing.allows("parlour", ANNA, "example")
        assert (await at.trail())[-1] == "a person allow.set"

        await at.ask(
            "guard.allow", account="anna", guard="parlour", domain="shop.example", remove=True
        )
        assert not at.guarding.standing.allows("parlour", ANNA, "shop.example")


async def test_an_allow_of_a_protective_guard_waits() -> None:
    """It is a hole in the protection."""
    async with host(STRICT) as at:
        await at.ask("guard.allow", account="anna", guard="parlour", domain="lucky.example")
        assert not at.guarding.standing.allows("parlour", ANNA, "lucky.example")

        await at.run_for(DAY)
        assert at.guarding.standing.allows("parlour", ANNA, "lucky.example")
        assert (await at.told())[-1] == ("allow", "applied")


async def test_only_domains_are_allowed() -> None:
    """Not everything that ends in it."""
    async with host(FREE) as at:
        with pytest.raises(UsageError, match="com is no domain"):
            await at.ask("guard.allow", account="anna", guard="parlour", domain="com")


# Taking back.


async def test_what_a_list_convicted_comes_back_by_the_ratchet() -> None:
    """A protective guard took it for its list: to restore it is a loosening."""
    async with host(STRICT) as at:
        made = await acted(at, listed=True)
        held = await at.trust.desk.holds(made)
        assert held is not None
        assert "change 1 (the message of action a1 comes back)" in held

        await at.run_for(DAY)
        [pending] = await at.store.pending(ANNA)
        assert pending.state is ActionState.UNDOING
        assert at.attended == [ANNA]


async def test_what_no_list_convicted_comes_back_at_once() -> None:
    """A mistake of the guard is no temptation."""
    async with host(STRICT) as at:
        assert await at.trust.desk.holds(await acted(at, listed=False)) is None


async def test_a_standard_guard_holds_nothing_back() -> None:
    """Nobody locked it."""
    async with host(FREE) as at:
        assert await at.trust.desk.holds(await acted(at, listed=True)) is None


async def test_a_message_that_is_moved_back_teaches_its_domain() -> None:
    """The next one that is proved to be from there is left alone, and no other."""
    async with host(FREE) as at:
        await at.trust.returns.learn(entry(listed=False), "shop.example")

        standing = at.guarding.standing
        assert standing.has_learned("parlour", ANNA, "news.shop.example")
        assert not standing.allows("parlour", ANNA, "news.shop.example")
        assert (await at.trail())[-1] == "returned allow.set"


@pytest.mark.parametrize("listed", [False, True])
async def test_what_is_moved_back_from_a_protective_guard_teaches_by_the_ratchet(
    listed: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """The message stays where it is; the next one of that sender does not, for a day."""
    async with host(STRICT) as at:
        await at.trust.returns.learn(entry(listed=listed), "lucky.example")
        assert not at.guarding.standing.has_learned("parlour", ANNA, "lucky.example")

        await at.run_for(DAY)
        assert at.guarding.standing.has_learned("parlour", ANNA, "lucky.example")


async def test_what_is_learned_does_not_narrow_what_a_person_said() -> None:
    """They named the sender, whatever is proved of its mail."""
    async with host(FREE) as at:
        await at.ask("guard.allow", account="anna", guard="parlour", domain="shop.example")
        await at.trust.returns.learn(entry(listed=False), "shop.example")

        assert at.guarding.standing.allows("parlour", ANNA, "shop.example")


@pytest.mark.parametrize("domain", ["gmail.com", "sendgrid.net", "co.uk", "", "no domain"])
async def test_what_everybody_writes_from_teaches_nothing(domain: str) -> None:
    """One message from a mail service says nothing of the next."""
    async with host(FREE) as at:
        await at.trust.returns.learn(entry(listed=False), domain)

        assert await at.store.allows(ANNA) == []


# The partner.


async def test_a_partner_grants_with_their_secret() -> None:
    """At once, without any clock."""
    async with host(GRANTABLE) as at:
        await at.ask("guard.pause", scope="guard", name="parlour")
        answer = await at.ask("guard.grant", id=1, secret=SECRET)

        assert "change 1 holds now" in answer["done"]
        assert mode(at) is Mode.PAUSED
        assert "the partner loosening.granted" in await at.trail()


async def test_a_wrong_secret_grants_nothing_and_is_audited() -> None:
    """Five of them, and no more are looked at for an hour."""
    async with host(GRANTABLE) as at:
        await at.ask("guard.pause", scope="guard", name="parlour")
        for _ in range(5):
            with pytest.raises(UsageError, match="not the partner's secret"):
                await at.ask("guard.grant", id=1, secret="a secret of my own")
        with pytest.raises(UsageError, match="too many wrong secrets"):
            await at.ask("guard.grant", id=1, secret=SECRET)

        assert mode(at) is Mode.ACT
        assert (await at.trail()).count("a person grant.refused") == 5


async def test_a_secret_in_a_changed_file_grants_nothing() -> None:
    """Who could set their own would be their own partner: that it changes waits like the rest."""
    async with host(GRANTABLE) as at:
        own = "a secret of my own"
        await at.read(replace(STRICT, partner_secret=Secret(own)))
        [change] = await at.store.changes()
        with pytest.raises(UsageError, match="not the partner's secret"):
            await at.ask("guard.grant", id=change.id, secret=own)
        assert "loosening.granted" not in " ".join(await at.trail())


async def test_a_first_secret_waits_too() -> None:
    """A guard that was enforced without a partner gets none in a weak moment."""
    async with host(STRICT) as at:
        await at.read(GRANTABLE)
        [change] = await at.store.changes()
        with pytest.raises(UsageError, match="has no partner who can grant"):
            await at.ask("guard.grant", id=change.id, secret=SECRET)


async def test_a_pack_that_names_no_partner_has_none() -> None:
    """The lock itself says whether anyone can."""
    alone = text().replace("partner_can_expedite: true", "partner_can_expedite: false")
    async with host(guard(alone, partner_secret=Secret(SECRET))) as at:
        await at.ask("guard.pause", scope="guard", name="parlour")
        with pytest.raises(UsageError, match="has no partner who can grant"):
            await at.ask("guard.grant", id=1, secret=SECRET)


async def test_the_secret_is_kept_as_a_digest() -> None:
    """It stands in no file of the state."""
    async with host(GRANTABLE) as at:
        [kept] = await at.store.protections()
        assert SECRET not in kept.lock
        assert '"secret": "' in kept.lock


# Consent, help, the rest.


async def test_a_consent_is_noted_and_withdrawn_at_once() -> None:
    """GDPR Art. 7(3): to withdraw it is as easy as to give it, whatever is locked."""
    async with host(guard(text(consent=True))) as at:
        anna = account().account
        assert at.guarding.is_unread(anna)
        await at.ask("guard.consent", account="anna", version="2026-11")
        assert not at.guarding.is_unread(anna)

        await at.ask("guard.consent", account="anna", withdraw=True)
        assert at.guarding.is_unread(anna)
        assert at.regated == 2
        assert (await at.told())[-1] == ("consent", "applied")


async def test_without_a_guard_that_asks_for_it_no_consent_is_needed() -> None:
    """Whoever runs this for their own mail need not sign to themselves."""
    async with host(STRICT) as at:
        assert not at.guarding.is_unread(account().account)


async def test_a_line_of_help_stands_below_what_waits() -> None:
    """As whoever runs it wrote it, and nothing else."""
    async with host(replace(STRICT, help="You can talk to someone: 0800 1 372 700.")) as at:
        answer = await at.ask("guard.pause", scope="guard", name="parlour")

        assert answer["waiting"][0].endswith("\nYou can talk to someone: 0800 1 372 700.")


async def test_a_wish_is_taken_back_by_its_number() -> None:
    """And is not due any more."""
    async with host(STRICT) as at:
        await at.ask("guard.pause", scope="guard", name="parlour")
        await at.ask("guard.withdraw", id=1)
        await at.run_for(DAY)

        assert mode(at) is Mode.ACT
