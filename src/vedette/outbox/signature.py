"""Sign a webhook: Standard Webhooks 1.0, scheme ``v1`` (HMAC-SHA256).

What is signed is ``id.timestamp.body``. During a rotation each secret adds its
signature, and the receiver accepts the message when any of them fits.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from typing import Final

from vedette.errors import ConfigError
from vedette.secret import Secret

#: How a symmetric secret begins (Standard Webhooks, "Symmetric").
PREFIX: Final = "whsec_"

#: The fewest bytes of a key (the specification asks for 192 bits).
SHORTEST: Final = 24


def key(secret: Secret[str]) -> Secret[bytes]:
    """Decode ``whsec_`` and base64. Raises ConfigError, which never quotes the secret."""
    text = secret.reveal()
    if not text.startswith(PREFIX):
        raise ConfigError(f"a signing secret starts with {PREFIX}, followed by base64")
    try:
        material = base64.b64decode(text[len(PREFIX) :], validate=True)
    except (binascii.Error, ValueError):
        # The cause is left out: it may quote the secret.
        raise ConfigError(f"a signing secret is base64 after {PREFIX}: this one is not") from None
    if len(material) < SHORTEST:
        raise ConfigError(
            f"a signing secret holds {SHORTEST} bytes or more, this one {len(material)}: "
            f"make one with: echo {PREFIX}$(openssl rand -base64 32)"
        )
    return Secret(material)


def sign(keys: Sequence[Secret[bytes]], message: str, timestamp: int, body: bytes) -> str:
    """Return the signatures of all keys, space separated, in the order of the keys."""
    content = b"%b.%d.%b" % (message.encode("utf-8"), timestamp, body)
    return " ".join(
        "v1," + base64.b64encode(hmac.digest(each.reveal(), content, "sha256")).decode()
        for each in keys
    )


def headers(
    keys: Sequence[Secret[bytes]], *, message: str, timestamp: float, body: bytes
) -> Mapping[str, str]:
    """Return the headers of one attempt; ``timestamp`` is its instant, ``message`` the event's id.

    Without a key there is no signature, and the other two stay for deduplication.
    """
    seconds = int(timestamp)
    named = {"webhook-id": message, "webhook-timestamp": str(seconds)}
    if keys:
        named["webhook-signature"] = sign(keys, message, seconds, body)
    return named
