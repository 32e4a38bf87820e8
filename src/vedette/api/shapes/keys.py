"""API keys as JSON. It must not know how a key is kept."""

from __future__ import annotations

from pydantic import Field

from vedette.api.shapes.model import (
    GivenId,
    GivenInstant,
    Instant,
    Shown,
    Wish,
    instant,
    shown_instant,
)
from vedette.secret import Secret
from vedette.service.keys import WORDS, ApiKey


class KeyWish(Wish):
    """A key to be made."""

    name: str = Field(min_length=1, max_length=200, description="What the key is for.")
    scopes: list[str] = Field(
        min_length=1,
        max_length=len(WORDS),
        description=f"What it may do: {', '.join(f'`{word}`' for word in sorted(WORDS))}.",
    )
    tenant: GivenId | None = Field(
        default=None, description="Whose it is; without one it is an admin's."
    )
    expires_at: GivenInstant | None = Field(default=None, description="When it ends to be valid.")


class KeyShown(Shown):
    """A key, without its secret."""

    id: str
    name: str
    tenant: str | None
    scopes: list[str]
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None = Field(description="To the minute.")


class NewKey(KeyShown):
    """A key that was made just now."""

    key: str = Field(description="The key itself. It is shown this once and can not be had again.")


def shown(key: ApiKey) -> KeyShown:
    """Return a key as it is shown."""
    return KeyShown(
        id=key.id,
        name=key.name,
        tenant=key.tenant,
        scopes=sorted(key.scopes),
        created_at=instant(key.created_at),
        expires_at=shown_instant(key.expires_at),
        last_used_at=shown_instant(key.last_used_at),
    )


def new(key: ApiKey, secret: Secret[str]) -> NewKey:
    """Return a key with its secret, for its maker."""
    return NewKey(**shown(key).model_dump(), key=secret.reveal())
