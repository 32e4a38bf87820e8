"""Where browsers find this service, and which pages it may send them back to.

Both are of the operator's configuration, never of a request: a page that anybody may name is a way
to lend our name to theirs (an open redirect, RFC 9700 section 4.11). It must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import SplitResult, unquote, urlencode, urlsplit, urlunsplit

from vedette.service.form import flaw
from vedette.service.preferences import PreferenceBook
from vedette.service.refusals import ConflictError, invalid

#: Where providers send browsers back to, below the public URL.
CALLBACK: Final = "/v1/oauth/callback"
#: Where connect links are, below the public URL.
CONNECT: Final = "/connect"

#: Characters of the address of a page.
MAX_PAGE: Final = 2_000
#: What browsers and parsers read in different ways.
_UNCLEAR: Final = frozenset(" \\@#<>\"'`{}|^")
_PORTS: Final = {"https": 443, "http": 80}


class Whereabouts:
    """Addresses of ours, and of those whom browsers may go back to.

    ``configured`` is the public URL of the file; the one of the settings stands where it has none.
    """

    def __init__(
        self, configured: str | None, preferences: PreferenceBook, return_to: Sequence[str] = ()
    ) -> None:
        self._preferences = preferences
        self.move(configured, return_to)

    def move(self, configured: str | None, return_to: Sequence[str]) -> None:
        """Be found elsewhere from now on, and send browsers back to other pages."""
        self._configured = configured
        self._allowed = tuple(urlsplit(each) for each in return_to)

    async def url(self) -> str:
        """Return the public URL. Raises ConflictError where nobody has said it."""
        found = self._configured or (await self._preferences.current()).public_url
        if found is None:
            raise ConflictError(
                "no public URL is configured, so no browser can come back: say [api] public_url ="
                ' "https://mail.example.org", where browsers find this service'
            )
        return found

    def checked(self, page: str) -> str:
        """Return a page that a browser may be sent back to. Raises InvalidError for another one."""
        why = flaw(page, longest=MAX_PAGE)
        if why is not None:
            raise invalid("returnTo", why)
        if not self._allowed:
            raise invalid("returnTo", "no page is allowed: name them as [api] return_to")
        try:
            parts = urlsplit(page)
            _ = parts.port
        except ValueError:
            raise invalid("returnTo", "is no URL") from None
        is_clear = page.isascii() and _UNCLEAR.isdisjoint(page) and not _climbs(parts.path)
        if not is_clear or not any(_is_beneath(parts, each) for each in self._allowed):
            raise invalid("returnTo", "is none of the pages of [api] return_to, nor beneath one")
        return page


def told(page: str, **parameters: str) -> str:
    """Return the address of a page that is told something by its query."""
    parts = urlsplit(page)
    query = "&".join(filter(None, (parts.query, urlencode(parameters))))
    return urlunsplit(parts._replace(query=query))


def _climbs(path: str) -> bool:
    """Tell whether a path leads out of where it seems to be, however often it is escaped."""
    for _ in range(3):
        if any(part in {".", ".."} for part in path.replace("\\", "/").split("/")):
            return True
        path = unquote(path)
    return "%" in path


def _is_beneath(page: SplitResult, allowed: SplitResult) -> bool:
    if (page.scheme, page.hostname) != (allowed.scheme, allowed.hostname):
        return False
    if (page.port or _PORTS[page.scheme]) != (allowed.port or _PORTS[allowed.scheme]):
        return False
    base = allowed.path.rstrip("/")
    return page.path in {base, allowed.path} or page.path.startswith(f"{base}/")
