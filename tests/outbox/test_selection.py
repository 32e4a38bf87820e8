"""Each event goes to the endpoints that want it, rendered once."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from vedette.model.delivery import Endpoint, Selection
from vedette.model.event import Event, EventType
from vedette.model.ids import AccountId, EndpointId, EventId, TenantId
from vedette.outbox.directory import Directory
from vedette.outbox.selection import matches, plan, takes

RECEIVED = Event(
    id=EventId("e"),
    type=EventType.MESSAGE_RECEIVED,
    tenant=TenantId("acme"),
    account=AccountId("anna"),
    time=5.0,
    subject="INBOX;UIDVALIDITY=3/;UID=7",
    lane=b"INBOX",
    data={"uid": 7},
)


def endpoint(name: str, selection: Selection | None = None) -> Endpoint:
    return Endpoint(id=EndpointId(name), selection=selection or Selection())


@pytest.mark.parametrize(
    ("patterns", "kind", "expected"),
    [
        ((), "message.received", True),
        (("message.received",), "message.received", True),
        (("message.received",), "message.receive", False),
        (("message.received",), "message.received.late", False),
        (("message.*",), "message.received", True),
        (("message.*",), "message.", True),
        ((), "canary.arrived", False),
        (("*",), "canary.arrived", False),
        (("*", "canary.*"), "canary.arrived", True),
        (("canary.arrived",), "canary.arrived", True),
        (("canary.*",), "message.received", False),
        (("message.*",), "message", False),
        (("message.*",), "account.paused", False),
        (("*",), "anything", True),
        (("account.*", "message.missing"), "message.missing", True),
        (("message.[r]*",), "message.received", False),
        (("*.received",), "message.received", False),
        (("",), "message.received", False),
    ],
)
def test_a_type_fits_a_pattern(patterns: tuple[str, ...], kind: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    """Whole, or a prefix before one final star; nothing else is special."""
    assert matches(patterns, kind) is expected


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), True),
        (Selection(types=("message.*",)), True),
        (Selection(types=("account.*",)), False),
        (Selection(tenants=(TenantId("acme"), TenantId("other"))), True),
        (Selection(tenants=(TenantId("other"),)), False),
        (Selection(accounts=(AccountId("anna"),)), True),
        (Selection(accounts=(AccountId("ann"),)), False),
        (Selection(types=("message.*",), accounts=(AccountId("bert"),)), False),
        (Selection(types=("*",), tenants=(TenantId("other"),)), False),
    ],
)
def test_every_filter_of_a_selection_must_agree(selection: Selection, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    """An empty filter takes all; the others are joined by and."""
    assert takes(selection, RECEIVED) is expected


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(folders=("Support",)), True),
        (Selection(folders=("support",)), True),
        (Selection(folders=("\\Junk",)), True),
        (Selection(folders=("\\junk", "Other")), True),
        (Selection(folders=("Other",)), False),
        (Selection(folders=("Supp",)), False),
        (Selection(folders=("\\Inbox", "INBOX", "")), False),
        (Selection(tags=("vip",)), True),
        (Selection(tags=("spam", "vip")), True),
        (Selection(tags=("spam",)), False),
        (Selection(tags=("vip",), folders=("Other",)), False),
        (Selection(tags=("vip",), types=("account.*",)), False),
    ],
)
def test_folders_and_tags_are_filters_too(selection: Selection, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    """A folder is meant by its name or by its use, a tag by itself."""
    data = {"folder": {"path": "Support", "specialUse": "\\Junk"}, "tags": ["vip", "bulk"]}

    assert takes(selection, replace(RECEIVED, data=data)) is expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"folder": {"path": "INBOX", "specialUse": "\\Inbox"}}, True),
        ({"message": {"folder": "INBOX", "uid": 7}}, True),
        ({"message": {"folder": "Junk", "uid": 7}}, False),
        ({"state": "paused"}, False),
        ({"folder": None}, False),
    ],
)
def test_an_event_about_no_folder_is_in_none(data: dict[str, object], expected: bool) -> None:  # noqa: FBT001 - a column of the table
    """What guards tell of a message says where it was; an account's story is in no folder."""
    assert takes(Selection(folders=("\\Inbox",)), replace(RECEIVED, data=data)) is expected


def test_a_plan_addresses_each_event() -> None:
    """One posting for each event, with the endpoints that take it, in their order."""
    endpoints = [
        endpoint("b"),
        endpoint("a", Selection(types=("message.*",))),
        endpoint("c", Selection(types=("account.*",))),
    ]
    (posting,) = plan([RECEIVED], Directory(endpoints))

    assert posting.endpoints == ("b", "a")
    assert (posting.event, posting.type, posting.lane) == ("e", "message.received", b"INBOX")
    assert (posting.tenant, posting.account, posting.time) == ("acme", "anna", 5.0)
    assert json.loads(posting.body)["data"] == {"uid": 7}


def test_an_event_that_nobody_takes_is_kept() -> None:
    """It happened: it is stored, and can be replayed to an endpoint added later."""
    (posting,) = plan([RECEIVED], Directory())

    assert posting.endpoints == ()


def test_an_endpoint_is_addressed_once() -> None:
    """Two entries with one id are one endpoint."""
    (posting,) = plan([RECEIVED], Directory([endpoint("a"), endpoint("a")]))

    assert posting.endpoints == ("a",)
