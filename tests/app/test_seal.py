"""The head of the audit: what of it is told, and what it can be held against."""

from __future__ import annotations

from typing import NoReturn

import pytest
from structlog.testing import capture_logs

from vedette.app.guards.seal import is_head, number_of, sealed, telling
from vedette.errors import StoreError, UsageError
from vedette.ports.audit import AuditEntry
from vedette.secret import Secret

KEY = Secret("k" * 64)
ENTRY = AuditEntry(
    seq=41, at=1.0, actor="a person", what="allow.set", detail="{}", previous=b"", digest=b"d" * 32
)


def test_a_head_is_of_one_entry() -> None:
    """Of no other number, digest or key."""
    head = sealed(41, ENTRY.digest, KEY)

    assert number_of(head) == 41
    assert is_head(head, 41, ENTRY.digest, KEY)
    assert not is_head(head, 42, ENTRY.digest, KEY)
    assert not is_head(head, 41, b"e" * 32, KEY)
    assert not is_head(head, 41, ENTRY.digest, Secret("another"))


def test_a_head_does_not_show_the_digest() -> None:
    """Whoever is told could else try which sender, of all there are, an entry names."""
    assert ENTRY.digest.hex() not in sealed(41, ENTRY.digest, KEY)


@pytest.mark.parametrize(
    "text", ["41", "41:" + 63 * "0", "\u0664\u0661:" + 64 * "0", "41:" + 64 * "G"]
)
def test_what_is_no_head_has_no_number(text: str) -> None:
    """It is refused before anything is looked for."""
    with pytest.raises(UsageError, match="no head of an audit"):
        number_of(text)


def test_each_entry_has_its_head_in_the_log() -> None:
    """With what it is, and neither who nor whom."""
    with capture_logs() as lines:
        telling(lambda: KEY)(ENTRY)

    head = sealed(41, ENTRY.digest, KEY)
    assert lines == [
        {"event": "audit.entry", "log_level": "info", "what": "allow.set", "head": head}
    ]


def test_an_entry_without_a_key_is_told_without_a_head() -> None:
    """It is on disk all the same: who asked for it must not learn that it failed."""

    def broken() -> NoReturn:
        raise StoreError("the key can not be kept")

    with capture_logs() as lines:
        telling(broken)(ENTRY)

    assert [(each["event"], each["entry"]) for each in lines] == [("audit.unsealed", 41)]
