"""An octet that changes on the way: TLS refuses it, and what plaintext can promise is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.lines import is_well, watched
from tests.support.dovecot import Dovecot
from tests.support.toxics import Corrupt, Way
from vedette.errors import NetworkError
from vedette.ports.link import Encryption

pytestmark = pytest.mark.server

LARGE = (b"x" * 75 + b"\r\n") * 1_000

#: Octets of the stream of records behind a push: in a type, a version, a cipher text, a tag.
RECORDS = (0, 1, 5, 20, 100, 1_000, 16_500, 60_000)


async def test_an_octet_that_changed_under_tls_ends_the_link_and_is_never_read(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """The record is refused, whoever sent it; the mail comes a second later, whole."""
    ways = [*[Way.DOWN] * len(RECORDS), Way.UP, Way.UP]
    offsets = [*RECORDS, 5, 20]
    async with watched(dovecot, user, tmp_path, [Encryption.IMPLICIT] * len(ways)) as lines:
        await lines.deliver()
        await lines.until_all_came()
        for line, at, way in zip(lines.lines, offsets, ways, strict=True):
            line.proxy.put(Corrupt(at, times=1, way=way))
        await lines.deliver(body=LARGE)
        await lines.until_failed(1)
        await lines.deliver()
        await lines.until_all_came()
        await lines.until_health(is_well, "recovery")

        errors = [lines.failures(line)[0].error for line in lines.lines]
        assert {type(error) for error in errors} == {NetworkError}, errors
        assert all("damaged" in str(error) for error in errors[: len(RECORDS)])
        bodies = {event["data"]["text"]["plain"] for event in await lines.events()}
        assert len(bodies) == 2
    assert lines.check().events == 3 * len(ways)
