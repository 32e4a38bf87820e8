"""What the client says between the announcement of a message and the event: on the wire of Dovecot."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.books import letter, new_token
from tests.support.dovecot import HOST, Dovecot
from tests.support.engine import Watching, blocking, mailbox
from tests.support.fault_proxy import FaultProxy
from tests.support.toxics import Flow, Onward, Pipe, Toxic, Way
from vedette.ports.link import Encryption
from vedette.sync.cadence import Tempo

pytestmark = pytest.mark.server

ANNOUNCED = re.compile(rb"^\* [0-9]+ EXISTS\r\n", re.MULTILINE)


class Tap(Toxic):
    """Harms nothing: it writes down what passes one way, in order with its other taps."""

    def __init__(self, way: Way, heard: list[tuple[Way, bytes]]) -> None:
        super().__init__(way)
        self._heard = heard

    def flow(self, pipe: Pipe) -> Flow:
        return _Listening(self.way, self._heard)


class _Listening(Flow):
    def __init__(self, way: Way, heard: list[tuple[Way, bytes]]) -> None:
        self._way = way
        self._heard = heard

    async def carry(self, data: bytes, onward: Onward) -> None:
        self._heard.append((self._way, data))
        await onward(data)


def after_announcement(heard: list[tuple[Way, bytes]]) -> list[bytes]:
    """Return what the client wrote after the first EXISTS, write by write."""
    begin = next(
        index
        for index, (way, data) in enumerate(heard)
        if way is Way.DOWN and ANNOUNCED.search(data)
    )
    return [data for way, data in heard[begin:] if way is Way.UP]


async def said_for_one_message(
    server: Dovecot, user: str, folder: Path, folders: tuple[str, ...]
) -> list[bytes]:
    """Return what the client writes from the announcement of a message to its event."""
    heard: list[tuple[Way, bytes]] = []
    async with FaultProxy(HOST, server.port) as proxy:
        box = mailbox(
            user,
            port=proxy.port,
            ca_file=server.ca_file,
            folders=folders,
            encryption=Encryption.NONE,
        )
        # With the field's own tempo: nothing but the message gives a reason to speak.
        async with Watching(box, state=folder, tempo=Tempo()) as watching:
            await watching.until_connected()
            for way in (Way.UP, Way.DOWN):
                proxy.put(Tap(way, heard))
            token = new_token()
            watching.books.expect([token])
            await blocking(server.deliver, user, letter(token))
            await watching.until_all_came()
            return after_announcement(heard)


async def test_a_message_costs_one_round_trip_with_idle(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """DONE and the FETCH leave in one write, and no other question before the event."""
    said = await said_for_one_message(dovecot, user, tmp_path, ("\\Inbox",))
    assert re.fullmatch(rb"DONE\r\nV\d+ UID FETCH \d+:\* \([^\r\n]*\)\r\n", said[0])
    assert not any(b"FETCH" in each for each in said[1:])


async def test_a_message_costs_no_round_trip_with_notify(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """The message comes with its announcement; the client says nothing."""
    said = await said_for_one_message(dovecot, user, tmp_path, ("\\Inbox", "\\Junk"))
    assert said == []
