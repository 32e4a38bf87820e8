"""A guard is posted by the API as by the file, and a tenant's stands at its own accounts alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.office import ACME, ADMIN, ANNA, OSCAR, OTHER, Office, filed_guard
from vedette.config.document import parse
from vedette.config.guards import read_guard, shipped, shipped_text
from vedette.config.settings import GuardSettings
from vedette.engine.guarding import Mode, Span
from vedette.model.ids import AccountId, TenantId
from vedette.ports.records import Kind, Put
from vedette.secret import Secret
from vedette.service.accounts.tenant import Tenant, record_of
from vedette.service.caller import Caller
from vedette.service.guards.post import guard_of, settings_of
from vedette.service.refusals import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    PlanLimitError,
    TakenError,
)

NAME = "acme-offers"
PACK = """guard: acme-offers
symbols:
  OFFER: {where: [subject], phrases: [offer], score: 5, says: "an offer"}
actions:
  aside: {move: Offers}
verdicts:
  - {do: aside, at: 5, need: OFFER}
"""
POST: dict[str, object] = {"pack": "newsletter"}
Ask = Callable[[Office, Caller, str], Awaitable[object]]

ASKS: dict[str, Ask] = {
    "get": lambda it, who, id_: it.guards.get(who, id_),
    "update": lambda it, who, id_: it.guards.update(who, id_, {"mode": "act"}),
    "attach": lambda it, who, id_: it.guards.attach(who, id_, [AccountId("acmes")]),
    "detach": lambda it, who, id_: it.guards.detach(who, id_, [AccountId("acmes")]),
    "delete": lambda it, who, id_: it.guards.delete(who, id_),
}


async def settings(office: Office, id_: str) -> GuardSettings:
    """Return how a guard is posted, as who follows the records gets it."""
    record = office.records.rows.records[Kind.GUARD, id_]
    return settings_of(guard_of(record), await office.cabinet.opened(record))


async def posted(office: Office, **members: object) -> None:
    await office.guards.create(ANNA, {**POST, **members}, id_=NAME)


@pytest.mark.parametrize("pack", shipped())
def test_a_shipped_pack_says_its_name_once(pack: str) -> None:
    """On a line of its own, where another name is written over it."""
    text, _, _ = shipped_text(pack)

    assert [each for each in text.split("\n") if each.startswith("guard:")] == [f"guard: {pack}"]


# The largest takes a second to be read.
@pytest.mark.parametrize("pack", [each for each in shipped() if each != "gambling"])
async def test_a_shipped_pack_is_what_the_file_makes_of_it(office: Office, pack: str) -> None:
    """Under its own name, for an admin, it is the very same."""
    file = parse(
        f'[{pack}]\npack = "{pack}"\nmode = "act"\nfolders = ["INBOX"]\nsweep = {{days = 3}}\n',
        file="vedette.toml",
    )
    wish = {"pack": pack, "mode": "act", "folders": ["INBOX"], "sweep": {"days": 3}}

    await office.guards.create(ADMIN, wish, id_=pack)

    assert await settings(office, pack) == read_guard(file.table(pack), Path("/"))


async def test_two_tenants_have_the_same_pack_under_their_own_names(office: Office) -> None:
    """What one journals, stops or allows is not the other's."""
    await posted(office)
    await office.guards.create(OSCAR, POST, id_="other-offers")

    ours, theirs = await settings(office, NAME), await settings(office, "other-offers")

    assert (ours.pack.name, theirs.pack.name) == (NAME, "other-offers")
    assert (ours.tenants, theirs.tenants) == ((ACME,), (OTHER,))
    assert ours.mode is Mode.SHADOW
    assert ours.sweep == Span()


async def test_a_pack_of_ones_own_is_read_with_its_lines(office: Office) -> None:
    """A mistake is told where it stands."""
    await office.guards.create(ANNA, {"text": PACK}, id_=NAME)
    assert (await settings(office, NAME)).pack.symbols[0].name == "OFFER"

    wrong = PACK.replace("score", "scoer")
    with pytest.raises(InvalidError, match=f"text: {NAME}:3:.*scoer"):
        await office.guards.update(ANNA, NAME, {"text": wrong})


LISTED = PACK + "lists:\n  bad: {sources: [%s]}\n"

MISTAKES: list[tuple[dict[str, object], str]] = [
    ({}, "pack"),
    ({"pack": "nothing"}, "pack"),
    ({"pack": "../../etc/passwd.yaml"}, "pack"),
    ({"pack": "newsletter", "text": PACK}, "pack"),
    ({"text": PACK + "colour: blue\n"}, "text"),
    ({"text": PACK.replace("guard: acme-offers\n", "")}, "text"),
    ({"text": PACK.replace("guard: acme", "'guard': other")}, "text"),
    ({"text": LISTED % "/etc/passwd"}, "text"),
    ({"text": LISTED % "lists/gambling-starter.txt"}, "text"),
    ({"text": "!!python/object/apply:os.system [id]"}, "text"),
    ({"text": "x" * 2_000_000}, "text"),
    ({"text": "a\0b"}, "text"),
    ({"text": 7}, "text"),
    ({**POST, "mode": "delete"}, "mode"),
    ({**POST, "sweep": {"messages": -1}}, "sweep"),
    ({**POST, "sweep": {"weeks": 1}}, "sweep"),
    ({**POST, "sweep": 5}, "sweep"),
    ({**POST, "folders": "INBOX"}, "folders"),
    ({**POST, "accounts": [7]}, "accounts"),
    ({**POST, "partner": "nobody"}, "partner"),
    ({**POST, "partnerSecret": Secret("short")}, "partnerSecret"),
    ({**POST, "help": "a\nb"}, "help"),
    ({**POST, "colour": "blue"}, "colour"),
    ({**POST, "active": 1}, "active"),
]


@pytest.mark.parametrize(
    ("wish", "field"), MISTAKES, ids=[f"{field}-{i}" for i, (_, field) in enumerate(MISTAKES)]
)
async def test_what_a_guard_can_not_be_is_told_by_its_member(
    office: Office, wish: dict[str, object], field: str
) -> None:
    """In the words of the file's reader, and nothing is written."""
    with pytest.raises(InvalidError) as caught:
        await office.guards.create(ANNA, wish, id_=NAME)

    assert caught.value.mistakes[0].field == field
    assert (await office.guards.page(ADMIN)).items == ()


@pytest.mark.parametrize("wish", [{**POST, "private": True}, {**POST, "tenants": ["other"]}])
async def test_what_reaches_others_is_up_to_an_admin(
    office: Office, wish: dict[str, object]
) -> None:
    """A tenant's guard has its lists from the public net, and its own mail to judge."""
    with pytest.raises(ForbiddenError):
        await office.guards.create(ANNA, wish, id_=NAME)


@pytest.mark.parametrize(
    ("asked", "named"), [("offers", NAME), (NAME, NAME), ("other-x", "acme-other-x")]
)
async def test_a_tenants_guard_is_named_after_it(office: Office, asked: str, named: str) -> None:
    """Names are the same for all tenants: by another's name one would learn what it has."""
    made = await office.guards.create(ANNA, {"text": PACK}, id_=asked)

    assert made.id == named
    assert (await settings(office, named)).pack.name == named


@pytest.mark.parametrize("id_", ["", "-", "A", "a\nprivate: true", "\\1", "x" * 40, "ä", "a.b"])
async def test_a_guard_can_be_called_so_much_and_no_more(office: Office, id_: str) -> None:
    """Its name stands in files, events and keywords of servers."""
    caller = ANNA if id_ not in {"", "-"} else ADMIN

    with pytest.raises(InvalidError, match="id"):
        await office.guards.create(caller, POST, id_=id_)


async def test_a_guard_without_a_name_gets_one(office: Office) -> None:
    """After its tenant, whatever that is called; one that the file has is taken."""
    odd = TenantId("7 Acme.Inc")
    await office.records.write([Put(record=record_of(Tenant(id=odd)), expected=0)], now=1.0)
    walled = replace(ANNA, tenant=odd)

    ours = await office.guards.create(ANNA, POST)
    odds = await office.guards.create(walled, POST)
    common = await office.guards.create(ADMIN, POST)

    for each in (ours, odds, common):
        assert (await settings(office, each.id)).pack.name == each.id
    assert ours.id.startswith("acme-")
    office.file_guards = (filed_guard("filed"),)
    with pytest.raises(TakenError):
        await office.guards.create(ADMIN, POST, id_="filed")


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS.keys())
async def test_a_guard_of_another_is_not_there(office: Office, ask: Ask) -> None:
    """In the words of one that nobody has."""
    await office.accounts.create(ADMIN, _account(), id_="acmes", tenant=OTHER)
    await posted(office)
    before = dict(office.records.rows.records)

    words = set()
    for id_ in (NAME, "acme-never"):
        with pytest.raises(NotFoundError) as caught:
            await ask(office, OSCAR, id_)
        words.add(str(caught.value).replace(id_, "ID"))

    assert len(words) == 1
    assert dict(office.records.rows.records) == before


async def test_an_endpoint_that_a_guard_names_is_its_tenants(office: Office) -> None:
    """Mail of one tenant must not be routed to another's."""
    url = Secret("https://hooks.example.org/")
    theirs, _ = await office.endpoints.create(OSCAR, {"type": "webhook", "url": url})
    ours, _ = await office.endpoints.create(ANNA, {"type": "webhook", "url": url})
    routed = PACK.replace("{move: Offers}", "{route: %s}")

    with pytest.raises(InvalidError, match="no endpoint"):
        await office.guards.create(ANNA, {"text": routed % theirs.id}, id_=NAME)
    await office.guards.create(ANNA, {"text": routed % ours.id}, id_=NAME)


async def test_a_partner_is_told_of_changes_and_of_nothing_else(office: Office) -> None:
    """As the file demands it."""
    url = Secret("https://hooks.example.org/")
    wish = {"type": "webhook", "url": url}
    ours, _ = await office.endpoints.create(ANNA, wish)

    with pytest.raises(InvalidError, match="of changes only"):
        await posted(office, partner=ours.id)
    await office.endpoints.update(ANNA, ours.id, {"events": ["guard.changed"]})
    await posted(office, partner=ours.id, partnerSecret=Secret("a friend's words"))

    found = await settings(office, NAME)
    assert (found.partner, found.partner_secret) == (ours.id, Secret("a friend's words"))
    assert "friend" not in f"{office.records.rows.records} {office.trust.rows.audit}"


async def test_a_guard_is_attached_to_accounts_one_sees(office: Office) -> None:
    """The last one is not taken off: a guard that names none stands at all."""
    own = [(await office.account()).account.id for _ in range(2)]
    theirs = (await office.account(OSCAR)).account.id
    await posted(office, accounts=[own[0]])

    then = await office.guards.attach(ANNA, NAME, own)
    assert then.members["accounts"] == own
    with pytest.raises(NotFoundError):
        await office.guards.attach(ANNA, NAME, [theirs])
    then = await office.guards.detach(ANNA, NAME, [own[0]])
    assert then.members["accounts"] == [own[1]]
    with pytest.raises(ConflictError):
        await office.guards.detach(ANNA, NAME, [own[1]])


async def test_a_guard_for_all_accounts_stays_so(office: Office) -> None:
    """To attach one more would leave it at that one alone."""
    id_ = (await office.account()).account.id
    await posted(office)

    assert "accounts" not in (await office.guards.attach(ANNA, NAME, [id_])).members


async def test_what_is_not_named_of_a_guard_stays(office: Office) -> None:
    """And the audit says what changed; a text takes the place of a shipped pack."""
    await posted(office, folders=["INBOX"])

    await office.guards.update(ANNA, NAME, {"mode": "act"})
    then = await office.guards.update(ANNA, NAME, {"text": PACK})

    assert (then.pack, then.members) == (None, {"folders": ["INBOX"], "mode": "act"})
    changed = [each["changed"] for each in office.audit("guard.updated")]
    assert changed == [["mode"], ["pack", "text"]]
    assert (await office.guards.update(ANNA, NAME, {"mode": "act"})).version == then.version


async def test_a_plan_says_how_many_guards_there_may_be(office: Office) -> None:
    """As for accounts."""
    await office.tenants.update(ADMIN, ACME, {"maxGuards": 1})
    await posted(office)

    with pytest.raises(PlanLimitError) as caught:
        await office.guards.create(ANNA, POST, id_="acme-more")

    assert caught.value.resource == "guards"


async def test_a_deleted_guard_is_gone(office: Office) -> None:
    """As a wish: what is enforced of it is not in the record."""
    await posted(office)

    await office.guards.delete(ANNA, NAME)

    assert (await office.guards.page(ANNA)).items == ()
    assert office.audit("guard.deleted")[0]["guard"] == NAME


def _account() -> dict[str, object]:
    return {
        "email": "jane@example.org",
        "host": "mail.example.org",
        "password": Secret("hunter2"),
    }
