"""An account at which a protective guard stands stays watched as it was until that is due."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from unittest.mock import patch

import pytest
from structlog.testing import capture_logs

from tests.support.trust import DAY, HOUR, Host, account, free, guard, host, text
from vedette.app.guards import protections, wards
from vedette.app.guards.protection import OvertakenError
from vedette.app.guards.sight import sight
from vedette.config.settings import AccountSettings, GuardSettings
from vedette.model.account import Credentials, Depth
from vedette.model.ids import AccountId, TenantId
from vedette.secret import Secret

STRICT = guard()
ANNA = account("anna", trusted_authserv=("mx.example.org",))
BERT = account("bert")
#: So many that one of them is written by itself.
MANY = tuple(account(f"account-{number}") for number in range(20))


@asynccontextmanager
async def held(
    *accounts: AccountSettings, by: Sequence[GuardSettings] = (STRICT,)
) -> AsyncIterator[Host]:
    """Run a host with accounts and the guards that hold them."""
    async with host() as at:
        at.wanted = by
        await read(at, *accounts)
        yield at


async def read(at: Host, *accounts: AccountSettings) -> list[AccountSettings]:
    """Have a file read that names these accounts; return those that are watched."""
    at.accounts = accounts
    await at.read(*at.wanted)
    return list(at.watched.values())


def elsewhere(settings: AccountSettings, host_: str) -> AccountSettings:
    """Return the settings of an account that is on another server."""
    return replace(settings, target=replace(settings.target, host=host_))


def moved(settings: AccountSettings, tenant: str) -> AccountSettings:
    """Return the settings of an account of another tenant."""
    return replace(settings, account=replace(settings.account, tenant=TenantId(tenant)))


async def test_an_account_that_is_taken_out_of_the_file_is_watched_on() -> None:
    """With the settings that it had, until both clocks say that it may go."""
    async with held(ANNA, BERT) as at:
        assert await read(at, ANNA) == [ANNA, BERT]
        [change] = await at.store.changes()
        assert (change.due, change.left) == (at.clock.now() + DAY, DAY)

        at.clock.time += 10 * DAY
        await at.trust.protections.look()
        assert list(at.watched) == ["anna", "bert"]

        at.clock.time -= 10 * DAY
        await at.run_for(DAY)
        assert list(at.watched) == ["anna"]
        assert (await at.told())[-2:] == [("account", "waiting"), ("account", "applied")]
        assert "vedette loosening.applied" in await at.trail()


async def test_what_is_held_is_said_in_the_log_and_shown_among_the_changes() -> None:
    """In one line, with the guard that holds it and until when."""
    async with held(ANNA, BERT) as at:
        with capture_logs() as lines:
            await read(at, ANNA)
        [change] = await at.store.changes()

        assert [each for each in lines if each["event"] == "account.held"] == [
            {
                "event": "account.held",
                "log_level": "warning",
                "account": "bert",
                "guard": "parlour",
                "reason": "bert is taken out of the configuration",
                "due": "2023-11-15T22:13:20.000Z",
            }
        ]
        assert change.loosening.account == "bert"


LESS = {
    "fewer folders": {"folders": ("\\Inbox",)},
    "other folders": {"folders": ("Archive",)},
    "a lesser depth": {"depth": Depth.METADATA},
    "no large messages": {"max_message": 1024 * 1024},
    "no trusted server": {"trusted_authserv": ()},
    "one more trusted server": {"trusted_authserv": ("mx.example.org", "mx.spammer.example")},
}


@pytest.mark.parametrize("less", LESS.values(), ids=LESS)
@pytest.mark.parametrize("again", [False, True], ids=["running", "after a restart"])
async def test_less_of_an_account_waits(
    less: dict[str, object],
    again: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """Whether the file is changed while it runs or before it starts: what it saw is in the state."""
    wanted = replace(ANNA, account=replace(ANNA.account, **less))  # type: ignore[arg-type]
    async with held(ANNA) as at:
        at.accounts = (wanted,)
        if again:
            await at.restart()
        [kept] = await read(at, wanted)
        own = kept.account
        assert set(ANNA.account.folders) <= set(own.folders)
        assert (own.depth, own.max_message) == (Depth.TEXT, ANNA.account.max_message)
        assert own.trusted_authserv == ANNA.account.trusted_authserv

        await at.run_for(DAY)
        assert list(at.watched.values()) == [wanted]


async def test_more_of_an_account_is_watched_at_once() -> None:
    """Also while less of it in another way has to wait; and from then on it is held to both."""
    more = replace(ANNA, account=replace(ANNA.account, folders=("\\Inbox", "Archive")))
    async with held(ANNA) as at:
        [kept] = await read(at, more)
        assert kept.account.folders == ("\\Inbox", "Archive", "\\Junk")

        [kept] = await read(at, ANNA)
        assert set(kept.account.folders) == {"\\Inbox", "Archive", "\\Junk"}


async def test_an_account_that_is_watched_in_all_folders_is_no_news() -> None:
    """It is more than before, and nothing waits."""
    every = replace(ANNA, account=replace(ANNA.account, folders=("*",)))
    async with held(ANNA) as at:
        before = await at.told()

        assert await read(at, every) == [every]
        assert await at.told() == before


async def test_an_account_that_comes_back_is_as_it_was() -> None:
    """The wish is withdrawn; who asks again waits again."""
    async with held(ANNA, BERT) as at:
        await read(at, ANNA)
        await at.run_for(DAY - HOUR)
        await read(at, ANNA, BERT)
        assert await at.store.changes() == []

        await read(at, ANNA)
        await at.run_for(HOUR)
        assert list(at.watched) == ["anna", "bert"]


async def test_another_mailbox_under_the_same_name_waits() -> None:
    """It is the old one that is watched: an empty mailbox is no protection."""
    other = elsewhere(ANNA, "imap.elsewhere.example")
    user = replace(
        ANNA,
        account=replace(ANNA.account, credentials=Credentials(user="b", password=Secret("p"))),
    )
    async with held(ANNA) as at:
        assert await read(at, other) == [ANNA]
        assert await read(at, user) == [ANNA]

        await at.run_for(DAY)
        assert list(at.watched.values()) == [user]


async def test_a_new_password_holds_at_once() -> None:
    """Who could not change it would be shut out when their provider asks for another."""
    fresh = replace(
        ANNA,
        account=replace(ANNA.account, credentials=Credentials(user="anna", password=Secret("n"))),
    )
    async with held(ANNA) as at:
        assert await read(at, fresh) == [fresh]
        assert await at.store.changes() == []


async def test_an_account_that_is_gone_after_a_restart_is_told() -> None:
    """Its password went with it: it is audited and told to the partner, once, and not held."""
    async with held(ANNA, BERT) as at:
        before = await at.told()
        at.accounts = (ANNA,)
        await at.restart()
        await at.restart()

        assert list(at.watched) == ["anna"]
        assert (await at.told())[len(before) :] == [("account", "waiting"), ("account", "applied")]
        assert (await at.trail()).count("the configuration account.left") == 1


async def test_an_account_that_went_by_a_restart_comes_back_as_it_was() -> None:
    """Until its wish is due: to be away for a moment is no way to be watched less."""
    less = replace(BERT, account=replace(BERT.account, folders=("Archive",)))
    async with held(ANNA, BERT) as at:
        at.accounts = (ANNA,)
        await at.restart()
        _, kept = await read(at, ANNA, less)

        assert kept.account.folders == ("Archive", "\\Inbox", "\\Junk")


async def test_another_mailbox_after_a_restart_is_watched_and_told() -> None:
    """There is no way to the one of before; it is remembered until the wish is due."""
    other = elsewhere(ANNA, "imap.elsewhere.example")
    async with held(ANNA) as at:
        at.accounts = (other,)
        await at.restart()
        assert await read(at, other) == [other]
        assert (await at.trail()).count("the configuration account.left") == 1
        assert len(await at.store.changes()) == 1

        await at.run_for(DAY)
        assert await at.store.changes() == []


async def test_an_account_can_not_leave_a_guard_by_its_tenant() -> None:
    """A guard of one tenant keeps its accounts."""
    of_one = replace(STRICT, tenants=(TenantId("default"),))
    async with held(ANNA, by=(of_one,)) as at:
        [kept] = await read(at, moved(ANNA, "other"))
        assert kept.account.tenant == "default"

        await at.run_for(DAY)
        assert list(at.watched.values()) == [moved(ANNA, "other")]


async def test_an_account_moves_to_a_tenant_that_the_guard_stands_at() -> None:
    """At every one, where it names none."""
    async with held(ANNA) as at:
        assert await read(at, moved(ANNA, "other")) == [moved(ANNA, "other")]
        assert await at.store.changes() == []


async def test_an_account_that_a_guard_was_let_go_from_is_free() -> None:
    """The selection was loosened when it was due; nothing of the account waits after that."""
    narrow = replace(STRICT, accounts=(AccountId("anna"),))
    async with held(ANNA, BERT) as at:
        at.wanted = (narrow,)
        await read(at, ANNA, BERT)
        await at.run_for(DAY)

        assert await read(at, ANNA) == [ANNA]
        assert await at.store.changes() == []


async def test_of_two_guards_the_longer_lock_holds() -> None:
    """Each has its own delay."""
    week = guard(text(delay="7d").replace("guard: parlour", "guard: other"))
    async with held(ANNA, BERT, by=(STRICT, week)) as at:
        await read(at, ANNA)
        await at.run_for(DAY)
        assert list(at.watched) == ["anna", "bert"]

        await at.run_for(6 * DAY)
        assert list(at.watched) == ["anna"]


async def test_a_partner_lets_an_account_go() -> None:
    """At once."""
    async with held(ANNA, BERT) as at:
        await read(at, ANNA)
        [change] = await at.store.changes()
        await at.trust.protections.grant(change.id, by="the partner")

        assert list(at.watched) == ["anna"]


async def test_an_account_goes_with_the_guard_that_held_it() -> None:
    """Both are out of the file: when the guard may go, so may the account."""
    async with held(ANNA, BERT) as at:
        at.wanted = ()
        assert await read(at, ANNA) == [ANNA, BERT]

        await at.run_for(DAY)
        assert list(at.watched) == ["anna"]
        assert await at.store.changes() == []


async def test_where_no_guard_is_held_an_account_goes_at_once() -> None:
    """Nobody locked it."""
    async with held(ANNA, BERT, by=(guard(free()),)) as at:
        assert await read(at, ANNA) == [ANNA]


async def test_of_accounts_that_are_set_one_by_one_no_other_is_looked_at() -> None:
    """What a guard stands at is written by the account: of thousands one costs what one costs."""
    async with held(*MANY) as at:
        [before] = await at.store.protections()

        with patch.object(wards, "sight", wraps=sight) as looked:
            await at.change(anna=ANNA)
            await at.change(bert=BERT)
        [after] = await at.store.protections()

        assert {call.args[0].account.id for call in looked.call_args_list} == {"anna", "bert"}
        assert after.lock == before.lock
        assert [each.account for each in after.since] == ["anna", "bert"]
        assert len(at.watched) == len(MANY) + 2


async def test_an_account_that_is_set_alone_is_held_as_one_of_a_file_is() -> None:
    """Taken out it is watched on, put back nothing waits any more; and after its delay it goes."""
    async with held(*MANY, ANNA) as at:
        await at.change(bert=BERT)
        await at.change(bert=None)
        assert list(at.watched)[-2:] == ["anna", "bert"]
        assert len(await at.store.changes()) == 1

        await at.change(bert=BERT)
        assert await at.store.changes() == []

        await at.change(bert=None)
        await at.restart()
        await at.run_for(DAY)
        assert list(at.watched)[-1] == "anna"
        assert "bert" not in at.trust.protections.held["parlour"].covered


async def test_what_changed_by_the_account_is_known_after_a_restart() -> None:
    """What was written of it alone goes before what was written of all."""
    async with held(*MANY, ANNA) as at:
        await at.change(bert=BERT)
        await at.change(anna=replace(ANNA, account=replace(ANNA.account, folders=("*",))))
        await at.restart()

        covered = at.trust.protections.held["parlour"].covered
        assert "bert" in covered
        assert covered["anna"].sight.folders == ("*",)


async def test_all_is_written_anew_before_changes_outgrow_it() -> None:
    """What is read at a start stays bounded, however often accounts change."""
    with patch.object(protections, "LOOSE", 2):
        async with held(*MANY, BERT) as at:
            [before] = await at.store.protections()
            for count in range(len(MANY) + 4):
                await at.change(bert=moved(BERT, f"tenant-{count}"))
            [after] = await at.store.protections()

        assert after.lock != before.lock
        assert "tenant-" in after.lock


async def test_who_changes_an_account_after_another_instance_is_told_so() -> None:
    """Nothing is written then: it has to be read anew."""
    async with held(*MANY, ANNA) as at:
        at.memory.state.trust.protections = {
            key: replace(row, edition=row.edition + 1)
            for key, row in at.memory.state.trust.protections.items()
        }

        with pytest.raises(OvertakenError):
            await at.change(bert=BERT)
        assert await at.trust.protections.is_behind()
