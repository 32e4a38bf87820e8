"""Versions as entity tags (RFC 9110 section 8.8.3): ``ETag: "7"``, and ``If-Match`` on a write.

It must not know what has versions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated, Final

from fastapi import Depends, Header, Request, Response

from vedette.api.problems import refuse

#: A version has no more digits than a 64-bit number.
_DIGITS: Final = 18

#: What stands around elements of a list (RFC 9110 section 5.6.1), which may be empty.
_SPACE: Final = " \t"
_BETWEEN: Final = f",{_SPACE}"
_NO_LIST: Final = 'If-Match has entity tags, such as "7", or is *'

#: Describes the header in the OpenAPI document.
_ABOUT: Final = 'The version that is to be changed, as its ETag said: `"7"`, or some of which it has one. Another one is a 412.'


def tag(response: Response, version: int) -> None:
    """Say which version an answer shows."""
    response.headers["ETag"] = f'"{version}"'


def _expected(
    request: Request,
    if_match: Annotated[str | None, Header(alias="If-Match", description=_ABOUT)] = None,
) -> Collection[int] | None:
    """Return the versions that a write is for; None: whichever there is. Raises a problem.

    One that matches is enough, and a weak tag matches nothing (RFC 9110 sections 13.1.1, 8.8.3.2).
    """
    if if_match is None:
        return None
    # Lines of one header are one list (RFC 9110 section 5.3).
    text = ",".join(request.headers.getlist("if-match")).strip(_SPACE)
    return None if text == "*" else frozenset(_versions(text))


def _versions(text: str) -> Iterator[int]:
    """Yield those of a list of entity tags that can be versions of ours."""
    is_any = False
    at, end = 0, len(text)
    while at < end:
        if text[at] in _BETWEEN:
            at += 1
            continue
        is_weak = text.startswith("W/", at)
        begin = at + 2 if is_weak else at
        close = text.find('"', begin + 1)
        if text[begin : begin + 1] != '"' or close < 0:
            raise refuse("malformed", _NO_LIST)
        at = close + 1
        while text[at : at + 1] in tuple(_SPACE):
            at += 1
        if text[at : at + 1] not in {"", ","}:
            raise refuse("malformed", _NO_LIST)
        is_any = True
        # Others than ours match nothing; so does 0, which is no version.
        found = _version(text[begin + 1 : close])
        if found and not is_weak:
            yield found
    if not is_any:
        raise refuse("malformed", _NO_LIST)


def _version(tag: str) -> int:
    is_ours = tag.isascii() and tag.isdigit() and len(tag) <= _DIGITS
    return int(tag) if is_ours else 0


#: The versions that a write is for, or None.
Expected = Annotated[Collection[int] | None, Depends(_expected)]
