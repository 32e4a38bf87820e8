"""A full disk under the state: one clear line, 74, and nothing is lost once there is room."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import polite
from tests.store.disks import NoDiskError, fill, small_disk
from tests.support.books import letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.service import Ended, vedette

pytestmark = pytest.mark.server

#: Room for the state of a small mailbox, in KiB.
SMALL = 2048


def test_a_full_disk_is_named_and_loses_nothing(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """The watch that could not write ends with 74; the next one, with room, has the mail."""

    def watch(state: Path) -> Ended:
        return vedette(
            "watch",
            f"imaps://{user}@localhost:{dovecot.tls_port}",
            "--once",
            "--state",
            str(state),
            "--ca-file",
            str(dovecot.ca_file),
            env={"VEDETTE_PASSWORD": "pass"},
        )

    try:
        with small_disk(tmp_path / "disk", SMALL) as disk:
            assert watch(disk / "state").status == 0
            tokens = [new_token() for _ in range(3)]
            dovecot.deliver_many(user, [letter(token) for token in tokens])
            ballast = fill(disk / "ballast")

            full = watch(disk / "state")
            ballast.unlink()
            after = watch(disk / "state")
    except NoDiskError as reason:
        pytest.skip(str(reason))

    assert full.status == 74
    assert "space" in polite(full) or "full" in polite(full)
    assert [token for token in tokens if token not in full.out + after.out] == []
    assert after.status == 0
