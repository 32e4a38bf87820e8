"""A webhook: one signed POST for each attempt, judged by its status line.

The endpoint is not trusted. Its address is checked where the socket is made, so
names, literals, odd spellings and a resolver that changes its mind are all
judged by what is really dialled; redirects are not followed; cookies and
compression are not spoken; an answer is read up to 64 KiB and dropped beyond.
One deadline covers name, connect, TLS, request and answer.

The status decides as soon as it is there: a 2xx whose body drips or never ends
is delivered, for the endpoint took the event (webhooks are repeated on doubt,
never on knowledge). The signing secret, the headers and the URL's path, query
and user info never enter a reason. It must not know of retries: those are the
courier's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path

import aiohttp
from aiohttp.abc import AbstractResolver, AbstractStreamWriter
from yarl import URL

from vedette import __version__
from vedette.crashpoint import Crashpoint, crashpoint
from vedette.errors import SinkError
from vedette.model.delivery import Delivered, Gone, Outcome, Parcel, Refused
from vedette.outbox import signature
from vedette.ports.address import AddressGuard
from vedette.ports.clock import Clock
from vedette.secret import Secret
from vedette.telemetry.tracing import TRACING, traceparent
from vedette.web import client, explained, trust

#: Of an answer; the connection is dropped beyond it instead of drained.
MAX_ANSWER = 64 * 1024
#: Of an answer's words, in a reason: one line in ``vedette status``.
MAX_WORDS = 200
#: The longest wish that counts, in seconds: the longest step of the schedule.
MAX_RETRY_AFTER = 24 * 3600.0
#: CloudEvents HTTP binding 1.0.2 section 3.2.1, structured mode.
CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"

#: Names that the request itself owns (RFC 9110, Standard Webhooks).
_OWN_HEADERS = frozenset(
    {
        "connection", "content-encoding", "content-length", "cookie", "expect", "host", "te",
        "transfer-encoding", "upgrade", "webhook-id", "webhook-signature", "webhook-timestamp",
    }
)  # fmt: skip
#: RFC 9110 section 5.6.2.
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """Where to post, and how.

    ``url`` is a secret: many services put their token in its path. ``keys`` sign
    (``outbox.signature.key``; several during a rotation; none: unsigned). ``timeout`` in seconds
    covers the whole attempt. ``ca_file`` replaces the system's trust store.
    With ``proxy`` (a URL) the proxy resolves and dials, and is itself the guard
    of addresses; proxies of the environment are not used.
    """

    url: Secret[str]
    keys: tuple[Secret[bytes], ...] = ()
    headers: Mapping[str, Secret[str]] = field(default_factory=dict)
    content_type: str = CONTENT_TYPE
    timeout: float = 15.0
    connections: int = 8
    ca_file: Path | None = None
    verify: bool = True
    proxy: Secret[str] | None = None


class WebhookSink:
    """Posts parcels to one URL over a pool of at most ``connections`` connections."""

    def __init__(
        self,
        settings: WebhookSettings,
        *,
        guard: AddressGuard,
        clock: Clock,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._settings = settings
        self._url = _parse(settings.url)
        # The path may be a token: only this much is ever shown.
        self._name = str(self._url.origin())
        self._headers = _headers(settings)
        self._proxy = None if settings.proxy is None else _parse(settings.proxy)
        self._guard = guard
        self._clock = clock
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Load the trust store. Raises SinkError when the CA file can not be used."""
        settings = self._settings
        try:
            trusted = await asyncio.to_thread(trust, settings.ca_file, verify=settings.verify)
        except OSError as error:
            raise SinkError(
                f"{self._name}: the CA file {settings.ca_file} can not be used: "
                f"{error.strerror or error}; give a readable PEM file"
            ) from error
        self._session = client(
            # A proxy was named by the operator; what it may dial is its own business.
            guard=None if self._proxy else self._guard,
            trust=trusted,
            connections=settings.connections,
            buffer=MAX_ANSWER // 4,
            resolver=self._resolver,
        )

    async def stop(self) -> None:
        """Close the connections. Idempotent."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(self, parcel: Parcel) -> Outcome:
        """Post once. Every failure is an outcome with its reason in one line."""
        session = self._session
        if session is None:
            return Refused(reason=f"{self._name}: the sink is stopped")
        words = bytearray()
        response: aiohttp.ClientResponse | None = None
        try:
            async with asyncio.timeout(self._settings.timeout):
                response = await self._post(session, parcel)
                await _read(response, words)
        except TimeoutError:
            if response is None:
                return Refused(
                    reason=f"{self._name}: no answer within {self._settings.timeout:g} s"
                )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if response is None:
                return Refused(reason=self._line(explained(error)))
        finally:
            # Returns the connection when the answer was read to its end, and drops it otherwise.
            if response is not None:
                response.close()
        return self._judge(response, bytes(words))

    async def _post(self, session: aiohttp.ClientSession, parcel: Parcel) -> aiohttp.ClientResponse:
        # Signed anew for each attempt: a receiver refuses an instant that is minutes old.
        signed = signature.headers(
            self._settings.keys,
            message=parcel.event,
            timestamp=self._clock.now(),
            body=parcel.body,
        )
        headers = {**self._headers, **signed}
        if TRACING.tracer is not None:
            headers["traceparent"] = traceparent(parcel.event, parcel.endpoint, parcel.attempt)
        return await session.post(
            self._url,
            data=_Body(parcel.body),
            headers=headers,
            allow_redirects=False,
            proxy=self._proxy,
        )

    def _judge(self, response: aiohttp.ClientResponse, words: bytes) -> Outcome:
        """Read the verdict from the status (Standard Webhooks, "Success and failure")."""
        status = response.status
        how = f"HTTP {status} {response.reason or ''}".rstrip()
        if 200 <= status < 300:  # noqa: PLR2004 - RFC 9110 section 15.3
            return Delivered(detail=self._line(how))
        if status == 410:  # noqa: PLR2004 - RFC 9110 section 15.5.11
            return Gone(reason=self._line(how))
        if 300 <= status < 400:  # noqa: PLR2004 - RFC 9110 section 15.4
            hint = "redirects are not followed; give the final URL"
            return Refused(reason=self._line(f"{how}: {hint}"))
        text = words.decode("utf-8", "replace")
        return Refused(
            reason=self._line(f"{how}: {text}" if text.strip() else how),
            retry_after=_retry_after(response.headers.get("Retry-After"), self._clock.now()),
        )

    def _line(self, words: str) -> str:
        """Return a reason: one line, printable, short, without what we keep secret."""
        hidden = [secret.reveal() for secret in self._settings.headers.values()]
        hidden += [self._url.raw_path_qs, self._url.path_qs, self._url.password or ""]
        for secret in hidden:
            # Shorter ones ("/", "json") are no secrets and would only garble the words.
            if len(secret) >= 6:  # noqa: PLR2004 - the shortest text worth guessing
                words = words.replace(secret, "***")
        line = " ".join(words.split())
        shown = "".join(char if char.isprintable() else "?" for char in line)
        return f"{self._name}: {shown[:MAX_WORDS]}"


class _Body(aiohttp.BytesPayload):
    """An event as the request carries it; it tells when the system has taken what it would."""

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        await super().write_with_length(writer, content_length)
        crashpoint(Crashpoint.REQUEST_TORN)


async def _read(response: aiohttp.ClientResponse, words: bytearray) -> None:
    """Read the answer up to its bound; ``words`` keeps the first of it."""
    size = 0
    async for chunk in response.content.iter_any():
        # Four bytes is the longest character of UTF-8.
        if len(words) < MAX_WORDS * 4:
            words += chunk[: MAX_WORDS * 4 - len(words)]
        size += len(chunk)
        if size > MAX_ANSWER:
            return


def _parse(url: Secret[str]) -> URL:
    """Read a URL. Raises SinkError, without its words: they may hold a secret."""
    try:
        parsed = URL(url.reveal())
        usable = parsed.scheme in {"http", "https"} and parsed.host and parsed.port
    except ValueError as error:
        raise SinkError("a webhook's URL can not be read; give https://host/path") from error
    if not usable:
        raise SinkError("a webhook's URL needs http or https and a host; give https://host/path")
    return parsed


def header_flaw(name: str, value: str) -> str | None:
    """Say why a webhook can not have a header, or None. The value is not told."""
    if not name or not _TOKEN.issuperset(name) or name.lower() in _OWN_HEADERS:
        return "can not be set; leave it out"
    # RFC 9110 section 5.5: no CR, LF or NUL; other controls are refused with them.
    if any(char != "\t" and not char.isprintable() for char in value):
        return "holds control characters; remove them"
    return None


def _headers(settings: WebhookSettings) -> dict[str, str]:
    """Join our headers and the endpoint's. Raises SinkError for one that can not be sent."""
    headers = {
        "User-Agent": f"vedette/{__version__}",
        "Content-Type": settings.content_type,
        "Accept-Encoding": "identity",
    }
    for name, secret in settings.headers.items():
        value = secret.reveal()
        if (why := header_flaw(name, value)) is not None:
            raise SinkError(f"the webhook header {name!r} {why}")
        for known in [known for known in headers if known.lower() == name.lower()]:
            del headers[known]
        headers[name] = value
    return headers


def _retry_after(value: str | None, now: float) -> float | None:
    """Read RFC 9110 section 10.2.3, seconds or a date; None when it is neither."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        # Ten digits are 317 years; longer ones are not worth the arithmetic.
        return min(float(value[:10]), MAX_RETRY_AFTER)
    try:
        seconds = parsedate_to_datetime(value).timestamp() - now
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)
