"""A webhook endpoint on a thread of its own, for a service in a process of its own.

It takes everything and enters it into the books. It must not know who posts.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.support.books import Books


class Receiver:
    """Listens on a free port of loopback while its block runs; ``books`` has what came."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.lock = threading.Lock()
        self._listen(0)

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self._server.server_port}/events"

    def _listen(self, port: int) -> None:
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.receiver = self
        # A thread that polls every 50 ms is gone soon after shutdown().
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def _close(self) -> None:
        self._server.ended = True
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Be down while the block runs: refuse connections, and drop those that are open."""
        port = self._server.server_port
        self._close()
        try:
            yield
        finally:
            self._listen(port)
            self._thread.start()

    def taken(self, body: bytes) -> None:
        """Enter one delivery."""
        with self.lock:
            self.books.take(body)

    def all_came(self) -> bool:
        """Tell whether nothing that is expected is missing."""
        with self.lock:
            return not self.books.missing

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A sender that is killed leaves connections; the next one must not wait for them.
    block_on_close = False
    receiver: Receiver
    ended = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a sender that was killed in the middle of a post."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    # A sender that stalls is dropped: the thread ends with the test.
    timeout = 10.0

    def do_POST(self) -> None:
        """Take the event, then say so: what is cut in between must come again."""
        length = int(self.headers["content-length"])
        body = self.rfile.read(length)
        if self.server.ended:
            # A server that is gone answers nothing, on connections from before either.
            self.close_connection = True
        elif len(body) == length:
            self.server.receiver.taken(body)
            self.send_response(204)
            self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is theirs
        """Be quiet."""
