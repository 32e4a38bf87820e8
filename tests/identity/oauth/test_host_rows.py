"""Rows of a host's table that log in by OAuth 2.0: the engine, an authorization server and Dovecot, all real.

The host application has its refresh tokens in a table of its own, sealed in its own way, and the
provider gives another one with each use.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from tests.app.live import Live
from tests.app.settings import service
from tests.identity.oauth.rig import Instance
from tests.sources.given import KEY, cipher, settings
from tests.support.authorization import Authorization
from tests.support.dovecot import Dovecot
from tests.support.office import ADMIN, Desk
from vedette.app.engine import Engine
from vedette.identity.oauth.consent import ConsentBook
from vedette.model.account import Account, AccountState
from vedette.model.ids import AccountId, TenantId
from vedette.ports.registration import Auth, Grant
from vedette.ports.token import Rotated
from vedette.secret import Secret
from vedette.service.oauth.apps import OAuthApps
from vedette.sources.location import read_location

ACME: Final = TenantId("acme")
BOX: Final = AccountId("7")


def sealed(token: Secret[str]) -> str:
    found = cipher().seal(token, nonce=secrets.token_bytes(12))
    assert isinstance(found, str)
    return found


class Table:
    """The table of the application, with one mailbox."""

    def __init__(self, folder: Path, user: str, token: Secret[str] | None) -> None:
        self.path = folder / "app.db"
        with self._open() as connection:
            connection.execute("CREATE TABLE box (id, tenant, email, login, token, access, ends)")
            kept = None if token is None else sealed(token)
            connection.execute(
                "INSERT INTO box VALUES (7, 'acme', ? || '@example.org', ?, ?, NULL, NULL)",
                (user, user, kept),
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=20)
        try:
            yield connection
        finally:
            connection.close()

    def token(self, column: str = "token") -> Secret[str] | None:
        with self._open() as connection:
            ((found,),) = connection.execute(f"SELECT {column} FROM box").fetchall()
        return None if found is None else cipher().open(str(found))

    def write(self, token: Secret[str]) -> None:
        """Have another consent, as the application writes it."""
        with self._open() as connection:
            connection.execute("UPDATE box SET token = ?", (sealed(token),))


class Host:
    """A service that follows the table, started and stopped at will on one state."""

    def __init__(self, folder: Path, table: Table, server: Dovecot, text: str) -> None:
        head = f"""
[sources.app.columns]
user = "login"
refresh_token = "token"
[sources.app.cipher]
key = "{KEY}"
[sources.app.mail]
host = "localhost"
port = {server.tls_port}
private = true
folders = ["INBOX"]
tls.ca_file = "{server.ca_file}"
"""
        source = settings(
            text + head,
            location=read_location(Secret(f"sqlite://{table.path}")),
            query="SELECT * FROM box",
            refresh=1.0,
        )
        self._settings = replace(service(folder), sources=(source,))
        self._folder = folder

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Live]:
        live = Live(self._folder)
        live.engine = engine = Engine(self._settings)
        live.desk = Desk(engine.store.records, engine.store, engine.clock)
        await live.engine.start()
        try:
            yield live
        finally:
            await live.engine.stop()


async def until_state(live: Live, state: AccountState) -> None:
    await live.until(lambda: live.state(BOX) is state, str(state))


async def registered(folder: Path, server: Authorization) -> str:
    """Register the app in a state that no service runs on; return its id."""
    live = Live(folder)
    await live.engine.store.start()
    try:
        await live.desk.tenants.create(ADMIN, {"name": "Acme"}, id_=ACME)
        apps = OAuthApps(live.desk.cabinet, live.desk.tenants)
        app = await apps.create(
            ADMIN,
            {
                "provider": "generic",
                "authorizeUrl": f"{server.issuer}/auth",
                "tokenUrl": f"{server.issuer}/token",
                "issuer": server.issuer,
                "scopes": ["openid", "email", "offline_access"],
                "clientId": "vedette",
                "clientSecret": Secret("the-secret-of-vedette"),
                "private": True,
            },
            tenant=ACME,
        )
    finally:
        await live.engine.store.stop()
    return app.id


async def consented(one: Instance, server: Authorization, user: str) -> tuple[Account, str]:
    """Let the owner consent, as in the application; return the account there and the app."""
    app = await one.app(server)
    account = await one.account(user, app)
    await one.connect(server, account, app)
    return account, app


#: A table whose rows have refresh tokens of an app, and are told of each new one.
WRITTEN = """
[sources.app.columns.auth]
value = "oauth2"
[sources.app.auth]
oauth2 = "oauth2:APP"
[sources.app.write]
refresh_token = '''UPDATE box SET token = :refresh_token, access = :access_token,
ends = :expires_at WHERE id = :id AND token = :before'''
pace = 0.1
"""


async def test_a_row_with_a_refresh_token_is_live_and_gets_each_new_one(
    one: Instance, authorization: Authorization, mail_server: Dovecot, user: str, tmp_path: Path
) -> None:
    """Stored before its use; neither it, nor a new start, is another login; a new consent is."""
    account, app_there = await consented(one, authorization, user)
    first = (await one.consent(account)).pair.refresh
    table = Table(tmp_path, user, first)
    app = await registered(tmp_path, authorization)
    host = Host(tmp_path, table, mail_server, WRITTEN.replace("APP", app))
    async with host.running() as live:
        await until_state(live, AccountState.CONNECTED)
        assert table.token() != first
        access = table.token("access")
        assert access is not None
        assert authorization.is_active(access.reveal())
        watcher = live.watcher(BOX)
        (source,) = live.engine.hosts.sources
        await source.refresh()
        book = ConsentBook(live.engine.store.records, live.desk.vault)
        kept = await book.read(BOX, ACME)
        assert kept is not None
        assert kept.pair.refresh == table.token()
        # The table is read with our own token in it, and nobody logs in anew for it.
        await live.until(lambda: _seed(live) == table.token(), "the row as it was written")
        assert live.watcher(BOX) is watcher

    second = table.token()
    assert second is not None
    calls = authorization.calls()
    async with host.running() as live:
        await until_state(live, AccountState.CONNECTED)
        assert authorization.calls() == calls
        assert table.token() == second

    authorization.revoke(second.reveal())
    async with host.running() as live:
        await until_state(live, AccountState.PAUSED)
        await one.connect(authorization, account, app_there)
        table.write((await one.consent(account)).pair.refresh)
        await until_state(live, AccountState.CONNECTED)


def _seed(live: Live) -> Secret[str] | None:
    return live.engine.registered._gathering.supplies[BOX].secrets.get("refresh_token")


async def test_a_new_refresh_token_is_kept_here_where_the_table_takes_none(
    one: Instance, authorization: Authorization, mail_server: Dovecot, user: str, tmp_path: Path
) -> None:
    """Sealed, in the state: the row's own is of no use any more, and a new start needs it not."""
    account, _ = await consented(one, authorization, user)
    first = (await one.consent(account)).pair.refresh
    table = Table(tmp_path, user, first)
    app = await registered(tmp_path, authorization)
    way = f'[sources.app.columns.auth]\nvalue = "o"\n[sources.app.auth]\no = "oauth2:{app}"\n'
    host = Host(tmp_path, table, mail_server, way)

    authorization.control(life=1)
    async with host.running() as live:
        await until_state(live, AccountState.CONNECTED)
    authorization.control(life=3600)
    for _ in range(2):
        async with host.running() as live:
            await until_state(live, AccountState.CONNECTED)

    assert table.token() == first
    assert first.reveal().encode() not in (tmp_path / "state" / "vedette.db").read_bytes()


@asynccontextmanager
async def token_server(one: Instance, account: Account) -> AsyncIterator[tuple[str, list[Any]]]:
    """Run the application's own token server: it has the consent, and hands out access tokens."""
    asked: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        told = await request.json()
        asked.append((request.headers.get("authorization"), told))
        used = (await one.consent(account)).pair.access if told["refused"] else None
        token = await one.tokens.token(account, refused=used)
        return web.json_response({"access_token": token.reveal(), "expires_in": 3600})

    app = web.Application()
    app.router.add_post("/token", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}/token", asked
    finally:
        await runner.cleanup()


async def test_a_row_whose_application_hands_out_tokens_is_live(
    one: Instance, authorization: Authorization, mail_server: Dovecot, user: str, tmp_path: Path
) -> None:
    """No refresh token leaves the application; one that the server does not take is asked anew."""
    account, app = await consented(one, authorization, user)
    one.follow(account, Grant(auth=Auth.OAUTH2, app=app))
    table = Table(tmp_path, user, None)
    async with token_server(one, account) as (url, asked):
        way = (
            'token_secret = "between-us"\n[sources.app.columns.auth]\nvalue = "ours"\n'
            f'[sources.app.auth]\nours = "token_url:{url}"\n'
        )
        host = Host(tmp_path, table, mail_server, way)
        async with host.running() as live:
            await until_state(live, AccountState.CONNECTED)
            assert asked[0] == (
                "Bearer between-us",
                {
                    "account": "7",
                    "tenant": "acme",
                    "email": f"{user}@example.org",
                    "user": user,
                    "refused": False,
                },
            )
        authorization.revoke((await one.consent(account)).pair.refresh.reveal())
        await one.connect(authorization, account, app)
        async with host.running() as live:
            await until_state(live, AccountState.CONNECTED)


class Handed:
    """Takes what is handed back."""

    def __init__(self) -> None:
        self.tokens: list[Rotated] = []

    async def rotated(self, account: AccountId, tokens: Rotated) -> None:
        assert account
        self.tokens.append(tokens)


async def test_an_instance_that_has_not_looked_since_takes_no_old_token_over(
    one: Instance, two: Instance, authorization: Authorization, user: str
) -> None:
    """Whoever still has an earlier token of the row uses what is kept, and asks for nothing."""
    account, app = await consented(one, authorization, user)
    seed = (await one.consent(account)).pair.refresh
    grant, handed = Grant(auth=Auth.OAUTH2, app=app), Handed()
    one.tokens._refresher._handover = handed
    for instance in (one, two):
        instance.follow(account, grant, refresh_token=seed)
    token = await one.tokens.token(account)
    token = await one.tokens.token(account, refused=token)
    calls = authorization.calls()

    # The row was read between two rotations here, and before the first one there.
    one.follow(account, grant, refresh_token=handed.tokens[0].refresh)
    assert await one.tokens.token(account) == token
    assert await two.tokens.token(account) == token

    assert authorization.calls() == calls
    kept = (await one.consent(account)).pair
    assert handed.tokens[-1] == Rotated(
        refresh=kept.refresh, access=token, expires_at=kept.expires_at
    )
