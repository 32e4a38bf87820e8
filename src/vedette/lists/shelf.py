"""Where compiled lists lie: a folder for each list, a file and a note for each of its sources.

The file is replaced whole, the note after it, so a crash leaves the one before or the new one,
never half of either. A note that does not fit its file is no note: the source is built again.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path

from vedette.errors import ConfigError, StoreError
from vedette.lists.mapped import MappedList

#: What of a list's name may stand in a path.
_PLAIN = re.compile(r"[^a-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is known of a source: of the file that is in use, and of the last look at it.

    ``etag`` and ``modified`` are the server's, to ask whether there is something new (RFC 9110
    section 13.1). ``refused`` says why the newest was not used.
    """

    source: str
    digest: str
    entries: int
    dropped: dict[str, int]
    built_at: float
    looked_at: float
    etag: str | None = None
    modified: str | None = None
    refused: str = ""


class Shelf:
    """The compiled sources of one list below a folder of the state."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder / (_PLAIN.sub("-", name.lower()) or "list")

    def note(self, source: str) -> Note | None:
        """Return what is known of a source; None when there is nothing that can be used."""
        path = self._path(source, "json")
        try:
            note = Note(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        return note if self._path(source, "trie").is_file() else None

    def take(self, source: str) -> MappedList | None:
        """Return a source's list as it lies there; None when it can not be used."""
        note = self.note(source)
        if note is None:
            return None
        version = f"{note.digest[:8]}/{note.entries}"
        try:
            return MappedList(self._path(source, "trie"), name=title(source), version=version)
        except ConfigError:
            return None

    def put(self, note: Note, built: Path) -> None:
        """Take a built file in, with its note. Raises StoreError when there is no room."""
        try:
            built.replace(self._path(note.source, "trie"))
            self._write(note)
        except OSError as error:
            raise StoreError(f"a list can not be kept at {self._folder}: {error}") from error

    def looked(self, note: Note, now: float, *, refused: str = "") -> None:
        """Remember that a source was looked at and not replaced. Raises StoreError."""
        try:
            self._write(replace(note, looked_at=now, refused=refused))
        except OSError as error:
            raise StoreError(f"a list can not be kept at {self._folder}: {error}") from error

    def workplace(self, source: str) -> Path:
        """Return the path at which a new file may be built. Raises StoreError."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"a list can not be kept at {self._folder}: {error}") from error
        return self._path(source, "new")

    def _write(self, note: Note) -> None:
        path = self._path(note.source, "json")
        draft = path.with_suffix(".json.new")
        draft.write_text(json.dumps(asdict(note), indent=1))
        draft.replace(path)

    def _path(self, source: str, suffix: str) -> Path:
        digest = blake2b(source.encode(), digest_size=8).hexdigest()
        return self._folder / f"{digest}.{suffix}"


def title(source: str) -> str:
    """Return a source's short name, for an explanation: no path, no query, nothing secret."""
    last = source.split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1]
    return last.split(".", 1)[0] or source.split("/", 3)[2]
