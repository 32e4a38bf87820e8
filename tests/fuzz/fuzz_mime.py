"""A fuzz target for the mail reader: any bytes are read, in time, to values fit for an event.

The messages of ``tests/mime/data`` are seeds too. Run it as a module::

    python -m tests.fuzz.fuzz_mime --seconds 60
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import thread_time

from tests.fuzz.campaign import BrokenLawError, Campaign
from vedette import mime
from vedette.mime import Defect, Depth, Limits, reading

SEEDS = Path(__file__).parents[1] / "mime" / "data"
LONGEST = 50_000
# One input of at most 50,000 octets is read in some 30 ms; a hundred times that is a finding.
SLOW = 3.0
TIGHT = Limits(
    depth=4, parts=8, header_bytes=2000, field_bytes=500, headers=20, delimiters=30, addresses=5,
    references=3, text_bytes=200, html_source=1000, html_nodes=50, nested=2, calendar_bytes=300,
    calendar_events=2,
)  # fmt: skip
WORDS = (
    *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\0", b"\xff", b"=?utf-8?B?", b"=?x?Q?", b"?=", b"--"),
    *(b"(", b")", b'"', b"<", b">", b";", b",", b":", b"=", b"\\", b" ", b"\t", b"%FF", b"=0D=0A"),
    *(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n", b"\r\n--b\r\n", b"\r\n--b--\r\n"),
    *(b"Content-Type: message/rfc822\r\n\r\n", b"Content-Type: text/html\r\n", b"charset=utf-7"),
    *(b"Content-Transfer-Encoding: base64\r\n", b"format=flowed", b"name*0*=utf-8''", b"filename="),
    *(b"<div style=display:none>", b"<blockquote>", b"<!--", b"<style>", b"> ", b"-- \r\n"),
    *(b"On 1 Jan 2026 a@b wrote:\r\n", b"From: a\r\nSent: b\r\nTo: c\r\n", b"BEGIN:VEVENT\r\n"),
)


def check(data: bytes) -> None:
    """Hold one input against the laws. Raises BrokenLawError, or whatever the reader swallowed."""
    for limits in (Limits(), TIGHT):
        started = thread_time()
        message = mime.read(data, limits=limits, trusted_authserv={"mx.example.org"})
        if thread_time() - started > SLOW:
            raise BrokenLawError(f"{len(data)} octets took more than {SLOW} s")
        if Defect.INTERNAL in message.defects:
            reading._read(data, limits, {"mx.example.org"}, Depth.TEXT, partial=False)
            raise BrokenLawError("the reader failed, but only once")
        _fit(message, limits)
        for attachment in message.attachments:
            mime.attachment_bytes(data, attachment.id)
    mime.read(data[: len(data) // 2], size=len(data))


def _fit(message: mime.Message, limits: Limits) -> None:
    wire = json.dumps({**mime.to_wire(message), "raw_header": None}, ensure_ascii=False)
    wire.encode("utf-8")
    if "\\u0000" in wire:
        raise BrokenLawError("a NUL got out")
    if mime.from_wire(mime.to_wire(message)) != message:
        raise BrokenLawError("the message did not come back from the wire")
    lines = [message.subject, *(value for _name, value in message.headers)]
    lines += [each.filename or "" for each in message.attachments]
    if any("\r" in line or "\n" in line for line in lines):
        raise BrokenLawError("a line end got out of a field")
    for text in (message.text.plain, message.text.html, message.text.hidden):
        if len((text or "").encode()) > limits.text_bytes:
            raise BrokenLawError("a text is longer than its limit")


CAMPAIGN = Campaign(
    name="mime",
    check=check,
    words=WORDS,
    longest=LONGEST,
    seeds=tuple(sorted(SEEDS.glob("*.eml"))),
)

if __name__ == "__main__":
    sys.exit(CAMPAIGN.main())
