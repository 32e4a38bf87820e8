"""An endpoint is set by the API as by the file: one set of checks, and its secrets sealed."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import pytest

from tests.support.office import ACME, ADMIN, ANNA, OSCAR, Office, filed_endpoint
from vedette.config.settings import EndpointSettings
from vedette.outbox.signature import key
from vedette.ports.records import Kind
from vedette.secret import Secret
from vedette.service.caller import Caller
from vedette.service.endpoints.endpoint import (
    endpoint_of,
    settings_of,
)
from vedette.service.refusals import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    PlanLimitError,
    StaleError,
    TakenError,
)
from vedette.sinks.webhook import WebhookSettings

URL = Secret("https://hooks.example.org/in/t0ps3cret")


WEBHOOK: dict[str, object] = {"type": "webhook", "url": URL}


Ask = Callable[[Office, Caller, str], Awaitable[object]]


ASKS: dict[str, Ask] = {
    "get": lambda it, who, id_: it.endpoints.get(who, id_),
    "update": lambda it, who, id_: it.endpoints.update(who, id_, {"title": "x"}),
    "rotate": lambda it, who, id_: it.endpoints.rotate(who, id_),
    "retire": lambda it, who, id_: it.endpoints.retire(who, id_),
    "delete": lambda it, who, id_: it.endpoints.delete(who, id_),
}


async def settings(office: Office, id_: str) -> EndpointSettings:
    """Return how an endpoint is delivered to, as who follows the records gets it."""
    record = office.records.rows.records[Kind.ENDPOINT, id_]
    return settings_of(endpoint_of(record), await office.cabinet.opened(record))


def webhook(found: EndpointSettings) -> WebhookSettings:
    assert isinstance(found.sink, WebhookSettings)
    return found.sink


async def test_a_webhook_is_delivered_to_as_it_was_set(office: Office) -> None:
    """Its URL, its headers and its proxy among them, which are nowhere but sealed."""
    made, secret = await office.endpoints.create(
        ANNA,
        {
            **WEBHOOK,
            "title": "Tickets",
            "events": ["message.received"],
            "concurrency": 3,
            "timeout": 5,
            "headers": {"X-Team": Secret("h3ader")},
            "proxy": Secret("http://jane:pr0xy@proxy.example.org:3128"),
        },
    )

    found = await settings(office, made.id)
    sink = webhook(found)
    assert (sink.url, sink.timeout, sink.connections) == (URL, 5.0, 3)
    assert sink.headers["X-Team"] == Secret("h3ader")
    assert secret is not None
    assert sink.keys == (key(secret),)
    assert found.endpoint.selection.types == ("message.received",)
    assert made.place == "https://hooks.example.org"
    everything = f"{office.records.rows.records} {office.trust.rows.audit} {made}"
    for each in ("t0ps3cret", "h3ader", "pr0xy", secret.reveal()):
        assert each not in everything


MISTAKES: list[tuple[dict[str, object], str]] = [
    ({"url": URL}, "type"),
    ({"type": "carrier-pigeon", "url": URL}, "type"),
    ({"type": "webhook"}, "url"),
    ({**WEBHOOK, "url": Secret("ftp://x.example.org")}, "url"),
    ({**WEBHOOK, "url": "https://plain.example.org"}, "url"),
    ({**WEBHOOK, "url": Secret("https://127.0.0.1/")}, "url"),
    ({**WEBHOOK, "url": Secret("https://localhost/")}, "url"),
    ({**WEBHOOK, "url": Secret("https://[::ffff:169.254.169.254]/")}, "url"),
    ({**WEBHOOK, "secret": Secret("short")}, "secret"),
    ({**WEBHOOK, "events": ["nothing.ever"], "profile": "emailengine"}, "events"),
    ({**WEBHOOK, "events": "all"}, "events"),
    ({**WEBHOOK, "events": ["a\nb"]}, "events"),
    ({**WEBHOOK, "concurrency": 0}, "concurrency"),
    ({**WEBHOOK, "rate": float("nan")}, "rate"),
    ({**WEBHOOK, "timeout": 10**9}, "timeout"),
    ({**WEBHOOK, "headers": ["X"]}, "headers"),
    ({**WEBHOOK, "headers": {"X": "plain"}}, "headers"),
    ({**WEBHOOK, "headers": {"X": Secret("a\r\nb")}}, "headers"),
    ({**WEBHOOK, "headers": {"X Y": Secret("a")}}, "headers"),
    ({**WEBHOOK, "headers": {"": Secret("a")}}, "headers"),
    ({**WEBHOOK, "private": ["x"], "timeout": {"a": 1}}, "timeout"),
    ({**WEBHOOK, "stream": "x"}, "stream"),
    ({**WEBHOOK, "url_file": "/etc/passwd"}, "url_file"),
    ({"type": "webhook", "url_env": "HOME"}, "url_env"),
    ({"type": "redis", "url": Secret("https://redis.example.org")}, "url"),
    ({"type": "redis", "url": Secret("redis://redis.example.org"), "stream": "{x}"}, "stream"),
    ({"type": "amqp", "url": Secret("amqp://a.example.org"), "routingKey": "{x}"}, "routingKey"),
    ({"type": "kafka", "url": Secret("kafka://10.0.0.7")}, "url"),
    ({**WEBHOOK, "title": {"a": 1}}, "title"),
]


@pytest.mark.parametrize(
    ("wish", "field"), MISTAKES, ids=[f"{field}-{i}" for i, (_, field) in enumerate(MISTAKES)]
)
async def test_what_an_endpoint_can_not_be_is_told_by_its_member(
    office: Office, wish: dict[str, object], field: str
) -> None:
    """In the words of the file's reader; no secret in it, and nothing written."""
    with pytest.raises(InvalidError) as caught:
        await office.endpoints.create(ANNA, wish)

    assert caught.value.mistakes[0].field == field
    assert "t0ps3cret" not in str(caught.value)
    assert (await office.endpoints.page(ADMIN)).items == ()


@pytest.mark.parametrize(
    "wish",
    [
        {"type": "exec", "command": "id"},
        {"type": "exec", "command": "id", "environment": ["VEDETTE_NOBODY_HAS_THIS"]},
        {"type": "file", "path": "/etc/cron.d/x"},
        {"type": "stdout"},
        {**WEBHOOK, "private": True},
        {**WEBHOOK, "caFile": "/etc/shadow"},
        {**WEBHOOK, "tenants": ["other"]},
    ],
)
async def test_what_is_of_this_machine_is_up_to_an_admin(
    office: Office, wish: dict[str, object]
) -> None:
    """And the refusal does not tell what there is on it."""
    with pytest.raises(ForbiddenError):
        await office.endpoints.create(ANNA, wish)


async def test_a_tenants_endpoint_takes_its_own_events_alone(office: Office) -> None:
    """And an admin's without a tenant those of all."""
    hers, _ = await office.endpoints.create(ANNA, WEBHOOK)
    all_, _ = await office.endpoints.create(ADMIN, WEBHOOK)

    assert (await settings(office, hers.id)).endpoint.selection.tenants == (ACME,)
    assert (await settings(office, all_.id)).endpoint.selection.tenants == ()


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS.keys())
async def test_an_endpoint_of_another_is_not_there(office: Office, ask: Ask) -> None:
    """In the words of one that nobody has; nor is one of nobody's for a tenant."""
    hers, _ = await office.endpoints.create(ANNA, WEBHOOK)
    all_, _ = await office.endpoints.create(ADMIN, WEBHOOK)
    before = dict(office.records.rows.records)

    words = set()
    for id_ in (hers.id, all_.id, "never"):
        with pytest.raises(NotFoundError) as caught:
            await ask(office, OSCAR, id_)
        words.add(str(caught.value).replace(id_, "ID"))

    assert len(words) == 1
    assert dict(office.records.rows.records) == before
    assert (await office.endpoints.page(OSCAR)).items == ()


async def test_during_a_rotation_both_secrets_sign(office: Office) -> None:
    """The receiver takes either, so it can go over when it likes."""
    given_ = Secret("whsec_" + "A" * 43 + "=")
    made, first = await office.endpoints.create(ANNA, {**WEBHOOK, "secret": given_})
    assert first is None

    _, new = await office.endpoints.rotate(ANNA, made.id)
    assert webhook(await settings(office, made.id)).keys == (key(new), key(given_))

    retired = await office.endpoints.retire(ANNA, made.id)
    assert webhook(await settings(office, made.id)).keys == (key(new),)
    assert (await office.endpoints.retire(ANNA, made.id)).version == retired.version


async def test_what_signs_nothing_has_no_secret_to_change(office: Office) -> None:
    """It is said, and not ignored."""
    wish = {"type": "redis", "url": Secret("redis://redis.example.org")}
    made, secret = await office.endpoints.create(ANNA, wish)

    assert secret is None
    with pytest.raises(ConflictError):
        await office.endpoints.rotate(ANNA, made.id)


async def test_what_is_not_named_stays_as_it_is(office: Office) -> None:
    """The URL and the secret too, which no client can send back."""
    made, secret = await office.endpoints.create(ANNA, {**WEBHOOK, "concurrency": 3})
    assert secret is not None

    then = await office.endpoints.update(
        ANNA, made.id, {"timeout": 5, "url": Secret(""), "active": False}
    )

    sink = webhook(await settings(office, made.id))
    assert (sink.url, sink.timeout, sink.connections) == (URL, 5.0, 3)
    assert sink.keys == (key(secret),)
    assert (then.active, then.version) == (False, made.version + 1)
    assert office.audit("endpoint.updated")[0]["changed"] == ["active", "timeout"]
    assert (await office.endpoints.update(ANNA, made.id, {"timeout": 5})).version == then.version


async def test_an_endpoint_stays_of_its_kind(office: Office) -> None:
    """What is queued for it was made for that."""
    made, _ = await office.endpoints.create(ANNA, WEBHOOK)

    with pytest.raises(InvalidError, match="type"):
        await office.endpoints.update(ANNA, made.id, {"type": "redis"})


async def test_a_tenant_does_not_turn_an_inside_endpoint_elsewhere(office: Office) -> None:
    """It may turn it off, and may close the way inside."""
    inside = {**WEBHOOK, "url": Secret("http://10.0.0.5/"), "private": True}
    made, _ = await office.endpoints.create(ADMIN, inside, tenant=ACME)

    with pytest.raises(ForbiddenError):
        await office.endpoints.update(ANNA, made.id, {"url": Secret("http://10.0.0.6/")})
    with pytest.raises(InvalidError, match="private network"):
        await office.endpoints.update(ANNA, made.id, {"private": False})
    out = {"private": False, "url": URL}
    with pytest.raises(ForbiddenError):
        await office.endpoints.update(ANNA, made.id, out)
    assert (await office.endpoints.update(ADMIN, made.id, out)).version == made.version + 1


async def test_an_id_that_the_file_has_is_taken(office: Office) -> None:
    """Deliveries are kept by it."""
    office.file_endpoints = (filed_endpoint("filed"),)
    for id_ in ("filed", "mine"):
        if id_ == "mine":
            await office.endpoints.create(ADMIN, WEBHOOK, id_=id_)
        with pytest.raises(TakenError):
            await office.endpoints.create(ADMIN, WEBHOOK, id_=id_)


async def test_a_plan_says_how_many_endpoints_there_may_be(office: Office) -> None:
    """As for accounts."""
    await office.tenants.update(ADMIN, ACME, {"maxEndpoints": 1})
    await office.endpoints.create(ANNA, WEBHOOK)

    with pytest.raises(PlanLimitError) as caught:
        await office.endpoints.create(ANNA, WEBHOOK)

    assert caught.value.resource == "endpoints"


async def test_a_deleted_endpoint_leaves_no_secret(office: Office) -> None:
    """And is not deleted where it is another by now."""
    made, _ = await office.endpoints.create(ANNA, WEBHOOK)

    with pytest.raises(StaleError):
        await office.endpoints.delete(ANNA, made.id, expected=made.version + 1)
    await office.endpoints.delete(ANNA, made.id, expected=made.version)

    assert await office.records.secrets(Kind.ENDPOINT, [made.id]) == []


async def test_a_listing_goes_on_where_the_page_ended(office: Office) -> None:
    """Each endpoint once."""
    made = [(await office.endpoints.create(ANNA, WEBHOOK))[0].id for _ in range(3)]

    first = await office.endpoints.page(ANNA, limit=2)
    second = await office.endpoints.page(ANNA, after=first.next or "", limit=2)

    assert [each.id for each in (*first.items, *second.items)] == made
    assert second.next is None
    assert json.dumps([dict(each.members) for each in first.items])
