"""A message crosses a process boundary as plain builtins and comes back the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mime.letter import letter, multipart
from tests.mime.test_automatic import DSN
from tests.mime.test_calendar import INVITATION
from vedette import mime

RICH = multipart(
    "\nHello",
    "Content-Type: message/rfc822\n\nSubject: in\n\ninner",
    f"Content-Type: text/calendar\n\n{INVITATION}",
)


@pytest.mark.parametrize("data", [b"", letter(), RICH, DSN, b"Subject: \xff\r\n\r\n\xff"])
def test_a_message_comes_back_from_json_as_it_was(data: bytes) -> None:
    """Nested nouns, enumerations and raw bytes included."""
    message = mime.read(data, trusted_authserv={"mx"})

    assert mime.from_wire(json.loads(json.dumps(mime.to_wire(message)))) == message


@given(st.binary(max_size=300))
def test_any_message_that_was_read_crosses(data: bytes) -> None:
    """JSON takes whatever the reader told."""
    message = mime.read(data)

    assert mime.from_wire(json.loads(json.dumps(mime.to_wire(message)))) == message


@pytest.mark.parametrize(
    "change",
    [{"subject": 7}, {"to": "x"}, {"to": [{"name": "x"}]}, {"text": None}, {"headers": [["x"]]},
     {"automatic": {"kind": "none", "fields": [], "recipients": []}}, {"raw_header": "€"}],
)  # fmt: skip
def test_a_shape_that_is_no_message_is_refused(change: dict[str, Any]) -> None:
    """A worker that was taken over can send values, but no others than a message has."""
    wire = {**mime.to_wire(mime.read(letter())), **change}

    with pytest.raises((ValueError, TypeError, KeyError)):
        mime.from_wire(wire)
