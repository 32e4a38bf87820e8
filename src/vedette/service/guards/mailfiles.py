"""Mail in files: single messages, folders of them, and mbox files (RFC 4155)."""

from __future__ import annotations

import mailbox
import sys
from collections.abc import Iterator
from pathlib import Path

from vedette.errors import UsageError

#: Octets of one message that are read: what a service takes of one (catalogue M11).
MAX_MESSAGE = 50 * 1024 * 1024

#: What a file of mail is called; ``.mbox`` has many.
ONE, MANY = (".eml", ".msg", ".txt"), ".mbox"

#: What standard input is called.
STDIN = Path("-")


def messages_in(place: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the messages of a file or folder, each with its name. Raises UsageError.

    ``STDIN`` is one message on standard input.
    """
    if place == STDIN:
        yield str(STDIN), sys.stdin.buffer.read(MAX_MESSAGE)
        return
    if place.is_dir():
        for path in sorted(place.rglob("*")):
            if path.suffix in {*ONE, MANY} and path.is_file():
                yield from messages_in(path)
        return
    if place.suffix == MANY:
        yield from _many(place)
        return
    try:
        with place.open("rb") as file:
            yield str(place), file.read(MAX_MESSAGE)
    except OSError as error:
        raise UsageError(f"{place} can not be read: {error.strerror or error}") from error


def _many(place: Path) -> Iterator[tuple[str, bytes]]:
    try:
        box = mailbox.mbox(place, create=False)
    except (OSError, mailbox.Error) as error:
        raise UsageError(f"{place} can not be read: {error}") from error
    try:
        for number, key in enumerate(box.iterkeys(), start=1):
            yield f"{place}:{number}", box.get_bytes(key)[:MAX_MESSAGE]
    finally:
        box.close()
