"""Octets of mail as an answer: always a file to save, never a page of ours.

Mail is written by strangers. Whatever a part says that it is, a browser is told to save it
(RFC 6266), not to guess (nosniff, by ``headers.py``), and to run nothing of it. It must not know where octets are from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Final
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from vedette.service.mailbox.content import Content

#: Seconds for a whole answer: the largest message at 100 KiB a second. What is not read by then is
#: broken off; its file is freed.
LONGEST: Final = 600.0

#: Types that no browser runs. A part of any other is told as octets; what it says of itself is in
#: the message.
HARMLESS: Final = frozenset({
    "application/gzip", "application/json", "application/msword", "application/octet-stream",
    "application/pdf", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
    "application/vnd.oasis.opendocument.spreadsheet", "application/vnd.oasis.opendocument.text",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/zip",
    "audio/mp4", "audio/mpeg", "audio/ogg", "audio/wav", "image/avif", "image/bmp", "image/gif",
    "image/heic", "image/jpeg", "image/png", "image/tiff", "image/webp", "message/rfc822",
    "text/calendar", "text/csv", "text/plain", "video/mp4", "video/mpeg", "video/quicktime",
    "video/webm",
})  # fmt: skip
OCTETS: Final = "application/octet-stream"

#: Characters of a plain file name that every browser takes as they are.
_PLAIN: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._- ()")


class Download(Response):
    """Sends content, and lets go of it whatever happens."""

    def __init__(self, content: Content, ended: Callable[[Content], None]) -> None:
        self.status_code = 200
        self.background: BackgroundTask | None = None
        self._content = content
        self._ended = ended
        headers = {
            "content-type": content.content_type if content.content_type in HARMLESS else OCTETS,
            "content-disposition": disposition(content.filename),
        }
        if content.size is not None:
            headers["content-length"] = str(content.size)
        self.init_headers(headers)

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it, in pieces."""
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        try:
            async with asyncio.timeout(LONGEST), aclosing(self._content.pieces()) as pieces:
                await send(start)
                async for piece in pieces:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            # The server closes a connection whose answer came to no end: its reader sees that.
            return
        finally:
            self._ended(self._content)


def disposition(filename: str | None) -> str:
    """Return the value of Content-Disposition: ASCII alone, with no way out of its quotes.

    A name beyond ASCII is in ``filename*`` (RFC 8187), and a likeness of it in ``filename``.
    """
    if not filename:
        return "attachment"
    likeness = "".join(each if each in _PLAIN else "_" for each in filename)
    if likeness == filename:
        return f'attachment; filename="{likeness}"'
    named = quote(filename, safe="", errors="replace")
    return f"attachment; filename=\"{likeness}\"; filename*=UTF-8''{named}"
