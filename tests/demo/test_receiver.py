"""The webhook endpoint takes what is signed rightly and nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from standardwebhooks.webhooks import Webhook

from vedette.demo.receiver import TOLERANCE, Receiver, verify
from vedette.secret import Secret

KEY = bytes(range(32))
NOW = 1_795_165_920
BODY = json.dumps({"type": "account.connected"}).encode()


def signed(body: bytes = BODY, *, key: bytes = KEY, at: int = NOW) -> dict[str, str]:
    """Sign as the specification's own library does."""
    moment = datetime.fromtimestamp(at, UTC)
    signature = Webhook(base64.b64encode(key).decode()).sign("msg-1", moment, body.decode())
    return {"id": "msg-1", "timestamp": str(at), "signature": signature}


def test_the_specifications_own_signature_fits() -> None:
    """Alone, and among others of a rotation."""
    headers = signed()
    assert verify(Secret(KEY), **headers, body=BODY, now=NOW)
    headers["signature"] = f"v1,{base64.b64encode(b'other').decode()} v1,%% {headers['signature']}"
    assert verify(Secret(KEY), **headers, body=BODY, now=NOW + TOLERANCE)


@pytest.mark.parametrize(
    ("changed", "now"),
    [
        ({"id": "msg-2"}, NOW),
        ({"timestamp": str(NOW + 1)}, NOW),
        ({"timestamp": "9" * 5000}, NOW),
        ({"timestamp": "-1"}, NOW),
        ({"timestamp": ""}, NOW),
        ({"signature": ""}, NOW),
        ({"signature": signed(key=bytes(32))["signature"]}, NOW),
        ({}, NOW + TOLERANCE + 1),
        ({}, NOW - TOLERANCE - 1),
    ],
)
def test_a_signature_for_anything_else_does_not_fit(changed: Mapping[str, str], now: int) -> None:
    """Another id, time, key or age, or none."""
    assert not verify(Secret(KEY), **{**signed(), **changed}, body=BODY, now=now)


def test_a_changed_body_does_not_fit() -> None:
    """One octet more is another body."""
    assert not verify(Secret(KEY), **signed(), body=BODY + b" ", now=NOW)


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[Receiver, list[dict[str, Any]]]]:
    """Run a receiver and keep what it takes."""
    taken: list[dict[str, Any]] = []
    running = Receiver(Secret(KEY), now=lambda: float(NOW), taken=taken.append)
    await running.start()
    yield running, taken
    await running.stop()


async def test_only_a_verified_post_is_taken(
    receiver: tuple[Receiver, list[dict[str, Any]]],
) -> None:
    """The first gets 204, the second 401 and is counted."""
    running, taken = receiver
    headers = {f"webhook-{name}": value for name, value in signed().items()}
    async with aiohttp.ClientSession() as client:
        async with client.post(running.url, data=BODY, headers=headers) as answer:
            assert answer.status == 204
        async with client.post(running.url, data=b"{}", headers=headers) as answer:
            assert answer.status == 401
    assert taken == [{"type": "account.connected"}]
    assert running.refused == 1
    await running.until(lambda: bool(taken))
