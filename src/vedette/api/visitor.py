"""Who comes with a browser and no key: a session by a cookie, forms that only its pages send, a pace.

The cookie has the prefix ``__Host-``: no other host, and nobody on the way, can have set it
(RFC 6265bis section 4.1.3.2). It says nothing about the person; a link and a state are bound to it.
It must not know what is on a page.
"""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request, Response

from vedette.api.caller import neighbours, remote
from vedette.api.pace import Pace
from vedette.api.problems import refuse
from vedette.config.api import Network
from vedette.secret import Secret
from vedette.service.links.link import Link
from vedette.service.signet import Signet

COOKIE: Final = "__Host-vedette"
#: Octets of a session, and the characters that they make.
_OCTETS: Final = 32
_LENGTH: Final = 43
_ALPHABET: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

#: Pages a second for one address, and at once: a person opens some, an office of them some more.
PAGES_RATE: Final = 1.0
PAGES_BURST: Final = 40
#: Logins that one link may try: a person who looks for the right password, and no search for it.
TRIES_RATE: Final = 1 / 30
TRIES_BURST: Final = 6

#: Octets and fields of a form: an address, a password, a server.
MAX_FORM: Final = 32 * 1024
MAX_FIELDS: Final = 20
#: The purpose of the signature of a form.
_FORM: Final = "form"


class Visits:
    """How often browsers come, and how often each link is tried."""

    def __init__(self) -> None:
        self._pages = Pace(rate=PAGES_RATE, burst=PAGES_BURST)
        self._tries = Pace(rate=TRIES_RATE, burst=TRIES_BURST)

    def come(self, request: Request, proxies: Sequence[Network]) -> None:
        """Count a page for whoever asks. Raises a problem for one who asks too often."""
        _be_slow(self._pages, neighbours(remote(request.scope, proxies)))

    def attempt(self, link: Link) -> None:
        """Count a login by a link. Raises a problem for one too many."""
        _be_slow(self._tries, link.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A browser. ``is_new`` says that it has no cookie yet."""

    session: Secret[str]
    is_new: bool

    def greet(self, response: Response) -> Response:
        """Give the cookie with an answer."""
        if self.is_new:
            response.set_cookie(
                COOKIE,
                self.session.reveal(),
                path="/",
                secure=True,
                httponly=True,
                # It comes along when a provider sends the browser back, and with no form of others.
                samesite="lax",
            )
        return response

    async def mark(self, signet: Signet, link: Link) -> str:
        """Return what the forms of a page carry, so that no other page can send one."""
        return await signet.sign(_FORM, f"{self.session.reveal()}\0{link.id}")

    async def check(self, signet: Signet, link: Link, form: Mapping[str, str]) -> None:
        """Raise a problem for a form that no page of this browser has sent."""
        text = f"{self.session.reveal()}\0{link.id}"
        if self.is_new or not await signet.is_good(_FORM, text, form.get("mark", "")):
            raise refuse(
                "forbidden",
                "this form is not of a page that this browser was shown; open the link again, and"
                " let this site keep a cookie",
            )


def visitor(request: Request) -> Visitor:
    """Return the browser that asks: the one with the cookie, or a new one."""
    given = request.cookies.get(COOKIE, "")
    if len(given) == _LENGTH and _ALPHABET.issuperset(given):
        return Visitor(session=Secret(given), is_new=False)
    return Visitor(session=Secret(secrets.token_urlsafe(_OCTETS)), is_new=True)


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a form. Raises a problem for what is none."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind != "application/x-www-form-urlencoded":
        raise refuse("media_type", "expected a form")
    body = await request.body()
    if len(body) > MAX_FORM:
        raise refuse("too_large", f"a form has at most {MAX_FORM} octets")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=MAX_FIELDS,
            errors="strict",
        )
    except ValueError:
        raise refuse("malformed", "the form can not be read") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise refuse("malformed", "a field is there twice")
    return fields


def _be_slow(pace: Pace, name: str) -> None:
    if wait := pace.take(name, asyncio.get_running_loop().time()):
        raise refuse(
            "too_many",
            "this is tried too often; wait a while",
            Retry_After=str(max(1, math.ceil(wait))),
        )
