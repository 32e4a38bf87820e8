"""The envelope is CloudEvents 1.0, in bytes that every JSON reader takes."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vedette.model.event import Event, EventType
from vedette.model.ids import AccountId, EventId, TenantId
from vedette.outbox.envelope import instant, render, source

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)

#: What an attribute of type String may not hold (CloudEvents 1.0.2 section 2.2).
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")

#: RFC 3339 section 5.6 in UTC.
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def event(
    data: dict[str, Any] | None = None,
    *,
    subject: str | None = "INBOX;UIDVALIDITY=3/;UID=7",
    account: str = "anna",
    time: float = 1_700_000_000.25,
) -> Event:
    return Event(
        id=EventId("6f0d2c9e-5a66-5f52-9b1b-2f2a3c1d9f00"),
        type=EventType.MESSAGE_RECEIVED,
        tenant=TenantId("acme"),
        account=AccountId(account),
        time=time,
        subject=subject,
        lane=b"INBOX",
        data=data or {},
    )


def test_an_envelope_is_this() -> None:
    """Every byte of a small one, in its order."""
    assert render(event({"subject": "Grüße", "size": 3})).decode() == (
        '{"specversion":"1.0","id":"6f0d2c9e-5a66-5f52-9b1b-2f2a3c1d9f00",'
        '"source":"urn:vedette:acme:anna","type":"message.received",'
        '"time":"2023-11-14T22:13:20.250Z","datacontenttype":"application/json",'
        '"tenant":"acme","account":"anna","subject":"INBOX;UIDVALIDITY=3/;UID=7",'
        '"data":{"subject":"Grüße","size":3}}'
    )


@given(
    data=st.dictionaries(st.text(), JSON, max_size=5), subject=st.none() | st.text(st.characters())
)
def test_every_envelope_has_the_required_attributes(
    data: dict[str, Any], subject: str | None
) -> None:
    """CloudEvents section 3: required, non-empty, of the right type, and named in lower case."""
    read = json.loads(render(event(data, subject=subject)))

    attributes = {name: value for name, value in read.items() if name != "data"}
    assert {"specversion", "id", "source", "type"} <= set(attributes)
    assert read["specversion"] == "1.0"
    assert [name for name in attributes if not re.fullmatch("[a-z0-9]{1,20}", name)] == []
    assert [value for value in attributes.values() if not isinstance(value, str) or not value] == []
    assert [value for value in attributes.values() if FORBIDDEN.search(value)] == []
    assert TIMESTAMP.fullmatch(read["time"])


@given(data=st.dictionaries(st.text(), JSON, max_size=5))
def test_data_comes_back_as_it_went_in(data: dict[str, Any]) -> None:
    """What UTF-8 can hold is not changed by the envelope."""
    assert json.loads(render(event(data)))["data"] == data


@given(text=st.text(st.characters(categories=["Cs", "L"])))
def test_lone_surrogates_never_leave_the_house(text: str) -> None:
    """Whatever a broken mail holds, the body is strict UTF-8 and strict JSON."""
    body = render(event({"subject": text, text: [text]}))

    assert "\\u" not in body.decode("utf-8")
    read = json.loads(body)["data"]
    json.dumps(read, ensure_ascii=False).encode("utf-8")


def test_only_the_lone_surrogate_is_replaced() -> None:
    """The text around it stays, an emoji beside it too, and a pair of halves becomes one."""
    body = render(event({"subject": "a\ud800b 😀 \ud83d\ude00"}))

    assert json.loads(body)["data"]["subject"] == "a\ufffdb 😀 😀"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_does_not_have_are_null(value: float) -> None:
    """NaN in a body would break strict readers."""
    body = render(event({"lag": value}))

    assert json.loads(body)["data"] == {"lag": None}


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object()])
def test_values_that_json_does_not_have_are_refused(value: object) -> None:
    """The error names the type of the event."""
    with pytest.raises(ValueError, match=r"the data of message\.received is no JSON"):
        render(event({"raw": value}))


def test_data_may_be_any_mapping() -> None:
    """A read-only view renders as an object."""
    body = render(event(MappingProxyType({"a": 1})))  # type: ignore[arg-type]

    assert json.loads(body)["data"] == {"a": 1}


@pytest.mark.parametrize("subject", [None, ""])
def test_an_empty_subject_is_left_out(subject: str | None) -> None:
    """An optional attribute is absent or non-empty."""
    assert "subject" not in json.loads(render(event(subject=subject)))


@example(tenant="a/b", account="c?d#e")
@given(tenant=st.text(min_size=1), account=st.text(min_size=1))
def test_a_source_is_a_uri_of_its_account_alone(tenant: str, account: str) -> None:
    """RFC 8141: no character that would need escaping, and no two accounts share one."""
    spelled = source(TenantId(tenant), AccountId(account))

    assert re.fullmatch(r"urn:vedette:[A-Za-z0-9%._~-]+:[A-Za-z0-9%._~-]+", spelled)


def test_sources_do_not_run_into_each_other() -> None:
    """A colon in an id is not the colon between ids."""
    assert source(TenantId("a:b"), AccountId("c")) != source(TenantId("a"), AccountId("b:c"))


def milliseconds_of(spelled: str) -> int:
    assert TIMESTAMP.fullmatch(spelled)
    moment = datetime.fromisoformat(spelled)
    assert moment.tzinfo == UTC
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


# Up to 2**33 seconds a float is exact to half a microsecond.
@given(milliseconds=st.integers(-(2**33) * 1000, 2**33 * 1000))
def test_an_instant_is_exact_to_the_millisecond(milliseconds: int) -> None:
    """From 1698 to 2242 an instant of whole milliseconds is told as it is."""
    assert milliseconds_of(instant(milliseconds / 1000)) == milliseconds


@given(milliseconds=st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_an_instant_is_cut_and_never_rounded_up(milliseconds: int) -> None:
    """From year 1 to 9999 the millisecond told is the one meant, or that before it."""
    assert 0 <= milliseconds - milliseconds_of(instant(milliseconds / 1000)) <= 1


def test_the_rest_of_a_millisecond_is_cut() -> None:
    """No event is told to come from the future."""
    assert instant(1.0019990).endswith(":01.001Z")
    assert instant(-0.0005).endswith(":59.999Z")


@pytest.mark.parametrize("time", [math.nan, math.inf, -math.inf, 1e300, 253_402_300_800.0])
def test_an_instant_beyond_all_years_is_refused(time: float) -> None:
    """RFC 3339 has four digits for a year."""
    with pytest.raises(ValueError, match="no instant"):
        instant(time)
