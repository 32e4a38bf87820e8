"""The ground of every shape: camelCase, strict types, no member that is not known, secrets hidden.

It must not know any resource.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic.alias_generators import to_camel

from vedette.secret import Secret
from vedette.service.form import MAX_SECRET

#: An instant as an answer shows it (RFC 3339, UTC).
Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]

#: A date or an instant that a caller gives; what it means is read by the use case.
GivenInstant = Annotated[
    str,
    Field(
        max_length=40, examples=["2026-11-01T00:00:00Z"], json_schema_extra={"format": "date-time"}
    ),
]

#: An id that a caller gives: one line of text, which a database takes.
GivenId = Annotated[str, Field(max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")]

#: A secret that a caller gives. No answer ever has it.
GivenSecret = Annotated[SecretStr, Field(max_length=MAX_SECRET)]

_SHARED: Final = ConfigDict(
    alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
)


class Shown(BaseModel):
    """What is answered."""

    model_config = _SHARED


class Wish(BaseModel):
    """What a caller asks for. A member that is not sent stays as it is; null is its default."""

    # Strict: "7" is no number, although it could be read as one.
    model_config = ConfigDict(**_SHARED, extra="forbid", strict=True)

    def form(self) -> dict[str, object]:
        """Return the members that were sent, by their names in JSON; secrets in their own type."""
        sent = self.model_dump(by_alias=True, exclude_unset=True)
        return {name: _value(value) for name, value in sent.items()}


def _value(value: Any) -> object:
    return Secret(value.get_secret_value()) if isinstance(value, SecretStr) else value


def shown_instant(at: float | None) -> str | None:
    """Return an instant in seconds since 1970 as it is shown; None stays None."""
    return None if at is None else instant(at)


def instant(at: float) -> str:
    """Return an instant in seconds since 1970 as it is shown."""
    moment = datetime.fromtimestamp(at, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
