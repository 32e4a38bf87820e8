"""A line takes its time, notes who spoke, and sees when the mailbox behind it is empty.

Must not know: who is measured over it.
"""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.figures.guard_latency import passages, turns
from bench.line import Lane, Lines, Log, Note, lines

HOST = "127.0.0.1"
#: Seconds of the round trip: much longer than a loaded machine takes for the rest.
TRIP = 0.2
PATIENCE = 30.0


class Echo(socketserver.BaseRequestHandler):
    """Says what it hears."""

    def handle(self) -> None:
        while data := self.request.recv(100):
            self.request.sendall(data)


@pytest.fixture
def port() -> Iterator[int]:
    with socketserver.ThreadingTCPServer((HOST, 0), Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join(PATIENCE)


def said(link: socket.socket) -> float:
    """Say a word, wait until it is back, and return the seconds that it took."""
    begun = time.monotonic()
    link.sendall(b"word")
    assert link.recv(100) == b"word"
    return time.monotonic() - begun


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end


def note(at: float, who: str, cable: int = 0) -> Note:
    return Note(at, cable, who == "client")


def test_a_word_over_a_line_takes_a_round_trip(port: int, tmp_path: Path) -> None:
    """The first takes two: one of them is for the connection."""
    lane = Lane(trip=TRIP, folder=str(tmp_path))

    with (
        lines(HOST, port, [lane]) as laid,
        socket.create_connection((HOST, laid.ports[0]), timeout=PATIENCE) as link,
    ):
        assert said(link) >= 2 * TRIP
        assert TRIP <= said(link) < 2 * TRIP
        notes = laid.logs()[0].notes

    assert [each.up for each in notes] == [True, False, True, False]
    assert notes[3].at - notes[2].at >= TRIP / 2


def test_the_eye_of_a_line_sees_when_a_mailbox_is_empty(port: int, tmp_path: Path) -> None:
    """It looks from the first word of the server on, while there is something to see."""
    message = tmp_path / "new" / "message"
    message.parent.mkdir()
    message.touch()

    def gone(laid: Lines) -> list[float]:
        return laid.logs()[0].gone

    with (
        lines(HOST, port, [Lane(trip=0.0, folder=str(tmp_path))]) as laid,
        socket.create_connection((HOST, laid.ports[0]), timeout=PATIENCE) as link,
    ):
        said(link)
        assert gone(laid) == []
        before = time.monotonic()
        message.unlink()
        until(lambda: gone(laid) != [])

        assert before <= gone(laid)[0] <= time.monotonic()


def test_turns_of_a_client_are_the_round_trips_it_waits_for() -> None:
    """Two words in a row are one; a connection that was not there before is one more."""
    before = [note(0, "server")]
    idle = [note(1, "server"), note(2, "client"), note(3, "server"), note(4, "client")]
    split = [note(1, "server"), note(2, "client"), note(2.1, "client")]
    second = [note(1, "server"), note(2, "client", 1), note(3, "server", 1), note(4, "client", 1)]

    assert turns(idle, before) == 2
    assert turns(split, before) == 1
    assert turns(second, before) == 3


def test_a_passage_is_from_the_announcement_until_gone() -> None:
    """What the client said too late to have a part in it does not count."""
    notes = [note(0, "server"), note(10.5, "server"), note(10.6, "client"), note(10.75, "client")]

    (passage,) = passages(Log(notes=notes, gone=[10.8]), [10.0], 0.2)

    assert passage.arrived == pytest.approx(0.8)
    assert passage.told == pytest.approx(0.3)
    assert passage.turns == 1


def test_a_client_that_spoke_before_the_announcement_measures_nothing() -> None:
    """It was awake for something else, and may have met the message by chance."""
    notes = [note(0, "server"), note(10.1, "client"), note(10.2, "server")]

    assert passages(Log(notes=notes, gone=[10.3]), [10.0], 0.2) == []


def test_messages_that_are_gone_together_measure_one() -> None:
    """Nobody can say which announcement the second had."""
    notes = [note(0, "server"), note(10.5, "server"), note(10.6, "client")]

    (passage,) = passages(Log(notes=notes, gone=[10.8, 20.0]), [10.0, 10.7], 0.0)

    assert passage.arrived == pytest.approx(0.8)
