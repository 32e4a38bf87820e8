"""Reading a message whole: Vedette, the standard library and fast-mail-parser on the same octets.

Each decodes every field and text and lists every attachment. Vedette also extracts the reply,
keeps hidden text apart and tells automatic mail; fast-mail-parser does less than the others.

Must not know: how mail is fetched.
"""

from __future__ import annotations

import email
import email.policy
import statistics
import time
from collections.abc import Callable
from email.message import EmailMessage

import fast_mail_parser

from bench.figures.figure import Figure, Quantity, Values
from bench.figures.letters import large, middle, small
from bench.scene import Scene
from vedette import mime

#: Seconds for one message: some hundred runs of a small one.
_SECONDS = 0.3
_LEAST_RUNS = 5


def by_vedette(raw: bytes) -> None:
    """Read as an event needs it."""
    mime.read(raw)


def by_stdlib(raw: bytes) -> None:
    """Read with the standard library, every header and text accessed, attachments listed."""
    message = email.message_from_bytes(raw, _class=EmailMessage, policy=email.policy.default)
    for value in message.values():
        str(value)
    for part in message.walk():
        if part.is_multipart():
            continue
        if part.get_content_maintype() == "text":
            part.get_content()
        else:
            part.get_filename()
            len(part.get_payload(decode=True) or b"")


def by_fast_mail_parser(raw: bytes) -> None:
    """Read with fast-mail-parser, which decodes everything at once."""
    found = fast_mail_parser.parse_email(raw)
    _ = (found.headers, found.text_plain, found.text_html, found.attachments)


READERS: dict[str, Callable[[bytes], None]] = {
    "vedette": by_vedette,
    "stdlib": by_stdlib,
    "fast-mail-parser": by_fast_mail_parser,
}


_MESSAGES = {
    "small": small(),
    "middle": middle(hiding=False),
    "hiding": middle(hiding=True),
    "large": large(),
}


def measure(scene: Scene, variant: str) -> Values:
    """Read each message again and again."""
    seconds = _SECONDS * min(1.0, scene.scale)
    return {name: _median(READERS[variant], raw, seconds) for name, raw in _MESSAGES.items()}


def _median(reader: Callable[[bytes], None], raw: bytes, seconds: float) -> float:
    """Return the median of one reading in milliseconds."""
    reader(raw)
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < _LEAST_RUNS:
        start = time.perf_counter()
        reader(raw)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


FIGURE = Figure(
    name="mime",
    title="Reading a message",
    method=(
        "The median time of one reading, all fields and texts decoded. The standard library reads"
        " with email.policy.default, as its manual advises. Vedette also extracts the reply, keeps"
        " hidden text apart and tells automatic mail; fast-mail-parser does less than both."
    ),
    quantities=(
        Quantity(key="small", title="a reply of 4.5 KB", unit="ms"),
        Quantity(key="middle", title="48 KB of text and HTML", unit="ms"),
        Quantity(key="hiding", title="48 KB, some of it hidden", unit="ms"),
        Quantity(key="large", title="5 MB with an attachment", unit="ms"),
    ),
    variants=tuple(READERS),
    measure=measure,
)
