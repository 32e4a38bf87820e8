"""Versions as entity tags (RFC 9110 section 8.8.3): ``ETag: "7"``, and ``If-Match`` on a write.

It must not know what has versions.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Header, Response

from vedette.api.problems import refuse

#: A version has no more digits than a 64-bit number.
_DIGITS: Final = 18

#: Describes the header in the OpenAPI document.
_ABOUT: Final = 'The version that is to be changed, as its ETag said: `"7"`. Another one is a 412.'


def tag(response: Response, version: int) -> None:
    """Say which version an answer shows."""
    response.headers["ETag"] = f'"{version}"'


def _expected(
    if_match: Annotated[str | None, Header(alias="If-Match", description=_ABOUT)] = None,
) -> int | None:
    """Return the version that a write is for; None: whichever there is.

    One tag is asked for: two versions of one thing are never both right. Raises a problem.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip()
    digits = text[1:-1]
    if len(text) < 2 or text[0] != '"' or text[-1] != '"' or '"' in digits:  # noqa: PLR2004 - quotes
        raise refuse("malformed", 'If-Match is one entity tag, such as "7", or *')
    if digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS:
        # 0 is no version: it matches nothing, as any tag that is not ours.
        return int(digits) or -1
    return -1


#: The version that a write is for, or None.
Expected = Annotated[int | None, Depends(_expected)]
