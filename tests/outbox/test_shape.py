"""The same event in another system's shape, and no deeper than an endpoint asks for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.model.account import Depth
from vedette.model.delivery import Endpoint, Parcel, Profile
from vedette.model.event import EventType
from vedette.model.ids import EndpointId, EventId
from vedette.outbox.shape import dressed, narrowed_to, types_of

FOREIGN = (Profile.EMAILENGINE, Profile.INBOUND_EMAIL_RECEIVED)

#: A message with everything that a shape looks at.
DATA: dict[str, Any] = {
    "account": {"id": "anna", "email": "anna@example.org"},
    "folder": {"path": "Support", "specialUse": "\\Junk"},
    "uid": 7,
    "uidValidity": 3,
    "emailId": "M1",
    "threadId": "T1",
    "messageId": "<c@example.org>",
    "inReplyTo": "<b@example.org>",
    "references": ["<a@example.org>", "<b@example.org>"],
    "date": "2026-11-01T09:00:00+01:00",
    "internalDate": "2026-11-01T08:00:01.000Z",
    "receivedAt": "2026-11-01T08:00:02.000Z",
    "size": 4096,
    "flags": ["\\Flagged"],
    "labels": ["\\Important"],
    "from": {"name": "Bert", "address": "bert@example.net"},
    "sender": {"name": "", "address": "bert@example.net"},
    "replyTo": [],
    "to": [{"name": "Support", "address": "support@example.org"}, {"name": "list", "address": ""}],
    "cc": [{"name": "", "address": "carla@example.org"}],
    "bcc": [],
    "subject": "Printer on fire",
    "headers": {"importance": ["High"], "received": ["from b", "from a"]},
    "text": {"plain": "Help é", "html": "<p>Help</p>", "reply": "Help", "truncated": True},
    "attachments": [
        {
            "id": "2",
            "filename": "fire.png",
            "contentType": "image/png",
            "size": 512,
            "contentId": "<img1>",
            "inline": True,
        }
    ],
    "calendar": [
        {
            "method": "REQUEST",
            "uid": "cal-1",
            "summary": "Call",
            "start": "2026-11-02T09:00:00Z",
            "end": "2026-11-02T10:00:00Z",
            "organizer": "bert@example.net",
        }
    ],
    "opaque": None,
    "nested": [{"id": "3"}],
    "automatic": {"kind": "auto-reply", "fields": {}},
    "seenBefore": True,
    "defects": [],
    "tags": ["vip"],
}


def parcel(data: dict[str, Any], kind: str = "message.received") -> Parcel:
    """Return a delivery of an event with this data."""
    event = {
        "specversion": "1.0",
        "id": "3b241101-e2bb-5255-8caf-4136c566a962",
        "source": "urn:vedette:acme:anna",
        "type": kind,
        "time": "2026-11-01T08:00:02.000Z",
        "datacontenttype": "application/json",
        "tenant": "acme",
        "account": "anna",
        "data": data,
    }
    return Parcel(
        delivery=1,
        endpoint=EndpointId("hook"),
        event=EventId(str(event["id"])),
        type=kind,
        lane=b"INBOX",
        body=json.dumps(event).encode(),
        attempt=1,
        queued_at=0.0,
    )


def endpoint(profile: Profile = Profile.VEDETTE, depth: Depth = Depth.FULL) -> Endpoint:
    return Endpoint(id=EndpointId("hook"), profile=profile, depth=depth)


def shaped(data: dict[str, Any], profile: Profile, kind: str = "message.received") -> Any:
    """Return what an endpoint of a profile is sent."""
    return json.loads(dressed(parcel(data, kind), endpoint(profile)).body)


def test_an_endpoint_that_asks_for_nothing_gets_the_very_octets_of_the_store() -> None:
    """What most endpoints do costs nothing, and is what the guide says is signed."""
    given = parcel(DATA)

    assert dressed(given, endpoint()) is given


def test_a_depth_leaves_out_what_is_deeper() -> None:
    """The words and the parts of a message go; what its header says stays."""
    kept = {}
    for depth in Depth:
        sent = json.loads(dressed(parcel(DATA), endpoint(depth=depth)).body)
        kept[depth] = set(sent["data"])

    assert kept[Depth.FULL] == set(DATA)
    assert kept[Depth.FULL] - kept[Depth.TEXT] == {"nested"}
    assert kept[Depth.TEXT] - kept[Depth.METADATA] == {"text", "attachments", "calendar", "opaque"}


def test_a_depth_is_kept_to_in_another_shape_too() -> None:
    """Who asked for no text gets none, in whatever shape."""
    asked = endpoint(Profile.INBOUND_EMAIL_RECEIVED, Depth.METADATA)
    sent = json.loads(dressed(parcel(DATA), asked).body)

    assert sent["emailData"]["body"] == {"text": "", "html": None}
    assert sent["emailData"]["attachments"] == []


def test_a_message_for_emailengines_receivers_is_their_message_new() -> None:
    """Every member of theirs that we know, under their name."""
    sent = shaped(DATA, Profile.EMAILENGINE)
    data = sent.pop("data")

    assert sent == {
        "serviceUrl": "urn:vedette:acme:anna",
        "account": "anna",
        "date": "2026-11-01T08:00:02.000Z",
        "path": "Support",
        "specialUse": "\\Junk",
        "event": "messageNew",
        "eventId": "3b241101-e2bb-5255-8caf-4136c566a962",
    }
    assert data["id"] == sent["eventId"]
    assert (data["uid"], data["emailId"], data["threadId"]) == (7, "M1", "T1")
    assert (data["messageId"], data["inReplyTo"]) == ("<c@example.org>", "<b@example.org>")
    assert data["from"] == {"name": "Bert", "address": "bert@example.net"}
    assert (data["unseen"], data["flagged"], data["answered"]) == (True, True, False)
    assert data["text"] == {
        "encodedSize": {"plain": 7, "html": 11},
        "plain": "Help é",
        "html": "<p>Help</p>",
        "hasMore": True,
    }
    assert data["attachments"] == [
        {
            "id": "2",
            "contentType": "image/png",
            "encodedSize": 512,
            "embedded": True,
            "inline": True,
            "filename": "fire.png",
            "contentId": "<img1>",
        }
    ]
    assert data["calendarEvents"][0]["eventId"] == "cal-1"
    assert (data["isAutoReply"], data["seemsLikeNew"]) == (True, False)
    assert data["messageSpecialUse"] == "\\Junk"


@pytest.mark.parametrize(
    ("kind", "data", "name", "expected"),
    [
        (EventType.MESSAGE_MISSING, {"uid": 7}, "messageMissing", {"uid": 7}),
        (
            EventType.MAILBOX_RESET,
            {
                "folder": {"path": "INBOX", "specialUse": None},
                "uidValidity": 4,
                "previousUidValidity": 3,
            },
            "mailboxReset",
            {"path": "INBOX", "specialUse": False, "uidValidity": "4", "prevUidValidity": "3"},
        ),
        (
            EventType.ACCOUNT_CONNECTED,
            {"account": {"id": "anna", "email": "anna@example.org"}},
            "authenticationSuccess",
            {"user": "anna@example.org"},
        ),
        (
            EventType.ACCOUNT_AUTH_FAILED,
            {"error": "no such user"},
            "authenticationError",
            {"response": "no such user", "serverResponseCode": "AUTHENTICATIONFAILED"},
        ),
        (
            EventType.ACCOUNT_DEGRADED,
            {"error": "connection refused"},
            "connectError",
            {"response": "connection refused"},
        ),
    ],
)
def test_other_events_have_emailengines_names(
    kind: str, data: dict[str, Any], name: str, expected: dict[str, Any]
) -> None:
    """What its receivers already know to handle."""
    sent = shaped(data, Profile.EMAILENGINE, kind)

    assert sent["event"] == name
    assert expected.items() <= sent["data"].items()


def test_a_message_for_a_helpdesk_is_its_inbound_email_received() -> None:
    """Every member of that event, under its name; ids stand without brackets."""
    assert shaped(DATA, Profile.INBOUND_EMAIL_RECEIVED) == {
        "tenantId": "acme",
        "tenant": "acme",
        "providerId": "anna",
        "emailData": {
            "id": "c@example.org",
            "provider": "imap",
            "providerId": "anna",
            "tenant": "acme",
            "receivedAt": "2026-11-01T08:00:01.000Z",
            "from": {"email": "bert@example.net", "name": "Bert"},
            "to": [{"email": "support@example.org", "name": "Support"}],
            "cc": [{"email": "carla@example.org"}],
            "bcc": [],
            "subject": "Printer on fire",
            "body": {"text": "Help é", "html": "<p>Help</p>"},
            "attachments": [
                {
                    "id": "2",
                    "name": "fire.png",
                    "contentType": "image/png",
                    "size": 512,
                    "isInline": True,
                    "contentId": "img1",
                }
            ],
            "threadId": "a@example.org",
            "references": ["a@example.org", "b@example.org"],
            "inReplyTo": "b@example.org",
            "headers": {"importance": "High", "received": "from b"},
            "ingressSkipReasons": [],
            "messageSize": 4096,
            "importance": "high",
        },
    }


def test_a_message_without_an_id_is_named_by_its_event() -> None:
    """Two of them must not become one ticket."""
    data = {**DATA, "messageId": None, "references": [], "inReplyTo": None}
    sent = shaped(data, Profile.INBOUND_EMAIL_RECEIVED)

    assert sent["emailData"]["id"] == "3b241101-e2bb-5255-8caf-4136c566a962"
    assert sent["emailData"]["threadId"] == sent["emailData"]["id"]


def test_a_message_that_can_not_be_read_is_a_message_in_every_shape() -> None:
    """Its header makes a ticket; who has no word for it would never know of it."""
    for profile in Profile:
        assert EventType.MESSAGE_UNPARSEABLE in types_of(profile)


def test_what_a_profile_has_no_words_for_is_not_taken() -> None:
    """An endpoint of it asks for what it can be told, and no more."""
    assert narrowed_to(Profile.VEDETTE, ["account.*"]) == ("account.*",)
    assert narrowed_to(Profile.EMAILENGINE, ["account.*", "guard.*"]) == (
        "account.connected",
        "account.auth_failed",
        "account.degraded",
    )
    assert narrowed_to(Profile.INBOUND_EMAIL_RECEIVED, []) == (
        "message.received",
        "message.unparseable",
    )
    assert narrowed_to(Profile.INBOUND_EMAIL_RECEIVED, ["account.*"]) == ()


def test_what_was_queued_before_a_change_of_profile_goes_out_as_it_is() -> None:
    """It is better refused by its receiver, and kept, than lost without a word."""
    given = parcel({"since": "2026-11-01T08:00:00.000Z"}, "account.paused")

    assert dressed(given, endpoint(Profile.EMAILENGINE)) is given


TEXTS = st.text(max_size=8)
ADDRESSES = st.fixed_dictionaries({}, optional={"name": TEXTS, "address": TEXTS}) | st.none()
PARTS = st.fixed_dictionaries(
    {},
    optional={
        "id": TEXTS,
        "filename": TEXTS | st.none(),
        "contentType": TEXTS,
        "size": st.integers(0, 2**40),
        "contentId": TEXTS | st.none(),
        "inline": st.booleans(),
    },
)
ANY_DATA = st.fixed_dictionaries(
    {},
    optional={
        "account": st.fixed_dictionaries({}, optional={"id": TEXTS, "email": TEXTS}),
        "folder": st.fixed_dictionaries(
            {}, optional={"path": TEXTS, "specialUse": TEXTS | st.none()}
        ),
        "uid": st.integers(1, 2**32),
        "uidValidity": st.integers(1, 2**32),
        "messageId": TEXTS | st.none(),
        "inReplyTo": TEXTS | st.none(),
        "references": st.lists(TEXTS, max_size=3),
        "flags": st.lists(TEXTS, max_size=2),
        "from": ADDRESSES,
        "sender": ADDRESSES,
        "to": st.lists(ADDRESSES.filter(bool), max_size=2),
        "subject": TEXTS,
        "headers": st.dictionaries(TEXTS, st.lists(TEXTS, max_size=2), max_size=2),
        "text": st.fixed_dictionaries(
            {}, optional={"plain": TEXTS | st.none(), "html": TEXTS | st.none()}
        ),
        "attachments": st.lists(PARTS, max_size=2),
        "calendar": st.lists(st.fixed_dictionaries({}, optional={"uid": TEXTS}), max_size=1),
        "automatic": st.none() | st.fixed_dictionaries({"kind": TEXTS}),
        "seenBefore": st.booleans(),
    },
)


@given(
    data=ANY_DATA,
    profile=st.sampled_from(FOREIGN),
    depth=st.sampled_from(Depth),
    kind=st.sampled_from(EventType),
)
def test_a_shape_is_made_of_any_event(
    data: dict[str, Any], profile: Profile, depth: Depth, kind: EventType
) -> None:
    """Whatever is missing, it is one object, the same each time, and the stored event stays."""
    given = parcel(data, kind)
    asked = endpoint(profile, depth)
    sent = dressed(given, asked)

    assert sent == dressed(given, asked)
    assert isinstance(json.loads(sent.body), dict)
    assert sent.envelope == given.body
    assert (sent.event, sent.delivery, sent.attempt) == (given.event, 1, 1)


@given(data=ANY_DATA, subject=TEXTS)
def test_a_shape_says_which_message_it_is_about(data: dict[str, Any], subject: str) -> None:
    """Its subject and its account, whatever else is missing."""
    told = {**data, "subject": subject}

    assert shaped(told, Profile.EMAILENGINE)["data"]["subject"] == subject
    assert shaped(told, Profile.INBOUND_EMAIL_RECEIVED)["emailData"]["subject"] == subject
    assert shaped(told, Profile.EMAILENGINE)["account"] == "anna"
    assert shaped(told, Profile.INBOUND_EMAIL_RECEIVED)["providerId"] == "anna"
