"""What is found by the rolls in memory is what a look at every account finds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.support.office import ACME, ADMIN, ANNA, OTHER, Office, office, wish
from vedette.model.account import AccountState, Health
from vedette.model.ids import AccountId, TenantId
from vedette.ports.records import Kind, Put, Record
from vedette.ports.registration import Auth, Origin, Pause, Registration
from vedette.ports.source import Sourced
from vedette.service.accounts import clerk, searching
from vedette.service.accounts.accounts import Accounts, blank
from vedette.service.accounts.condition import State, condition
from vedette.service.accounts.overview import Overview
from vedette.service.accounts.registration import label_of, registration_of
from vedette.service.accounts.roll import FILTERS, AccountQuery, entry_in, entry_of
from vedette.service.accounts.status import LIVE
from vedette.service.body import Unread
from vedette.service.caller import Caller
from vedette.service.refusals import NewerError, RefusalError
from vedette.service.running import Nothing
from vedette.store.rows.record import folded

HOSTS = ("mail.example.org", "imap.example.net")
TAGS = ("vip", "trial", "größe")
TITLES = ("Blue", "STRASSE", "straße", "")
NAMES = tuple(f"box-{number}" for number in range(12))


@dataclass(slots=True)
class Watch:
    """What is seen of accounts."""

    told: dict[AccountId, Health] = field(default_factory=dict)

    async def healths(self) -> list[Health]:
        return list(self.told.values())


@dataclass(slots=True)
class Scene:
    """An office, and what is seen of its accounts."""

    office: Office
    watch: Watch
    overview: Overview

    def tell(self, name: str, state: AccountState, proof_age: float | None) -> None:
        at = None if proof_age is None else self.office.clock.at - proof_age
        id_ = AccountId(name)
        self.watch.told[id_] = Health(
            account=id_, tenant=ACME, email="", state=state, proof_at=at, error="no"
        )

    async def slowly(
        self, caller: Caller, query: AccountQuery, state: State | None, now: float
    ) -> list[str]:
        """Read every account, and return those that are asked for."""
        found: list[str] = []
        accounts, after = self.office.accounts, ""
        while True:
            page = await accounts.page(caller, AccountQuery(tenant=query.tenant, after=after))
            for each in page.items:
                health = self.watch.told.get(each.account.id)
                is_in = state is None or condition(each, health, now=now).state is state
                if is_in and is_asked_for(each, query):
                    found.append(each.account.id)
            if page.next is None:
                return found
            after = page.next

    async def quickly(
        self, caller: Caller, query: AccountQuery, state: State | None
    ) -> list[list[str]]:
        """Return the ids of every page."""
        pages: list[list[str]] = []
        while True:
            page = await self.overview.page(caller, query, state)
            pages.append([each.registration.account.id for each in page.items])
            if state is not None:
                assert {each.condition.state for each in page.items} <= {state}
            if page.next is None:
                return pages
            query = replace(query, after=page.next)


async def scene() -> Scene:
    made, watch = await office(), Watch()
    return Scene(made, watch, Overview(made.accounts, Nothing(watch.healths), made.clock))


def is_asked_for(one: Registration, query: AccountQuery) -> bool:
    """Say it in other words than the roll: by the members that the API shows."""
    own = one.beneath if one.pause is Pause.TENANT else one.pause
    shown: Mapping[str, object] = {
        "email": one.account.email,
        "user": one.account.credentials.user,
        "host": one.target.host,
        "auth": one.grant.auth.value,
        "active": one.active,
        "pause": None if own is None else own.value,
    }
    return folded(query.text) in folded(label_of(one)) and all(
        value in one.tags if name == "tags" else shown[name] == value
        for name, value in query.fields.items()
    )


def kept_elsewhere(name: str, tenant: TenantId, title: str) -> Sourced:
    base = blank(AccountId(name), tenant)
    return Sourced(
        registration=replace(
            base,
            account=replace(base.account, email=f"{name}@example.org"),
            target=replace(base.target, host=HOSTS[0]),
            title=title,
            origin=Origin.FILE,
        )
    )


async def register(made: Scene, name: str, number: int) -> None:
    owner = (ACME, OTHER)[number % 2]
    form = wish(
        email=f"{name}@example.org" if number % 3 else "shared@example.org",
        host=HOSTS[number % 2],
        title=TITLES[number % 4],
        tags=[TAGS[number % 3]] if number % 4 else [],
        active=number % 5 != 0,
    )
    await made.office.accounts.create(ADMIN, form, id_=name, tenant=owner)


async def befall(made: Scene, what: str, name: str, number: int) -> None:
    """Let something happen; what can not be now is refused, and that is all right."""
    accounts, orders, tenants = made.office.accounts, made.office.orders, made.office.tenants
    id_, tenant, title = AccountId(name), (ACME, OTHER)[number % 2], TITLES[number % 4]
    ways: dict[str, Callable[[], Awaitable[object]]] = {
        "create": lambda: register(made, name, number),
        "delete": lambda: accounts.delete(ADMIN, id_),
        "change": lambda: accounts.update(
            ADMIN, id_, {"active": bool(number % 2), "title": title, "tags": [TAGS[0]]}
        ),
        "pause": lambda: orders.pause(ADMIN, id_),
        "resume": lambda: orders.resume(ADMIN, id_),
        "stop": lambda: tenants.pause(ADMIN, tenant),
        "go on": lambda: tenants.resume(ADMIN, tenant),
        "limit": lambda: tenants.update(ADMIN, ACME, {"maxAccounts": number % 4 or None}),
    }
    if what == "elsewhere":
        made.office.elsewhere.keep("table", [kept_elsewhere(f"{name}x", tenant, title)])
    elif what == "told":
        age = (None, 1.0, LIVE + 60.0)[number % 3]
        made.tell(name, list(AccountState)[number % len(AccountState)], age)
    else:
        with suppress(RefusalError):
            await ways[what]()


HAPPENINGS = some.lists(
    some.tuples(
        some.sampled_from(
            ["create", "create", "create", "delete", "change", "pause", "resume", "stop", "go on",
             "limit", "elsewhere", "told", "told", "ask"]
        ),
        some.sampled_from(NAMES),
        some.integers(0, 60),
    ),
    max_size=30,
)  # fmt: skip
QUERIES = some.builds(
    AccountQuery,
    text=some.sampled_from(["", "", "blue", "Straße", "example", "nobody"]),
    fields=some.dictionaries(
        some.sampled_from(sorted(FILTERS)),
        some.sampled_from(
            ["vip", "größe", HOSTS[0], "shared@example.org", "password", "manual", True, False]
        ),
        max_size=2,
    ),
    tenant=some.sampled_from([None, ACME, OTHER]),
    after=some.sampled_from(["", "", "box-3"]),
    limit=some.integers(1, 5),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    happenings=HAPPENINGS,
    query=QUERIES,
    state=some.sampled_from([None, *State]),
    is_admin=some.booleans(),
)
def test_what_is_found_is_what_a_look_at_every_account_finds(
    happenings: list[tuple[str, str, int]],
    query: AccountQuery,
    state: State | None,
    is_admin: bool,  # noqa: FBT001 - drawn by hypothesis
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever befell accounts, tenants and watches, and however often somebody asked meanwhile."""
    monkeypatch.setattr(searching, "LOOKED", 3)
    monkeypatch.setattr(clerk, "PAGE", 4)
    caller = ADMIN if is_admin else ANNA
    asked = query if is_admin else replace(query, tenant=None)

    async def told() -> None:
        made = await scene()
        for number, name in enumerate(NAMES[:4]):
            await register(made, name, number)
        for what, name, number in happenings:
            if what == "ask":
                await made.quickly(ADMIN, AccountQuery(text="e"), None)
            else:
                await befall(made, what, name, number)
        pages = await made.quickly(caller, asked, state)
        now = made.office.clock.at
        slow = await made.slowly(caller, asked, state, now)

        assert [each for page in pages for each in page] == [e for e in slow if e > asked.after]
        assert all(len(page) == asked.limit for page in pages[:-1])

    asyncio.run(told())


@pytest.fixture
async def full() -> Scene:
    made = await scene()
    for number, name in enumerate(NAMES):
        await register(made, name, number)
    return made


async def test_a_roll_is_read_once(full: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """After that only what was touched, and of a page those that are shown."""
    query = AccountQuery(fields={"tags": "vip"})
    await full.overview.page(ADMIN, query)
    await full.office.accounts.update(ADMIN, AccountId("box-3"), {"tags": ["vip", "new"]})
    read, asked = full.office.records.several, list[str]()

    async def noted(kind: Kind, ids: list[str], *, tenant: TenantId | None = None) -> list[Record]:
        asked.extend(ids)
        return await read(kind, ids, tenant=tenant)

    monkeypatch.setattr(full.office.records, "several", noted)
    page = await full.overview.page(ADMIN, AccountQuery(fields={"tags": "new"}))

    assert [each.registration.account.id for each in page.items] == ["box-3"]
    assert asked == ["box-3", "box-3"]


async def test_what_changed_since_the_roll_was_looked_at_is_looked_at_itself(
    full: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account that is another by the time that it is read is not shown as what it was."""
    several = Accounts.several

    async def late(
        self: Accounts, caller: Caller, ids: Sequence[AccountId]
    ) -> dict[str, Registration | Unread]:
        monkeypatch.setattr(Accounts, "several", several)
        await self.update(ADMIN, AccountId("box-3"), {"tags": []})
        await self.delete(ADMIN, AccountId("box-9"))
        return await several(self, caller, ids)

    monkeypatch.setattr(Accounts, "several", late)
    page = await full.overview.page(ADMIN, AccountQuery(fields={"tags": "vip"}))

    assert [each.registration.account.id for each in page.items] == ["box-6"]


async def test_a_roll_that_was_out_of_touch_is_read_anew(full: Scene) -> None:
    """That a record is gone is told for a day: whoever comes later does not count on it."""
    query = AccountQuery(text="example")
    await full.overview.page(ADMIN, query)
    await full.office.accounts.delete(ADMIN, AccountId("box-3"))
    full.office.clock.at += 2 * 86_400.0
    await full.office.records.expire(full.office.clock.at, limit=1_000)

    page = await full.overview.page(ADMIN, query)

    assert "box-3" not in {each.registration.account.id for each in page.items}


async def test_an_account_that_can_not_be_read_is_told_of(full: Scene) -> None:
    """A newer version wrote it: the others are listed, by a filter as without one."""
    record = await full.office.records.record(Kind.ACCOUNT, "box-3")
    assert record is not None
    newer = replace(record, body='{"pause":"eclipse"}')
    await full.office.records.write([Put(record=newer, expected=record.version)], now=1.0)

    for state in (State.INIT, State.LIVE, None):
        page = await full.overview.page(ADMIN, AccountQuery(text="nobody"), state)
        assert page.items == ()
        assert [each.id for each in page.unread] == ["box-3"]
        assert "another version" in page.unread[0].why
    with pytest.raises(NewerError, match="box-3"):
        await full.overview.one(ADMIN, AccountId("box-3"))


async def test_an_entry_from_a_record_says_what_the_account_says(full: Scene) -> None:
    """Read in a tenth of the time, and the same."""
    await full.office.accounts.update(ADMIN, AccountId("box-2"), {"user": "Jane"})
    await full.office.orders.pause(ADMIN, AccountId("box-4"))
    common: dict[Any, Any] = {}
    for name in NAMES:
        record = await full.office.records.record(Kind.ACCOUNT, name)
        assert record is not None
        assert entry_in(record, common) == entry_of(registration_of(record))
    least = Record(
        kind=Kind.ACCOUNT, id="x", tenant=ACME, body='{"email":"x@y"}', label="x@y x@y  "
    )
    assert entry_in(least, common) == entry_of(registration_of(least))
    assert entry_in(least, common).auth is Auth.PASSWORD
