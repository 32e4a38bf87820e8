"""API keys: shown once, kept as a digest, good for what they say and until they say."""

from __future__ import annotations

import asyncio
import json
from typing import cast

import pytest

from tests.api.conftest import NOW
from tests.store.bundle import StillClock
from tests.support.api import ROOT, Face
from vedette.errors import StoreError
from vedette.ports.records import Kind, RecordQuery
from vedette.secret import Secret
from vedette.service.caller import Caller
from vedette.service.keys import NOTED, PREFIX, SCOPES, Keys
from vedette.service.refusals import ForbiddenError, InvalidError, NotFoundError

WISH = {"name": "k", "scopes": ["accounts:read"], "tenant": "default"}


def later(face: Face, seconds: float) -> None:
    cast("StillClock", face.clock).time += seconds


async def test_a_key_is_a_prefix_and_256_random_bits(face: Face) -> None:
    """43 letters of base64 hold 256 bits, and no two keys are alike."""
    _, one = await face.services.keys.create(ROOT, WISH)
    _, two = await face.services.keys.create(ROOT, WISH)

    assert one.reveal().startswith(PREFIX)
    assert len(one.reveal()) == len(PREFIX) + 43
    assert one != two


async def test_a_key_can_not_be_had_from_what_is_kept(face: Face) -> None:
    """Neither the record nor its id nor the audit holds the key or the digest that is compared."""
    key, secret = await face.services.keys.create(ROOT, WISH)

    [record] = await face.state.records.records(RecordQuery(kind=Kind.KEY))
    trail = await face.state.audit_trail()
    assert secret.reveal() not in record.body
    assert json.loads(record.body)["digest"] not in key.id
    assert not [entry for entry in trail if secret.reveal() in entry.detail]


async def test_the_api_shows_a_key_once(face: Face) -> None:
    """The answer to its making has it, and nothing after that."""
    made = await face.ask("POST", "/v1/keys", WISH)

    shown = await face.ask("GET", made.headers["location"])
    listed = await face.ask("GET", "/v1/keys")
    assert made.status == 201
    assert made.json["key"].encode() not in shown.body + listed.body
    assert "digest" not in shown.json


async def test_a_revoked_key_is_good_for_nothing_at_once(face: Face) -> None:
    """The very next request with it is refused."""
    made = await face.ask("POST", "/v1/keys", WISH)
    before = await face.ask("GET", "/v1/accounts", key=made.json["key"])

    gone = await face.ask("DELETE", made.headers["location"])
    after = await face.ask("GET", "/v1/accounts", key=made.json["key"])

    assert [each.status for each in (before, gone, after)] == [200, 204, 401]


async def test_a_key_ends_when_it_says(face: Face) -> None:
    """At the instant of its expiry it is not valid any more."""
    wish = {**WISH, "expiresAt": "2027-01-15T09:00:00Z"}
    made = await face.ask("POST", "/v1/keys", wish)

    later(face, 3599)
    before = await face.ask("GET", "/v1/accounts", key=made.json["key"])
    later(face, 1)
    after = await face.ask("GET", "/v1/accounts", key=made.json["key"])

    assert made.json["expiresAt"] == "2027-01-15T09:00:00.000Z"
    assert [before.status, after.status] == [200, 401]


@pytest.mark.parametrize("text", ["2027-01-15T08:00:00Z", "2099-01-01", "soon", ""])
async def test_an_expiry_is_ahead_and_within_ten_years(face: Face, text: str) -> None:
    """A key that is expired when it is made, or never in effect, is a mistake."""
    answer = await face.ask("POST", "/v1/keys", {**WISH, "expiresAt": text})

    assert (answer.status, answer.code) == (422, "invalid")


async def test_the_use_of_a_key_is_noted_at_most_once_a_minute(face: Face) -> None:
    """A busy key costs a write a minute, and says to the minute when it was used."""
    key, secret = await face.services.keys.create(ROOT, WISH)

    versions = []
    for wait in (0.0, 1.0, NOTED - 2, 1.0):
        later(face, wait)
        await face.services.keys.caller(secret)
        record = await face.state.records.record(Kind.KEY, key.id)
        versions.append(0 if record is None else record.version)

    found = await face.services.keys.get(ROOT, key.id)
    assert versions == [2, 2, 2, 3]
    assert found.last_used_at == NOW + NOTED


async def test_a_use_that_can_not_be_noted_is_a_use(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk the API still answers what it can."""
    _, secret = await face.services.keys.create(ROOT, WISH)

    async def fail(*_words: object, **_named: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(face.state.records, "write", fail)

    assert await face.services.keys.caller(secret) is not None


async def test_a_digest_that_differs_is_no_key(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """That the id of a key is found is not enough: the whole digest is compared."""
    _, secret = await face.services.keys.create(ROOT, WISH)
    monkeypatch.setattr("vedette.service.keys._digest", lambda _secret: "0" * 64)

    assert await face.services.keys.caller(secret) is None


@pytest.mark.parametrize(
    "text", ["", "vdt_", "x" * 47, "vdt_" + "x" * 42, "vdt_" + "ä" * 43, "vdt_" + "x" * 44]
)
async def test_what_is_no_key_is_not_looked_up(face: Face, text: str) -> None:
    """Text of another form is nobody's, without a question to the store."""
    assert await face.services.keys.caller(Secret(text)) is None


async def test_of_instances_that_start_at_once_one_makes_the_first_key(face: Face) -> None:
    """Ten starts on one empty state show one key, and it opens everything."""
    starts = [Keys(face.services.keys._cabinet) for _ in range(10)]

    shown = [each for each in await asyncio.gather(*(keys.first() for keys in starts)) if each]

    [first] = shown
    caller = await face.services.keys.caller(first)
    assert caller is not None
    assert caller.is_admin


async def test_there_is_no_first_key_where_there_was_one(face: Face) -> None:
    """Who lost all keys makes one at the socket; a start never shows a second one."""
    first = await face.services.keys.first()
    assert first is not None
    for key in (await face.services.keys.page(ROOT)).items:
        await face.services.keys.revoke(ROOT, key.id)

    assert await face.services.keys.first() is None


async def test_where_a_key_was_made_a_start_shows_none(face: Face) -> None:
    """A key that was made at the socket before counts as well."""
    await face.services.keys.create(ROOT, WISH)

    assert await face.services.keys.first() is None


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"scopes": ["admin"], "tenant": "default"}, InvalidError),
        ({"scopes": ["accounts:*"]}, ForbiddenError),
        ({"scopes": ["accounts:write"]}, ForbiddenError),
        ({"scopes": ["all"]}, InvalidError),
        ({"scopes": []}, InvalidError),
        ({"name": " "}, InvalidError),
        ({"tenant": "other"}, InvalidError),
        ({"tenant": "default"}, InvalidError),
        ({"more": 1}, InvalidError),
    ],
)
async def test_a_key_makes_no_key_that_can_do_more(
    face: Face, given: dict[str, object], kind: type[Exception]
) -> None:
    """What its maker can not do, nor for whom, it can not either."""
    await face.ask("POST", "/v1/tenants", {"id": "other"})
    await face.ask("POST", "/v1/tenants", {"id": "acme"})
    maker = Caller(
        name="t", tenant=face.tenant("acme"), scopes=frozenset({"keys:write", "accounts:read"})
    )

    with pytest.raises(kind):
        await face.services.keys.create(maker, {**WISH, "tenant": None, **given})


async def test_a_tenants_key_makes_keys_of_its_tenant(face: Face) -> None:
    """Without a tenant in the wish it is the maker's own."""
    maker = await face.key("keys:*", "accounts:*", tenant="default")

    made = await face.ask("POST", "/v1/keys", {"name": "n", "scopes": ["accounts:*"]}, key=maker)

    assert made.json["tenant"] == "default"


async def test_a_key_of_a_tenant_that_is_not_there_is_refused(face: Face) -> None:
    """A misspelt tenant would make a key that can do nothing."""
    with pytest.raises(InvalidError):
        await face.services.keys.create(ROOT, {**WISH, "tenant": "acme"})


async def test_a_key_is_revoked_once(face: Face) -> None:
    """The second time there is none."""
    key, _ = await face.services.keys.create(ROOT, WISH)
    await face.services.keys.revoke(ROOT, key.id)

    with pytest.raises(NotFoundError):
        await face.services.keys.revoke(ROOT, key.id)


async def test_with_a_tenant_its_keys_end(face: Face) -> None:
    """What a tenant's keys could do goes with the tenant."""
    await face.ask("POST", "/v1/tenants", {"id": "acme"})
    key = await face.key(*SCOPES, tenant="acme")

    await face.ask("DELETE", "/v1/tenants/acme")

    assert (await face.ask("GET", "/v1/accounts", key=key)).status == 401


async def test_making_and_revoking_a_key_is_in_the_audit(face: Face) -> None:
    """Who made it, what it may, and who revoked it."""
    made = await face.ask("POST", "/v1/keys", WISH)
    await face.ask("DELETE", made.headers["location"])

    listed = await face.ask("GET", "/v1/audit")
    steps = [each for each in listed.json["items"] if each["detail"].get("key") == made.json["id"]]
    assert [each["what"] for each in steps] == ["key.created", "key.revoked"]
    assert {each["actor"][:4] for each in steps} == {"key:"}
    assert steps[0]["detail"]["scopes"] == ["accounts:read"]
