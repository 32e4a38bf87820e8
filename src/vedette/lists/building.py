"""Makes a mapped list out of what was published, in a process of its own.

A million domains are two seconds of work and a hundred megabytes: neither belongs into the
process that watches mail. The child gets its task as one line of JSON and answers with one.

    python -m vedette.lists.building  <  {"raw": "...", "built": "...", "format": "auto", ...}
"""

from __future__ import annotations

import gzip
import io
import json
import resource
import sys
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, cast

import zstandard

from vedette.guard import hosts
from vedette.guard.listing.formats import AUTO, SAMPLE, Entry, Format, detected, entries
from vedette.guard.listing.gate import CANARIES, refusals, screened
from vedette.guard.pack import Gate
from vedette.lists.mapped import compiled

#: Octets of a list, unpacked: ten times the longest that is published. A bomb ends there.
MAX_OCTETS = 512 * 1024 * 1024

#: Memory of the child, in octets, and its processor time, in seconds.
MEMORY = 2 * 1024**3
SECONDS = 120

#: The window of a zstd stream, in octets: what the format's own tools take by default.
MAX_WINDOW = 128 * 1024 * 1024

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"


class UnreadableError(Exception):
    """The source is not what it should be; the message is for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to build. ``raw`` is a file, or a folder in the form of UT1."""

    raw: str
    built: str
    format: str = AUTO
    before: int | None = None
    never: tuple[str, ...] = ()
    gate: Gate = field(default_factory=Gate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of it; ``refused`` says why there is no file."""

    entries: int = 0
    digest: str = ""
    dropped: dict[str, int] = field(default_factory=dict)
    refused: str = ""


def build(task: Task) -> Report:
    """Read, screen, judge and compile a source. Never raises for what a source holds."""
    try:
        found = list(_entries(Path(task.raw), task.format))
    except (
        UnreadableError,
        OSError,
        EOFError,
        zlib.error,
        tarfile.TarError,
        zstandard.ZstdError,
    ) as error:
        return Report(refused=f"it can not be read: {error}")
    listed = {entry.domain for entry in found if not entry.allow}
    kept = screened(
        listed,
        allowed={entry.domain for entry in found if entry.allow},
        never=task.never,
        is_shared=_shared,
    )
    wrong = refusals(kept.domains, before=task.before, gate=task.gate)
    if wrong:
        return Report(entries=len(kept.domains), dropped=kept.dropped, refused="; ".join(wrong))
    ordered = sorted(kept.domains)
    digest = blake2b(digest_size=16)
    for name in ordered:
        digest.update(name.encode() + b"\n")
    compiled(ordered).save(task.built)
    return Report(entries=len(ordered), digest=digest.hexdigest(), dropped=kept.dropped)


def _shared(name: str) -> str | None:
    """Tell why a domain belongs to many; one that must not be listed at all is judged as that."""
    if name in CANARIES:
        return None
    if hosts.is_public_suffix(name):
        return "a public suffix"
    return "a service of many senders" if hosts.is_shared(name) else None


def _entries(path: Path, form: str) -> Iterator[Entry]:
    if path.is_dir():
        path = path / "domains"
    with path.open("rb") as file, _unpacked(file) as stream:
        lines = _lines(stream)
        head = list(islice(lines, SAMPLE))
        found = detected(head) if form == AUTO else Format(form)
        yield from entries(chain(head, lines), found)


def _unpacked(file: IO[bytes]) -> IO[bytes]:
    """Return the stream behind gzip, zstd and a tar archive, by what it begins with."""
    start = file.read(4)
    file.seek(0)
    stream = file
    if start.startswith(_GZIP):
        stream = cast("IO[bytes]", gzip.GzipFile(fileobj=file))
    elif start == _ZSTD:
        stream = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).stream_reader(file)
    return _listed(io.BufferedReader(cast("io.RawIOBase", stream)))


def _listed(stream: io.BufferedReader) -> IO[bytes]:
    """Return the list itself: the file ``domains`` of an archive, or what is there."""
    block = stream.peek(512)[:512]
    if block[257:262] != b"ustar":
        return stream
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            if member.isfile() and member.name.rsplit("/", 1)[-1] == "domains":
                found = archive.extractfile(member)
                if found is not None:
                    return io.BytesIO(found.read(MAX_OCTETS))
    raise UnreadableError("the archive has no file named domains")


def _lines(stream: IO[bytes]) -> Iterator[str]:
    size = 0
    while line := stream.readline(64 * 1024):
        size += len(line)
        if size > MAX_OCTETS:
            raise UnreadableError(f"it has more than {MAX_OCTETS:,} octets")
        yield line.decode("utf-8", "replace")


def _task(asked: dict[str, Any]) -> Task:
    gate = asked["gate"]
    return Task(
        **{
            **asked,
            "never": tuple(asked["never"]),
            "gate": Gate(**{**gate, "canaries": tuple(gate["canaries"])}),
        }
    )


def main() -> int:
    """Do the task on standard input; write the report to standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    report = build(_task(json.loads(sys.stdin.readline())))
    sys.stdout.write(json.dumps(asdict(report)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
