"""An account is registered, seen, changed and deleted by who may, and by nobody else."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from tests.support.office import ACME, ADMIN, ANNA, OSCAR, OTHER, SCOPES, Office, wish
from vedette.model.ids import AccountId, TenantId
from vedette.ports.records import Kind, Put, Record
from vedette.ports.registration import Origin, Pause, Registration
from vedette.ports.source import Sourced
from vedette.secret import Secret
from vedette.service.accounts.accounts import blank
from vedette.service.accounts.roll import AccountQuery
from vedette.service.caller import Caller
from vedette.service.refusals import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    PlanLimitError,
    ReadOnlyError,
    RefusalError,
    StaleError,
    TakenError,
)

NEVER = AccountId("never")


Ask = Callable[[Office, Caller, AccountId], Awaitable[object]]


ASKS: dict[str, Ask] = {
    "get": lambda it, who, id_: it.accounts.get(who, id_),
    "update": lambda it, who, id_: it.accounts.update(who, id_, {"title": "x"}),
    "delete": lambda it, who, id_: it.accounts.delete(who, id_),
    "pause": lambda it, who, id_: it.orders.pause(who, id_),
    "resume": lambda it, who, id_: it.orders.resume(who, id_),
    "reconnect": lambda it, who, id_: it.orders.reconnect(who, id_),
    "resync": lambda it, who, id_: it.orders.resync(who, id_, 0.0),
    "consent": lambda it, who, id_: it.agreements.give(who, [id_], version="1"),
    "withdraw": lambda it, who, id_: it.agreements.withdraw(who, id_),
    "consents": lambda it, who, id_: it.agreements.history(who, id_),
}


def elsewhere(id_: str, tenant: TenantId = ACME) -> Sourced:
    """Return an account that the configuration file has."""
    found = blank(AccountId(id_), tenant)
    account = replace(found.account, email=f"{id_}@example.org")
    return Sourced(registration=replace(found, account=account, origin=Origin.FILE))


async def test_an_account_is_seen_as_it_was_registered(office: Office) -> None:
    """What is left out has its usual value."""
    made = await office.account(title="Post", folders=["INBOX", "Junk"], tags=["vip"])

    found = await office.accounts.get(ANNA, made.account.id)

    assert found == made
    assert (found.account.email, found.account.credentials.user) == ("jane@example.org",) * 2
    assert (found.target.port, found.title, found.tags) == (993, "Post", ("vip",))
    assert (found.account.tenant, found.is_watched) == (ACME, True)


async def test_a_password_is_sealed_and_nowhere_else(office: Office) -> None:
    """Not in the record, not in the audit, not in what is returned."""
    made = await office.account(proxy="socks5://proxy.example.org", proxyPassword=Secret("pr0xy"))

    id_ = made.account.id
    assert await office.secrets(id_) == {"password": "hunter2", "proxy_password": "pr0xy"}
    everything = f"{office.records.rows.records} {office.trust.rows.audit} {made}"
    assert "hunter2" not in everything
    assert "pr0xy" not in everything


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS.keys())
async def test_what_another_has_is_not_there_in_the_same_words(office: Office, ask: Ask) -> None:
    """A caller can not tell a foreign id from one that nobody has, and changes nothing."""
    hers = (await office.account()).account.id
    before = dict(office.records.rows.records), len(office.trust.rows.audit)

    words = []
    for id_ in (hers, NEVER):
        with pytest.raises(NotFoundError) as caught:
            await ask(office, OSCAR, id_)
        words.append(str(caught.value).replace(id_, "ID"))

    assert words[0] == words[1]
    assert (dict(office.records.rows.records), len(office.trust.rows.audit)) == before


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS.keys())
async def test_who_lacks_the_scope_may_not(office: Office, ask: Ask) -> None:
    """Whether it is there or not."""
    nobody = Caller(name="eve", tenant=ACME, scopes=SCOPES - {"accounts:read", "accounts:write"})

    for id_ in ((await office.account()).account.id, NEVER):
        with pytest.raises(ForbiddenError, match="accounts:"):
            await ask(office, nobody, id_)


@pytest.mark.parametrize("ask", list(ASKS)[1:7])
async def test_what_is_kept_elsewhere_is_changed_there(office: Office, ask: str) -> None:
    """And the refusal says where."""
    office.elsewhere.keep("file", [elsewhere("post")])

    with pytest.raises(ReadOnlyError, match="the host's file"):
        await ASKS[ask](office, ANNA, AccountId("post"))
    with pytest.raises(NotFoundError):
        await ASKS[ask](office, OSCAR, AccountId("post"))


async def test_who_may_write_and_not_read_is_told_what_it_wrote(office: Office) -> None:
    """A key that only registers mailboxes sees the one it made, and no other."""
    writer = replace(ANNA, scopes=frozenset({"accounts:write"}))

    made = await office.accounts.create(writer, wish())
    assert (await office.accounts.update(writer, made.account.id, {"title": "x"})).title == "x"
    await office.agreements.give(writer, [made.account.id], version="1")

    with pytest.raises(ForbiddenError):
        await office.accounts.get(writer, made.account.id)
    with pytest.raises(ForbiddenError):
        await office.accounts.page(writer, AccountQuery())


async def test_an_admin_chooses_an_id_and_nobody_else(office: Office) -> None:
    """Ids are the same for all tenants: a tenant could learn by them what others have."""
    made = await office.accounts.create(ADMIN, wish(), id_="post", tenant=ACME)

    assert made.account.id == "post"
    with pytest.raises(TakenError):
        await office.accounts.create(ADMIN, wish(), id_="post", tenant=OTHER)
    with pytest.raises(ForbiddenError):
        await office.accounts.create(ANNA, wish(), id_="mine")
    with pytest.raises(InvalidError, match="id"):
        await office.accounts.create(ADMIN, wish(), id_="a/b")


async def test_an_account_is_made_in_ones_own_tenant(office: Office) -> None:
    """A foreign one is not there, and neither is one that nobody made."""
    for tenant in (OTHER, TenantId("nobody")):
        with pytest.raises(NotFoundError):
            await office.accounts.create(ANNA, wish(), tenant=tenant)
    with pytest.raises(NotFoundError):
        await office.accounts.create(ADMIN, wish(), tenant=TenantId("nobody"))


async def test_what_is_not_named_stays(office: Office) -> None:
    """And the audit says what was changed, by name and without values."""
    made = await office.account(title="Post", tags=["vip"])

    then = await office.accounts.update(ANNA, made.account.id, {"title": "Mail"})

    assert (then.title, then.tags, then.version) == ("Mail", ("vip",), made.version + 1)
    assert office.audit("account.updated") == [
        {"actor": "anna", "account": made.account.id, "tenant": "acme", "changed": ["title"]}
    ]


async def test_a_change_that_changes_nothing_is_no_write(office: Office) -> None:
    """Whoever follows the records would connect anew for it."""
    made = await office.account(title="Post")

    then = await office.accounts.update(ANNA, made.account.id, {"title": "Post", "port": None})

    assert then.version == made.version


async def test_a_change_of_what_is_another_by_now_is_refused(office: Office) -> None:
    """With the version that it has; without one, the newest is changed."""
    made = await office.account()
    first = made.version
    changed = await office.accounts.update(ANNA, made.account.id, {"title": "Mail"}, expected=first)

    with pytest.raises(StaleError) as caught:
        await office.accounts.update(ANNA, made.account.id, {"title": "Post"}, expected=first)
    with pytest.raises(StaleError):
        await office.accounts.delete(ANNA, made.account.id, expected=first)

    assert caught.value.version == changed.version
    then = await office.accounts.update(ANNA, made.account.id, {"tags": ["a"]})
    assert (then.title, then.tags) == ("Mail", ("a",))


async def test_two_who_change_at_once_both_succeed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that came second decides anew on what the first wrote."""
    id_ = (await office.account()).account.id
    ask = office.records.record
    raced: list[str] = []

    async def record(kind: Kind, each: str, *, tenant: TenantId | None = None) -> Record | None:
        found = await ask(kind, each, tenant=tenant)
        if found is not None and kind is Kind.ACCOUNT and len(raced) < 2:
            raced.append(each)
            if len(raced) == 2:
                body = json.dumps({**json.loads(found.body), "title": "theirs"})
                put = Put(record=replace(found, body=body), expected=found.version)
                await office.records.write([put], now=1.0)
        return found

    monkeypatch.setattr(office.records, "record", record)
    then = await office.accounts.update(ANNA, id_, {"tags": ["ours"]})

    assert (then.title, then.tags) == ("theirs", ("ours",))


async def test_a_deleted_account_leaves_nothing(office: Office) -> None:
    """Not its secrets, and no consent that a later one with its id would have."""
    id_ = (await office.account()).account.id
    await office.agreements.give(ANNA, [id_], version="1")

    await office.accounts.delete(ANNA, id_)

    assert await office.secrets(id_) == {}
    assert await office.trust.consent_of(id_) is None
    with pytest.raises(NotFoundError):
        await office.accounts.get(ANNA, id_)
    assert office.audit("account.deleted")[0]["email"] == "jane@example.org"


async def test_a_plan_says_how_many_accounts_there_may_be(office: Office) -> None:
    """In the words that host applications match; a change of one that is there is let."""
    await office.tenants.update(ADMIN, ACME, {"maxAccounts": 2})
    first = await office.account()
    await office.account()

    with pytest.raises(PlanLimitError) as caught:
        await office.account()

    assert caught.value.members == {
        "error": "plan_limit",
        "resource": "accounts",
        "current": 2,
        "limit": 2,
    }
    assert (await office.accounts.update(ANNA, first.account.id, {"title": "x"})).title == "x"
    assert (await office.account(OSCAR)).version


async def walked(office: Office, query: AccountQuery) -> list[str]:
    """Return the ids of all pages."""
    found: list[str] = []
    while True:
        page = await office.accounts.page(ANNA, query)
        found += [each.account.id for each in page.items]
        if page.next is None:
            return found
        query = replace(query, after=page.next)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_pages_hold_each_account_once_wherever_it_is_kept(office: Office, limit: int) -> None:
    """In the order of ids, over both."""
    own = [(await office.account()).account.id for _ in range(4)]
    await office.account(OSCAR)
    kept = ["a0002x", "b", "0"]
    office.elsewhere.keep("file", [*map(elsewhere, kept), elsewhere("c", OTHER)])

    assert await walked(office, AccountQuery(limit=limit)) == sorted([*own, *kept])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (AccountQuery(text="BLUE"), ["one", "three"]),
        (AccountQuery(text="mail.example"), ["one", "two"]),
        (AccountQuery(text="nothing"), []),
        (AccountQuery(fields={"tags": "vip"}), ["two", "three"]),
        (AccountQuery(fields={"active": False}), ["two"]),
        (AccountQuery(fields={"email": "jane@example.org"}), ["one", "two"]),
        (AccountQuery(fields={"tags": "vip"}, text="blue"), ["three"]),
    ],
)
async def test_accounts_are_found_by_what_is_said_of_them(
    office: Office, query: AccountQuery, found: list[str]
) -> None:
    """The same words and filters for those that are kept elsewhere."""
    one = await office.account(title="The blue one")
    two = await office.account(tags=["vip"], active=False)
    other = elsewhere("zzz").registration
    other = replace(other, title="A blue three", tags=("vip",))
    office.elsewhere.keep("file", [Sourced(registration=other)])
    names = {one.account.id: "one", two.account.id: "two", "zzz": "three"}

    assert [names[AccountId(each)] for each in await walked(office, query)] == found


@pytest.mark.parametrize(
    ("query", "error"),
    [
        (AccountQuery(limit=0), InvalidError),
        (AccountQuery(limit=1_001), InvalidError),
        (AccountQuery(fields={"password": "x"}), InvalidError),
        (AccountQuery(tenant=OTHER), NotFoundError),
    ],
)
async def test_a_list_that_can_not_be_is_refused(
    office: Office, query: AccountQuery, error: type[RefusalError]
) -> None:
    """A tenant's list of another tenant's is not there."""
    with pytest.raises(error):
        await office.accounts.page(ANNA, query)


async def test_an_account_stands_under_its_tenant(office: Office) -> None:
    """Its own record says nothing of the tenant's pause, so nothing is to be undone."""
    made = await office.account()

    await office.tenants.pause(ADMIN, ACME, reason="unpaid")
    seen = await office.accounts.get(ANNA, made.account.id)
    assert (seen.pause, seen.is_watched, seen.version) == (Pause.TENANT, False, made.version)

    await office.tenants.resume(ADMIN, ACME)
    assert await office.accounts.get(ANNA, made.account.id) == made


async def test_a_tenant_that_is_leaving_takes_no_account(office: Office) -> None:
    """It would be left behind."""
    record = office.records.rows.records[Kind.TENANT, ACME]
    body = json.dumps({**json.loads(record.body), "leaving": True})
    put = Put(record=replace(record, body=body), expected=record.version)
    await office.records.write([put], now=1.0)

    with pytest.raises(ConflictError):
        await office.account()


def test_an_account_of_which_nothing_is_said_has_no_server() -> None:
    """It is where a form begins, and is never written."""
    assert isinstance(blank(NEVER, ACME), Registration)
    assert blank(NEVER, ACME).target.host == ""
