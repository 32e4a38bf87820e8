"""Planted secrets come back in no answer, no log, no audit and no record in the clear."""

from __future__ import annotations

from collections.abc import Callable

from tests.api.operations import operations
from tests.support.api import Face
from vedette.api.frame import routed
from vedette.ports.records import Kind, RecordQuery

#: What is planted in each member that holds a secret.
PLANTED = {
    "password": "canary-password",
    "token": "canary-token",
    "proxyPassword": "canary-proxy",
}
CANARY = "canary-"
ACCOUNT = {
    "id": "box",
    "tenant": "default",
    "email": "a@example.org",
    "host": "imap.example.org",
    "proxy": "socks5://proxy.example.org:1080",
}


async def test_planted_secrets_never_come_back(face: Face, logged: Callable[[], str]) -> None:
    """Every route is asked, with the account there, and with a verification that fails."""
    answers = [
        await face.ask("POST", "/v1/accounts", {**ACCOUNT, **PLANTED}, idempotency_key="one"),
        await face.ask("POST", "/v1/accounts", {**ACCOUNT, **PLANTED}, idempotency_key="one"),
        await face.ask("POST", "/v1/accounts/verify", {**ACCOUNT, "id": None, **PLANTED}),
        await face.ask("PATCH", "/v1/accounts/box", {"password": "canary-second"}),
        await face.ask("PATCH", "/v1/accounts/box", {"password": ["canary-third"]}),
        await face.ask("PATCH", "/v1/accounts/box", {"password": "canary-" + "x" * 20_000}),
        await face.ask("POST", "/v1/accounts", {**ACCOUNT, "password": "canary-\0"}),
        await face.ask("POST", "/v1/accounts", b'{"password": "canary-fourth'),
    ]
    for operation in operations(routed().openapi()):
        method, path, body = operation.at({"tenant": "default", "account": "box", "key": "none"})
        answers.append(await face.ask(method, path, body))

    assert [each.status for each in answers[:5]] == [201, 201, 200, 200, 422]
    assert not [each.body for each in answers if CANARY.encode() in each.body]
    assert CANARY not in logged()
    assert not [each for each in await face.state.audit_trail(limit=1000) if CANARY in each.detail]


async def test_what_is_tried_has_the_secrets_and_what_is_kept_has_not(face: Face) -> None:
    """The doctor is given the password that was sealed, and the record does not hold it."""
    await face.ask("POST", "/v1/accounts", {**ACCOUNT, **PLANTED})

    await face.ask("POST", "/v1/accounts/box/verify")

    [(account, target)] = face.doctor.asked
    [record] = await face.state.records.records(RecordQuery(kind=Kind.ACCOUNT))
    sealed = await face.state.records.secrets(Kind.ACCOUNT, ["box"])
    assert account.credentials.password is not None
    assert account.credentials.password.reveal() == PLANTED["password"]
    assert target.proxy is not None
    assert target.proxy.password is not None
    assert target.proxy.password.reveal() == PLANTED["proxyPassword"]
    assert CANARY not in record.body + record.label
    assert sorted(each.name for each in sealed) == ["password", "proxy_password", "token"]
    assert not [each for each in sealed if CANARY.encode() in each.value]


async def test_a_list_decrypts_nothing(face: Face) -> None:
    """Lists and searches do not ask for a secret at all: they are as fast with them as without."""
    await face.ask("POST", "/v1/accounts", {**ACCOUNT, **PLANTED})
    asked: list[object] = []

    async def opened(*words: object, **_named: object) -> list[object]:
        asked.append(words)
        return []

    face.state.records.secrets = opened  # type: ignore[assignment, method-assign]

    for query in ("", "?q=example", "?tag=x", "?state=init", "?host=imap.example.org"):
        assert (await face.ask("GET", f"/v1/accounts{query}")).status == 200
    await face.ask("GET", "/v1/accounts/box")

    assert asked == []
