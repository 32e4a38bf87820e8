"""A person before a browser: keeps cookies, follows our redirects, fills in the forms of our pages.

Must not know: what the pages are for.
"""

from __future__ import annotations

import asyncio
import html
import http.client
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.support.api import Answer, request

#: Sends a request: method, path, body, headers.
Send = Callable[[str, str, bytes | None, Mapping[str, str]], Awaitable[Answer]]


def to_app(app: Any) -> Send:
    """Return a way to an app in this process."""

    async def send(
        method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        return await request(app, method, path, body, headers)

    return send


def to_port(port: int) -> Send:
    """Return a way to a service on loopback."""

    def ask(method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request(method, path, body=body, headers=dict(headers))
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(status=answer.status, headers=told, body=answer.read())
        finally:
            connection.close()

    async def send(
        method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        return await asyncio.to_thread(ask, method, path, body, headers)

    return send


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is seen. ``onward`` is where it leads to, by a redirect or by itself."""

    status: int
    text: str
    headers: Mapping[str, str]
    onward: str | None = None

    @property
    def forms(self) -> list[dict[str, str]]:
        """The forms with what stands in their fields; the button has the name ""."""
        return [_fields(each) for each in re.findall(r"<form.*?</form>", self.text, re.DOTALL)]

    def form(self, button: str) -> dict[str, str]:
        """Return the form whose button says so."""
        [found] = [each for each in self.forms if button in each[""]]
        return {name: value for name, value in found.items() if name}


@dataclass(slots=True)
class Person:
    """Somebody; ``cookies`` are those of the browser, which tabs share."""

    send: Send
    cookies: SimpleCookie = field(default_factory=SimpleCookie)

    async def opens(self, url: str) -> Page:
        """Open an address; nothing is followed."""
        return await self._ask("GET", url, None)

    async def sends(self, url: str, form: Mapping[str, str], **changed: str) -> Page:
        """Send a form, with some of its fields filled in otherwise."""
        return await self._ask("POST", url, urlencode({**form, **changed}).encode())

    async def _ask(self, method: str, url: str, body: bytes | None) -> Page:
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        headers = {}
        if self.cookies:
            headers["cookie"] = "; ".join(f"{k}={v.value}" for k, v in self.cookies.items())
        if body is not None:
            headers["content-type"] = "application/x-www-form-urlencoded"
        answer = await self.send(method, path, body, headers)
        if "set-cookie" in answer.headers:
            self.cookies.load(answer.headers["set-cookie"])
        text = answer.body.decode()
        onward = answer.headers.get("location")
        refresh = re.search(r'http-equiv="refresh" content="1;url=([^"]*)"', text)
        if onward is None and refresh is not None:
            onward = html.unescape(refresh[1])
        return Page(status=answer.status, text=text, headers=answer.headers, onward=onward)


def _fields(form: str) -> dict[str, str]:
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        named = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if "name" in named:
            found[html.unescape(named["name"])] = html.unescape(named.get("value", ""))
    for name, options in re.findall(r'<select[^>]* name="(\w+)">(.*?)</select>', form):
        chosen = re.search(r"<option selected>([^<]*)", options)
        found[name] = "" if chosen is None else html.unescape(chosen[1])
    button = re.search(r"<button>([^<]*)", form)
    found[""] = "" if button is None else html.unescape(button[1])
    return found
