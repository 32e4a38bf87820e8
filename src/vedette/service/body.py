"""The body of a record as a JSON object, both ways; what a newer version wrote in it stays.

It must not know what the members mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import orjson

from vedette.ports.records import Record
from vedette.service.form import Form
from vedette.service.refusals import NewerError

Body: TypeAlias = dict[str, Any]


def members(record: Record) -> Body:
    """Return the members of a record's body. Raises NewerError where it is no JSON object."""
    try:
        found = orjson.loads(record.body)
    except orjson.JSONDecodeError as error:
        raise NewerError(record.kind.value, record.id, "its body is no JSON") from error
    if not isinstance(found, dict):
        raise NewerError(record.kind.value, record.id, "its body is no JSON object")
    return found


def written(body: Mapping[str, object], *, over: Record | None) -> str:
    """Return the text of a body; members of ``over`` that are not in it are kept."""
    return orjson.dumps(body if over is None else {**members(over), **body}).decode()


def readable(form: Form, record: Record) -> None:
    """Raise NewerError where a body that was read has a value that this version does not know."""
    if form.mistakes:
        first = form.mistakes[0]
        raise NewerError(record.kind.value, record.id, f"{first.field}: {first.why}")
