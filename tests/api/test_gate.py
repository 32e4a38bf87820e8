"""Every answer has the same headers, and every error the same form; nothing of ours leaks."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.support.api import Answer, Face, request
from vedette.api import gate, headers
from vedette.api.problems import MEDIA, TABLE, Problem, of_error
from vedette.errors import StoreError, TLSError
from vedette.model.ids import TenantId

#: What each answer has, whatever it is.
HEADERS = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "date": "Fri, 15 Jan 2027 08:00:00 GMT",
}


def held(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name in HEADERS}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/livez", None, 200),
        ("GET", "/v1/tenants", None, 200),
        ("POST", "/v1/tenants", {"id": "acme"}, 201),
        ("GET", "/v1/tenants/none", None, 404),
        ("GET", "/nowhere", None, 404),
        ("PUT", "/v1/tenants", None, 405),
        ("POST", "/v1/tenants", b"{", 400),
        ("POST", "/v1/tenants", {"name": 7}, 422),
        ("POST", "/v1/tenants", b" " * (gate.MAX_BODY + 1), 413),
    ],
)
async def test_every_answer_has_the_headers(
    face: Face, method: str, path: str, body: object, status: int
) -> None:
    """What keeps an answer from browsers, caches and sniffers is on errors as well."""
    answer = await face.ask(method, path, body)

    assert answer.status == status
    assert held(answer) == HEADERS
    assert answer.headers["x-request-id"]


async def test_no_site_may_read_an_answer_of_another(face: Face) -> None:
    """There is no CORS: a browser that asks for another site is told nothing that allows it."""
    answer = await face.ask("GET", "/v1/tenants", origin="https://evil.example")

    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/v1/tenants/none", None, "not_found"),
        ("GET", "/nowhere", None, "not_found"),
        ("PUT", "/v1/tenants", None, "method_not_allowed"),
        ("POST", "/v1/tenants", b"{", "malformed"),
        ("POST", "/v1/tenants", b"\xff\xfe", "malformed"),
        ("POST", "/v1/tenants", None, "invalid"),
        ("POST", "/v1/tenants", b'{"id": "one", "id": "two"}', "malformed"),
        ("POST", "/v1/tenants", b'{"settings": {"a": "1", "\\u0061": "2"}}', "malformed"),
        (
            "POST",
            "/v1/tenants",
            {"settings": {str(each): "x" for each in range(1001)}},
            "malformed",
        ),
        ("POST", "/v1/tenants", b'{"maxAccounts": NaN}', "malformed"),
        ("POST", "/v1/tenants", b'{"maxAccounts": -Infinity}', "malformed"),
        ("POST", "/v1/tenants", '{"id": "one"}'.encode("utf-16"), "malformed"),
        ("POST", "/v1/tenants", '{"id": "one"}'.encode("utf-32-le"), "malformed"),
        ("GET", "/v1/tenants?limit=0", None, "invalid"),
        ("GET", "/v1/tenants?after=zzz", None, "malformed"),
        ("GET", "/v1/tenants?q=a%00", None, "malformed"),
        ("GET", "/v1/tenants/a\0", None, "malformed"),
        ("POST", "/v1/accounts/batch", {"delete": [{"id": "a\0"}]}, "invalid"),
        ("POST", "/v1/accounts/batch", {"delete": [{"id": "a\ud800"}]}, "invalid"),
    ],
)
async def test_every_error_is_a_problem(
    face: Face, method: str, path: str, body: object, code: str
) -> None:
    """The status, the title and the code of a problem are those of one table."""
    answer = await face.ask(method, path, body)

    problem = answer.json
    assert answer.headers["content-type"] == MEDIA
    assert problem["code"] == code
    assert (problem["status"], problem["title"]) == TABLE[code] == (answer.status, TABLE[code][1])
    assert problem["type"] == f"urn:vedette:problem:{code}"
    assert problem["instance"] == f"urn:uuid:{answer.headers['x-request-id']}"


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/settings", "GET, HEAD, PATCH"),
        ("/v1/tenants", "GET, HEAD, POST"),
        ("/v1/tenants/acme", "GET, HEAD, PATCH, DELETE"),
        ("/v1/tenants/acme/pause", "POST"),
        ("/livez", "GET, HEAD"),
    ],
)
async def test_what_was_not_allowed_says_what_is(face: Face, path: str, methods: str) -> None:
    """A 405 names all methods of the resource, whatever routes it has (RFC 9110 section 15.5.6)."""
    for method in ("PUT", "OPTIONS", "TRACE", "BREW"):
        answer = await face.ask(method, path)

        assert (answer.status, answer.headers["allow"]) == (405, methods)


@pytest.mark.parametrize("path", ["/livez", "/v1/tenants", "/v1/tenants/none", "/openapi.json"])
async def test_a_head_is_a_get_without_its_body(face: Face, path: str) -> None:
    """Monitors and proxies ask so; the headers are those of the GET (RFC 9110 section 9.3.2)."""
    get, head = await face.ask("GET", path), await face.ask("HEAD", path)

    assert (head.status, head.body) == (get.status, b"")
    for name in ("content-type", "content-length"):
        assert head.headers[name] == get.headers[name]


async def test_a_head_of_what_has_no_end_is_refused(face: Face) -> None:
    """A stream of events has nothing to say without its body, and would never be answered."""
    answer = await face.ask("HEAD", "/v1/events/stream")

    assert answer.status == 405


@pytest.mark.parametrize(
    "headers",
    [{"x-long": "x" * headers.MAX_HEAD}, {f"x-{number}": "x" * 100 for number in range(200)}],
)
async def test_a_head_that_is_too_large_is_a_431(face: Face, headers: dict[str, str]) -> None:
    """What comes in one piece is held to the same bound as what comes in parts."""
    answer = await face.ask("GET", "/livez", **headers)

    assert (answer.status, answer.code) == (431, "head_too_large")


async def test_a_field_that_is_wrong_is_named(face: Face) -> None:
    """Each mistake has its field and why, and nothing of what was sent."""
    answer = await face.ask("POST", "/v1/tenants", {"maxAccounts": "hunter2", "settings": {"a": 1}})

    assert [each["field"] for each in answer.json["errors"]] == ["maxAccounts", "settings.a"]
    assert b"hunter2" not in answer.body


@pytest.mark.parametrize("query", ["sate=error", "limit=1&limit=2", "=x", "Limit=1"])
async def test_a_filter_that_nothing_reads_is_refused(face: Face, query: str) -> None:
    """A misspelt filter does not list everything as if it had been obeyed."""
    answer = await face.ask("GET", f"/v1/accounts?{query}")

    assert (answer.status, answer.code) == (422, "invalid")


async def test_a_defect_is_a_number_and_no_traceback(
    face: Face, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]
) -> None:
    """What nobody expected is a 500 with the name that the log has it under."""

    async def fail(*_words: object, **_named: object) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(type(face.services.tenants), "get", fail)

    answer = await face.ask("GET", "/v1/tenants/acme")

    assert (answer.status, answer.code) == (500, "internal")
    assert answer.headers["x-request-id"] in answer.json["detail"]
    assert answer.headers["x-request-id"] in logged()
    assert b"hunter2" not in answer.body
    assert b"Traceback" not in answer.body
    assert held(answer) == HEADERS


async def test_a_store_that_is_away_is_a_503_that_says_when_to_ask_again(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks is told that it passes."""

    async def fail(*_words: object, **_named: object) -> None:
        raise StoreError("the database is away")

    monkeypatch.setattr(type(face.services.tenants), "get", fail)

    answer = await face.ask("GET", "/v1/tenants/acme")

    assert (answer.status, answer.code) == (503, "store")
    assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize(
    "headers",
    [{"content_type": "text/plain"}, {"content_type": ""}, {"content_encoding": "gzip"}],
)
async def test_a_body_of_another_type_is_not_read(face: Face, headers: dict[str, str]) -> None:
    """A form that a browser can send from another site is refused by its type alone."""
    answer = await face.ask("POST", "/v1/tenants", {"id": "acme"}, **headers)

    assert (answer.status, answer.code) == (415, "media_type")


async def test_a_body_that_grows_beyond_its_bound_is_broken_off(face: Face) -> None:
    """A body without a length is counted as it comes."""
    key = await face.key()
    headers = {
        "authorization": f"Bearer {key}",
        "transfer-encoding": "chunked",
        "content-length": "0",
    }

    answer = await request(face.app, "POST", "/v1/tenants", b" " * (gate.MAX_BODY + 1), headers)

    assert (answer.status, answer.code) == (413, "too_large")


async def test_a_body_that_never_ends_is_a_408(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends half a body and waits does not keep us waiting."""
    monkeypatch.setattr(gate, "BODY", 0.01)
    key = await face.key()
    told = {
        "authorization": f"Bearer {key}",
        "content-length": "9",
        "content-type": "application/json",
    }

    answer = await request(face.app, "POST", "/v1/tenants", None, told, stalls=True)

    assert (answer.status, answer.code) == (408, "timeout")


async def test_a_body_that_drips_is_a_408(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline is for the whole body: an octet now and then does not move it on."""
    monkeypatch.setattr(gate, "BODY", 0.05)
    key = await face.key()
    told = {
        "authorization": f"Bearer {key}",
        "content-length": "1000000",
        "content-type": "application/json",
    }

    answer = await request(face.app, "POST", "/v1/tenants", None, told, drips=0.01)

    assert (answer.status, answer.code) == (408, "timeout")


async def test_too_much_at_once_is_a_503(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a bound nobody waits in a line that grows."""
    monkeypatch.setattr(gate, "AT_ONCE", 0)

    answer = await face.ask("GET", "/livez")

    assert (answer.status, answer.code) == (503, "overloaded")
    assert answer.headers["retry-after"] == "1"


def test_members_of_a_problem_never_hide_its_own() -> None:
    """An extension member can not take the place of the status or the code."""
    problem = Problem(code="conflict", detail="no", members={"status": 200, "code": "fine"})

    told = json.loads(problem.body())

    assert (told["status"], told["code"]) == (409, "conflict")


def test_an_error_that_no_status_is_for_is_of_another_server() -> None:
    """The way to a mail server that failed is a 502."""
    assert of_error(TLSError("no")).status == 502


async def test_a_plan_that_is_used_up_says_so_in_members(face: Face) -> None:
    """A host application matches error, resource, current and limit."""
    await face.ask("POST", "/v1/tenants", {"id": "acme", "maxAccounts": 0})
    account = {"email": "a@example.org", "host": "imap.example.org", "password": "p"}

    answer = await face.ask("POST", "/v1/accounts", {**account, "tenant": TenantId("acme")})

    assert answer.status == 409
    assert {
        name: answer.json[name] for name in ("error", "resource", "current", "limit", "code")
    } == {
        "error": "plan_limit",
        "resource": "accounts",
        "current": 0,
        "limit": 0,
        "code": "plan_limit",
    }
