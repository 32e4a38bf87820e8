"""The name of a table of Postgres, spelled so that it can be nothing else in a statement.

It must not know Postgres's library: the configuration judges names, too.
"""

from __future__ import annotations

from string import ascii_letters, digits
from typing import Final

from vedette.errors import SinkError

#: What an unquoted identifier may begin with and hold, in ASCII (PostgreSQL, section 4.1.1).
_FIRST: Final = frozenset(ascii_letters + "_")
_LEGAL: Final = _FIRST | frozenset(digits)
#: Octets of a name; Postgres cuts a longer one off (NAMEDATALEN - 1).
_MAX_NAME: Final = 63


def quoted(text: str) -> str:
    """Return ``table`` or ``schema.table`` in quotation marks, its letters as they are.

    Raises SinkError for what would need to be escaped.
    """
    parts = text.split(".")
    if len(parts) > 2 or not all(map(_is_name, parts)):  # noqa: PLR2004 - schema and table
        raise SinkError(
            f"{text!r} is no table: give letters, digits and _, after schema and a dot if need be"
        )
    return ".".join(f'"{part}"' for part in parts)


def _is_name(part: str) -> bool:
    return 0 < len(part) <= _MAX_NAME and part[0] in _FIRST and _LEGAL.issuperset(part)
