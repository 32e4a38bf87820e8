"""What is said to a mail server is kept for whoever asks, and nobody else."""

from __future__ import annotations

import pytest

from tests.support.api import Face
from vedette.engine.tap import Direction, Line, Transcript
from vedette.ownership.shard import InstanceId
from vedette.ports.ownership import Keeper
from vedette.service.refusals import NotHereError, NotRunningError, RefusalError

ACCOUNT = {"id": "box", "email": "a@example.org", "host": "h.example", "password": "planted"}


async def test_lines_are_shown_with_their_instants(face: Face) -> None:
    """Who asks is told until when; the lines are oldest first, on which connection they were."""
    await face.ask("POST", "/v1/accounts", ACCOUNT)
    line = Line(at=0.5, connection=2, direction=Direction.SENT, text="V1 LOGIN …")
    face.engine.said = Transcript(until=60.0, lines=(line,))

    begun = await face.ask("POST", "/v1/accounts/box/logs", {"seconds": 60})
    shown = await face.ask("GET", "/v1/accounts/box/logs")

    assert begun.status == 200
    assert [(account, seconds) for account, seconds in face.engine.asked] == [("box", 60)]
    assert shown.json == {
        "until": "1970-01-01T00:01:00.000Z",
        "items": [
            {
                "at": "1970-01-01T00:00:00.500Z",
                "connection": 2,
                "direction": "sent",
                "text": "V1 LOGIN …",
            }
        ],
    }


async def test_without_anybody_who_asked_there_are_no_lines(face: Face) -> None:
    """That is no error: it says that nothing was kept."""
    await face.ask("POST", "/v1/accounts", ACCOUNT)
    face.engine.said = None

    shown = await face.ask("GET", "/v1/accounts/box/logs")
    begun = await face.ask("POST", "/v1/accounts/box/logs", {"seconds": 60})

    assert (shown.status, shown.json) == (200, {"until": None, "items": []})
    assert (begun.status, begun.code) == (409, "conflict")


@pytest.mark.parametrize("seconds", [0, 3_601, "60", None])
async def test_nobody_listens_for_ever(face: Face, seconds: object) -> None:
    """An hour is the most, and it is said."""
    await face.ask("POST", "/v1/accounts", ACCOUNT)

    answer = await face.ask("POST", "/v1/accounts/box/logs", {"seconds": seconds})

    assert (answer.status, answer.code) == (422, "invalid")


async def test_another_instance_is_named_with_its_address_to_whom_it_belongs(face: Face) -> None:
    """A tenant is told the name alone; while nobody has the account that is said."""
    await face.ask("POST", "/v1/tenants", {"id": "acme"})
    await face.ask("POST", "/v1/accounts", {**ACCOUNT, "tenant": "acme"})
    key = await face.key("accounts:read", tenant="acme")
    keeper = Keeper(instance=InstanceId("two"), address="http://two.example:8025")
    face.engine.absent = NotHereError("box", keeper)
    admin = await face.ask("GET", "/v1/accounts/box/logs")
    tenant = await face.ask("GET", "/v1/accounts/box/logs", key=key)
    face.engine.absent = NotHereError("box")
    nobody = await face.ask("GET", "/v1/accounts/box/logs")

    assert (admin.json["watchedBy"], admin.json["address"]) == ("two", "http://two.example:8025")
    assert "ask the instance two at http://two.example:8025" in admin.json["detail"]
    assert tenant.json["watchedBy"] == "two"
    assert b"two.example" not in tenant.body
    assert {admin.code, tenant.code, nobody.code} == {"watched_elsewhere"}
    assert "try again" in nobody.json["detail"]


@pytest.mark.parametrize(
    ("absent", "status"), [(NotHereError("box"), 409), (NotRunningError(), 503)]
)
async def test_who_does_not_watch_an_account_says_so(
    face: Face, absent: RefusalError, status: int
) -> None:
    """Another instance has the lines, or there is no engine: each with a code of its own."""
    await face.ask("POST", "/v1/accounts", ACCOUNT)
    face.engine.absent = absent

    for method, body in (("GET", None), ("POST", {"seconds": 60})):
        answer = await face.ask(method, "/v1/accounts/box/logs", body)
        assert (answer.status, answer.code) == (status, absent.code)
