"""Signatures are those of Standard Webhooks: the official library takes them."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from vedette.errors import ConfigError
from vedette.outbox.signature import headers, key, sign
from vedette.secret import Secret

OLD = "whsec_" + base64.b64encode(b"o" * 24).decode()
NEW = "whsec_" + base64.b64encode(b"n" * 32).decode()
SECRETS = st.binary(min_size=24, max_size=80).map(
    lambda material: "whsec_" + base64.b64encode(material).decode()
)
BODIES = st.dictionaries(st.text(), st.text()).map(repr).map(str.encode)


def test_the_specifications_own_example_is_signed_alike() -> None:
    """The known answer of the official libraries' test suites."""
    secret = key(Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    signature = sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')

    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(secret=SECRETS, message=st.uuids().map(str))
def test_the_official_library_takes_every_signature(secret: str, message: str) -> None:
    """Any secret, any id, now."""
    body = b'{"a":"\xc3\xbc"}'
    named = headers([key(Secret(secret))], message=message, timestamp=time.time(), body=body)

    assert Webhook(secret).verify(body, dict(named)) == {"a": "ü"}


def test_during_a_rotation_both_secrets_verify() -> None:
    """One header, two signatures, the order of the keys; a third secret fits neither."""
    keys = [key(Secret(NEW)), key(Secret(OLD))]
    named = dict(headers(keys, message="e", timestamp=time.time(), body=b"{}"))

    assert named["webhook-signature"].count(" ") == 1
    assert Webhook(OLD).verify(b"{}", named) == {}
    assert Webhook(NEW).verify(b"{}", named) == {}
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(b"x" * 24).decode()).verify(b"{}", named)


@pytest.mark.parametrize(
    ("message", "seconds", "body"),
    [("other", 0.0, b"{}"), ("e", 1.0, b"{}"), ("e", 0.0, b"{ }")],
)
def test_id_time_and_body_are_all_signed(message: str, seconds: float, body: bytes) -> None:
    """Change one, and the signature no longer fits."""
    now = float(int(time.time()))
    keys = [key(Secret(NEW))]
    named = dict(headers(keys, message="e", timestamp=now, body=b"{}"))
    changed = dict(headers([], message=message, timestamp=now + seconds, body=body))

    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(body, {**named, **changed})


def test_a_timestamp_is_whole_seconds() -> None:
    """The header holds what was signed."""
    named = headers([key(Secret(NEW))], message="e", timestamp=1614265330.987, body=b"{}")

    assert named["webhook-timestamp"] == "1614265330"
    assert named["webhook-signature"] == sign([key(Secret(NEW))], "e", 1614265330, b"{}")


def test_without_a_secret_nothing_is_signed() -> None:
    """Id and time stay: they serve deduplication."""
    assert headers([], message="e", timestamp=5.0, body=b"{}") == {
        "webhook-id": "e",
        "webhook-timestamp": "5",
    }


@pytest.mark.parametrize(
    ("secret", "complaint"),
    [
        ("", "starts with whsec_"),
        (NEW.removeprefix("whsec_"), "starts with whsec_"),
        ("whsec_", "24 bytes or more"),
        ("whsec_" + base64.b64encode(b"x" * 23).decode(), "24 bytes or more"),
        ("whsec_not base64!", "is base64"),
        ("whsec_ünïcödé", "is base64"),
        (NEW + "\n", "is base64"),
        (NEW[:-1], "is base64"),
    ],
)
def test_a_secret_that_can_not_sign_is_a_mistake_of_the_configuration(
    secret: str, complaint: str
) -> None:
    """The message says what is wrong and never holds the secret."""
    with pytest.raises(ConfigError, match=complaint) as caught:
        key(Secret(secret))

    assert len(secret) < 8 or secret[6:] not in str(caught.value)
    # A traceback would show what the decoder had in hand.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_a_key_prints_as_stars() -> None:
    """A traceback of the sink does not hold it."""
    assert "nnnn" not in repr(key(Secret(NEW)))
