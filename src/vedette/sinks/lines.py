"""JSON lines, on standard output or in a file: one event, one line, one write.

A write to a pipe waits as long as its reader likes, and a write to a disk as
long as the disk: both happen on a thread of the sink's own, never on the loop.
A line that still waits when its attempt is over stays queued, and the next
attempt of the same delivery asks what became of it, so a paused reader
(``vedette watch | less``) sees each line once.

A file is opened again when it was rotated away, appended to only, and mended:
half a line, left by a full disk or a power cut, is cut off or ended before the
next one begins. It must not know what an event means.
"""

from __future__ import annotations

import asyncio
import os
import select
import stat
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vedette.crashpoint import Crashpoint, crashpoint
from vedette.errors import SinkError
from vedette.model.delivery import Delivered, Outcome, Parcel, Refused

#: Lines that wait for a slow reader; beyond it the sink refuses, so that memory stays flat.
MAX_WAITING_BYTES = 16 * 1024 * 1024
#: Lines that share one sync of the disk; answers are not kept back longer for a long queue.
MAX_BATCH = 64
#: How long ``stop`` waits for the line that is being written, in seconds.
STOP_GRACE = 2.0
_STDOUT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesSettings:
    """Where the lines go: ``path``, or standard output for None.

    ``fsync`` puts each line on the disk before it counts as delivered. A new
    file is readable by its owner only: it holds people's mail.
    """

    path: Path | None = None
    fsync: bool = False


class _Line:
    """A line on its way, and the future of whoever waits for it."""

    __slots__ = ("data", "done")

    def __init__(self, data: bytes, done: asyncio.Future[Outcome]) -> None:
        self.data = data
        self.done = done


class LinesSink:
    """Writes each parcel as one line. ``closed`` is set when standard output's reader is gone."""

    def __init__(self, settings: LinesSettings) -> None:
        self.closed = asyncio.Event()
        self._file = _File(settings)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lines: dict[int, _Line] = {}
        self._queue: deque[_Line] = deque()
        self._waiting = 0
        self._stopping = False
        self._wake_read = self._wake_write = -1

    async def start(self) -> None:
        """Open the file and start the writer. Raises SinkError when it can not be opened."""
        self._loop = asyncio.get_running_loop()
        self._stopping = False
        try:
            await asyncio.to_thread(self._file.open)
        except OSError as error:
            hint = "; give a path that the service may write"
            raise SinkError(self._file.words(error) + hint) from error
        self._wake_read, self._wake_write = os.pipe()
        # A daemon: a write that never returns (a paused reader) must not keep the program alive.
        self._thread = threading.Thread(target=self._write_all, name="lines", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """End the writer after the line in hand and close the file. Idempotent."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stopping = True
        os.close(self._wake_write)
        await asyncio.to_thread(thread.join, STOP_GRACE)
        for line in self._lines.values():
            line.done.cancel()
        self._lines.clear()

    async def send(self, parcel: Parcel) -> Outcome:
        """Write one line. A cancelled call leaves the line queued; see the module's words."""
        if self._thread is None or self._loop is None:
            return Refused(reason=f"{self._file.name}: the sink is stopped")
        line = self._lines.get(parcel.delivery)
        if line is None:
            if self._waiting + len(parcel.body) > MAX_WAITING_BYTES and self._lines:
                return Refused(reason=f"{self._file.name}: its reader does not keep up")
            line = _Line(_one_line(parcel.body), self._loop.create_future())
            self._lines[parcel.delivery] = line
            self._waiting += len(line.data)
            self._queue.append(line)
            os.write(self._wake_write, b"\0")
        outcome = await asyncio.shield(line.done)
        self._lines.pop(parcel.delivery, None)
        return outcome

    def _write_all(self) -> None:
        """Write what is queued until the wake-up pipe is closed; runs on the thread."""
        poll = select.poll()
        poll.register(self._wake_read, select.POLLIN)
        if self._file.is_stdout:
            # No event is asked for: what remains is POLLERR, the pipe without a reader.
            poll.register(_STDOUT, 0)
        try:
            while not self._stopping:
                for fd, _event in poll.poll():
                    if fd == _STDOUT:
                        poll.unregister(_STDOUT)
                        self._tell(self.closed.set)
                    elif not os.read(fd, 4096):
                        return
                self._write_queued()
        finally:
            os.close(self._wake_read)
            self._file.close()

    def _write_queued(self) -> None:
        lines: list[_Line] = []
        outcomes: list[Outcome] = []
        while self._queue and not self._stopping:
            # One batch is at most what may wait; its end is one sync of the disk.
            line = self._queue.popleft()
            lines.append(line)
            outcomes.append(self._file.write(line.data))
            if not self._queue or len(lines) >= MAX_BATCH:
                failure = self._file.sync()
                crashpoint(Crashpoint.LINE_WRITTEN)
                answers = [failure or outcome for outcome in outcomes]
                self._tell(self._answer, lines, answers)
                lines, outcomes = [], []

    def _answer(self, lines: list[_Line], outcomes: list[Outcome]) -> None:
        """Give each line its outcome; runs on the loop."""
        for line, outcome in zip(lines, outcomes, strict=True):
            self._waiting -= len(line.data)
            if not line.done.done():
                line.done.set_result(outcome)
        if self._file.reader_is_gone:
            self.closed.set()

    def _tell(self, call: Callable[..., object], *words: object) -> None:
        """Call on the loop, if there still is one."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(call, *words)


class _File:
    """The open file, seen from the writer's thread only."""

    def __init__(self, settings: LinesSettings) -> None:
        self._path = settings.path
        self._fsync = settings.fsync
        self._fd = -1
        self._regular = False
        self._torn = False  # half a line stands before the next one
        self._dirty = False
        self.reader_is_gone = False
        self.name = "stdout" if settings.path is None else str(settings.path)

    @property
    def is_stdout(self) -> bool:
        """Whether the lines go to standard output."""
        return self._path is None

    def words(self, error: OSError) -> str:
        """Say in one line what went wrong and where."""
        return f"{self.name}: {error.strerror or type(error).__name__}"

    def open(self) -> None:
        """Open the file, or take standard output. Raises OSError."""
        if self._path is None:
            self._fd = _STDOUT
            self._regular = stat.S_ISREG(os.fstat(_STDOUT).st_mode)
            return
        # Without O_NONBLOCK, opening a FIFO waits for its reader.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOCTTY | os.O_NONBLOCK
        fd = os.open(self._path, flags, 0o600)
        os.set_blocking(fd, True)
        self._fd = fd
        self._regular = stat.S_ISREG(os.fstat(fd).st_mode)
        self._torn = self._regular and self._ends_torn()

    def close(self) -> None:
        """Close the file; standard output is not ours to close."""
        if self._fd > _STDOUT:
            os.close(self._fd)
        self._fd = -1

    def write(self, line: bytes) -> Outcome:
        """Write one line with one call, where the system takes it whole."""
        data = b"\n" + line if self._torn else line
        written = 0
        try:
            if not self._dirty:
                self._follow()
            view = memoryview(data)
            while written < len(data):
                written += self._write_some(view[written:])
                if 0 < written < len(data):
                    crashpoint(Crashpoint.LINE_TORN)
        except BrokenPipeError:
            self.reader_is_gone = self.reader_is_gone or self.is_stdout
            self.close()
            if self.is_stdout:
                self._fd = _STDOUT
            return Refused(reason=f"{self.name}: its reader is gone")
        except OSError as error:
            self._torn = self._torn or bool(written)
            if written:
                self._cut(written)
            return Refused(reason=self.words(error))
        self._torn = False
        # The rest of the batch goes to the same file, so that one sync covers it.
        self._dirty = True
        return Delivered()

    def sync(self) -> Refused | None:
        """Put what was written on the disk, where the settings ask for it.

        After a failed sync the kernel may forget that the pages were dirty: the
        lines count as not delivered and are written again, and the file is opened anew.
        """
        dirty, self._dirty = self._dirty, False
        if not (self._fsync and dirty and self._regular):
            return None
        try:
            os.fdatasync(self._fd)
        except OSError as error:
            self.close()
            return Refused(reason=self.words(error))
        return None

    def _write_some(self, data: memoryview) -> int:
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            # Somebody else made our standard output non-blocking: wait here, not in a loop.
            poll = select.poll()
            poll.register(self._fd, select.POLLOUT)
            poll.poll()
            return 0

    def _follow(self) -> None:
        """Open the path again when it now names another file: it was rotated away."""
        if self._path is None:
            return
        if self._fd >= 0:
            try:
                named = self._path.stat()
            except FileNotFoundError:
                named = None
            if named is not None and os.path.samestat(named, os.fstat(self._fd)):
                return
            self.close()
        self.open()

    def _cut(self, written: int) -> None:
        """Take half a line back, if it is still the end of a regular file."""
        if not self._regular:
            return
        try:
            end = os.lseek(self._fd, 0, os.SEEK_CUR)
            if end == os.fstat(self._fd).st_size:
                os.ftruncate(self._fd, end - written)
                os.lseek(self._fd, end - written, os.SEEK_SET)
                self._torn = False
        except OSError:
            # It stays torn; the next line begins with a line feed.
            return

    def _ends_torn(self) -> bool:
        size = os.fstat(self._fd).st_size
        if not size or self._path is None:
            return False
        try:
            with self._path.open("rb") as file:
                file.seek(size - 1)
                return file.read(1) != b"\n"
        except OSError:
            # It may be written but not read; then nobody can tell, and an empty line is harmless.
            return True


def _one_line(body: bytes) -> bytes:
    """Return the event as one line; outside of strings JSON may be broken anywhere, inside never."""
    if b"\n" in body or b"\r" in body:
        body = body.replace(b"\r", b" ").replace(b"\n", b" ")
    return body + b"\n"
