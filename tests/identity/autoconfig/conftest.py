"""The internet of these tests, anew for each, under certificates that are made once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.identity.autoconfig.internet import HERE, Internet
from tests.support.authority import Authority, Certificate
from tests.support.names import NameServer


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder: Path = tmp_path_factory.mktemp("authority")
    return Authority(folder).issue(
        "example.org",
        "autoconfig.example.org",
        "www.example.org",
        "ispdb.example.net",
        "inside.example.org",
        "xn--bcher-kva.example",
    )


@pytest.fixture
async def internet(certificate: Certificate) -> AsyncIterator[Internet]:
    async with NameServer() as names:
        made = Internet(names=names, certificate=certificate)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", made.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate.context()).start()
        made.port = runner.addresses[0][1]
        for host in ("example.org", "autoconfig.example.org", "ispdb.example.net"):
            names.rows[host, "A"] = list(HERE)
        yield made
        await runner.cleanup()
