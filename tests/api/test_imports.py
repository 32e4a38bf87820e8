"""A whole file of accounts: all of it is registered, or the mistakes are told with their lines."""

from __future__ import annotations

import asyncio

import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from tests.api.conftest import NOW
from tests.store.bundle import StillClock
from tests.support.api import Answer, Face, request
from vedette.api import gate

PATH = "/v1/accounts/import"


async def sent(face: Face, text: str | bytes, kind: str = "text/csv", **headers: str) -> Answer:
    body = text if isinstance(text, bytes) else text.encode()
    return await face.ask("POST", PATH, body, content_type=kind, **headers)


async def names(face: Face) -> list[str]:
    listed = await face.ask("GET", "/v1/accounts")
    return sorted(each["email"] for each in listed.json["items"])


async def test_a_csv_becomes_accounts_and_may_be_sent_again(face: Face) -> None:
    """What is there already is counted, and left as it is."""
    text = (
        "email,host,password,tags\r\n"
        'anna@example.org,imap.example.org,"pa,ss",a;b\r\n'
        "bert@example.org,imap.example.org,word,\r\n"
    )

    first = await sent(face, text, "text/csv; charset=utf-8")
    again = await sent(face, text)

    assert (first.status, first.json) == (200, {"created": 2, "there": 0})
    assert again.json == {"created": 0, "there": 2}
    assert await names(face) == ["anna@example.org", "bert@example.org"]


async def test_json_is_taken_as_a_list_or_line_by_line(face: Face) -> None:
    """As other systems write it."""
    line = '{"email": "%s@example.org", "host": "imap.example.org", "password": "x"}'
    listed = await sent(face, f"[{line % 'anna'}, {line % 'bert'}]", "application/json")
    lines = await sent(face, f"{line % 'carl'}\n{line % 'dora'}\n", "application/json")

    assert (listed.json["created"], lines.json["created"]) == (2, 2)


async def test_mistakes_are_told_with_their_lines_and_nothing_is_written(face: Face) -> None:
    """All of them at once, and no password among them."""
    text = (
        "email,host,password\n"
        "anna@example.org,imap.example.org,planted-one\n"
        ",imap.example.org,planted-two\n"
        "carl@example.org,imap .example.org,planted-three\n"
    )

    answer = await sent(face, text)

    assert (answer.status, answer.code) == (422, "invalid")
    assert [each["field"] for each in answer.json["errors"]] == ["line 3 email", "line 4 host"]
    assert b"planted" not in answer.body
    assert await names(face) == []


async def test_a_limit_is_looked_at_before_anything_is_written(face: Face) -> None:
    """Half of a file is worse than none."""
    await face.ask("POST", "/v1/tenants", {"id": "acme", "maxAccounts": 1})
    text = "tenant,email,host,password\n" + "".join(
        f"acme,{each}@example.org,imap.example.org,x\n" for each in ("anna", "bert")
    )

    answer = await sent(face, text)

    assert (answer.status, answer.code) == (409, "plan_limit")
    assert (answer.json["current"], answer.json["limit"]) == (0, 1)
    assert await names(face) == []


@pytest.mark.parametrize(
    ("text", "kind", "status", "code"),
    [
        (b"email\n\xff\n", "text/csv", 400, "malformed"),
        (b"email,nonsense\n", "text/csv", 422, "invalid"),
        (b"{]", "application/json", 422, "invalid"),
        (b"email\n", "text/plain", 415, "media_type"),
    ],
)
async def test_what_is_no_such_file_is_refused(
    face: Face, text: bytes, kind: str, status: int, code: str
) -> None:
    """By what is wrong with it."""
    answer = await sent(face, text, kind)

    assert (answer.status, answer.code) == (status, code)


async def test_a_file_may_be_larger_than_other_bodies_and_has_a_bound(face: Face) -> None:
    """Here alone; and a CSV is for nothing else."""
    line = b"a@example.org,imap.example.org,x\n"
    large = b"email,host,password\n" + line + b"\n" * gate.MAX_BODY

    assert (await sent(face, large)).json == {"created": 1, "there": 0}
    assert (await sent(face, b"\n" * (gate.MAX_IMPORT + 1))).status == 413
    other = await face.ask("POST", "/v1/accounts", b"email\n", content_type="text/csv")
    assert other.status == 415


async def test_few_files_are_read_at_once() -> None:
    """One more is asked to wait; other requests are none of that."""
    entered, leave = asyncio.Semaphore(0), asyncio.Event()

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["path"] == PATH:
            entered.release()
            await leave.wait()
        await JSONResponse({})(scope, _receive, send)

    guarded = gate.Gate(app, StillClock(NOW))
    reading = [asyncio.create_task(request(guarded, "POST", PATH)) for _ in range(gate.IMPORTS)]
    async with asyncio.timeout(10):
        for _ in reading:
            await entered.acquire()

    crowded = await request(guarded, "POST", PATH)
    other = await request(guarded, "GET", "/v1/accounts")
    leave.set()
    await asyncio.gather(*reading)
    after = await request(guarded, "POST", PATH)

    assert (crowded.status, crowded.code, other.status) == (503, "overloaded", 200)
    assert after.status == 200
