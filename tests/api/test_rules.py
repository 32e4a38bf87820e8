"""The settings of an API that is served: another pace, other proxies, pages and URLs, a new certificate."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.support.api import PUBLIC, Face, request
from tests.support.authority import Authority
from vedette.api.caller import WRONG_BURST
from vedette.api.server import ApiServer
from vedette.config.api import ApiSettings, Certificate
from vedette.service.refusals import InvalidError


async def test_another_pace_holds_from_the_next_request_on(face: Face) -> None:
    """What a key asked before counts on: a reload is no way to ask more."""
    rules = face.services.rules.settings
    face.services.go_over(replace(rules, rate=0.1, burst=2))

    slow = [(await face.ask("GET", "/v1/tenants")).status for _ in range(4)]
    face.services.go_over(replace(rules, rate=0.1, burst=3))
    still = (await face.ask("GET", "/v1/tenants")).status
    face.services.go_over(rules)
    fast = [(await face.ask("GET", "/v1/tenants")).status for _ in range(4)]

    assert slow == [200, 200, 429, 429]
    assert still == 429
    assert fast[-3:] == [200, 200, 200]


async def test_a_proxy_is_believed_as_soon_as_the_file_trusts_it(face: Face) -> None:
    """Whoever tried wrong keys behind it is told apart from the others then."""
    wrong = {"authorization": "Bearer vdt_" + "x" * 43, "x-forwarded-for": "198.51.100.7"}
    for _ in range(WRONG_BURST):
        await request(face.app, "GET", "/v1/tenants", None, wrong)
    before = await request(face.app, "GET", "/v1/tenants", None, wrong)

    network = ip_network("192.0.2.0/24")
    face.services.go_over(replace(face.services.rules.settings, trusted_proxies=(network,)))
    after = await request(face.app, "GET", "/v1/tenants", None, wrong)

    assert (before.status, after.status) == (429, 401)


async def test_browsers_find_the_service_where_the_file_says_by_now(face: Face) -> None:
    """Links and the redirect URI of OAuth 2.0 are made of it; the pages to go back to as well."""
    where, rules = face.services.hall.whereabouts, face.services.rules.settings
    assert await where.url() == PUBLIC

    moved = "https://post.example.org"
    face.services.go_over(replace(rules, public_url=moved, return_to=("https://app.example.org",)))

    assert await where.url() == moved
    assert where.checked("https://app.example.org/done") == "https://app.example.org/done"
    face.services.go_over(rules)
    with pytest.raises(InvalidError, match="returnTo"):
        where.checked("https://app.example.org/done")


async def shown(port: int | None) -> bytes:
    """Return the certificate that a client is shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with asyncio.timeout(20):
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    found: ssl.SSLObject = writer.get_extra_info("ssl_object")
    certificate = found.getpeercert(binary_form=True)
    writer.close()
    assert certificate is not None
    return certificate


async def test_a_certificate_that_was_renewed_is_shown_without_a_new_start(
    face: Face, tmp_path: Path, authority: Authority
) -> None:
    """To whoever connects from then on; one that can not be used is told of, and not shown."""
    (tmp_path / "new").mkdir()
    issued = authority.issue(folder=tmp_path)
    mine = Certificate(chain=issued.path, key=issued.path)
    server = ApiServer(face.app, ApiSettings(port=0, certificate=mine), tmp_path)
    await server.start()
    try:
        before = await shown(server.port)
        issued.path.write_bytes(authority.issue(folder=tmp_path / "new").path.read_bytes())
        server.renew(mine)
        after = await shown(server.port)
        issued.path.write_text("no certificate")
        with capture_logs() as logs:
            server.renew(mine)
        last = await shown(server.port)
    finally:
        await server.stop()

    assert before != after == last
    assert [each["event"] for each in logs] == ["api.certificate_kept"]


def test_what_is_served_and_where_takes_a_new_start() -> None:
    """By the keys of the file; all else is gone over to."""
    now = ApiSettings()

    assert now.fixed(replace(now, rate=1.0, burst=1, public_url=PUBLIC, ispdb=False)) == []
    assert now.fixed(replace(now, enabled=False, port=1, docs=False)) == [
        "enabled",
        "listen",
        "docs",
    ]
