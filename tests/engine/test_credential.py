"""Logging in by tokens that come from elsewhere: when they are asked for, and what a failure is."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.clock import VirtualClock, run
from tests.support.memory_store import MemoryStore
from tests.support.scripted import ScriptedServer, Talk
from tests.support.wire import Wire
from tests.support.world import PlainReader, Setting, Watch
from vedette.engine.assignment import Assignment
from vedette.engine.credential import fingerprint
from vedette.engine.gate import LoginRate
from vedette.engine.supervisor import Supervisor
from vedette.engine.world import World
from vedette.errors import LinkError, NetworkError, RevokedError, ThrottledError, VedetteError
from vedette.model.account import Account, AccountState, Credentials, Health
from vedette.model.ids import AccountId, TenantId
from vedette.outbox.directory import Directory
from vedette.ports.token import Tokens
from vedette.secret import Secret

GOOD = Secret("good")
BAD = Secret("bad")


class TokenTalk(Talk):
    """A connection on which one token logs in."""

    def _serve(self, tag: str, verb: str, rest: str) -> None:
        if verb != "AUTHENTICATE":
            super()._serve(tag, verb, rest)
        elif b"Bearer good\x01" in b64decode(rest.split()[1]):
            self._say(f"{tag} OK [CAPABILITY IMAP4rev1 IDLE] welcome")
        else:
            self._say(f"{tag} NO [AUTHENTICATIONFAILED] invalid token")


class TokenServer(ScriptedServer):
    """A server that takes tokens alone."""

    def __init__(self) -> None:
        super().__init__(capabilities="IMAP4rev1 IDLE SASL-IR AUTH=XOAUTH2")

    def _accept(self, wire: Wire) -> None:
        self.talks.append(TokenTalk(self, wire))


class Service:
    """Gives tokens in their order, the last for ever; an error is raised instead, None hangs."""

    def __init__(self, *answers: Secret[str] | LinkError | None) -> None:
        self._answers = list(answers)
        self.asked: list[Secret[str] | None] = []

    async def token(self, _account: Account, *, refused: Secret[str] | None = None) -> Secret[str]:
        self.asked.append(refused)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if answer is None:
            await asyncio.get_running_loop().create_future()
            raise AssertionError
        if isinstance(answer, LinkError):
            raise answer
        return answer


class Scene:
    """One account by grant at a server that takes the good token."""

    def __init__(self, service: Tokens | None, spool: Path) -> None:
        self.server = TokenServer()
        self.clock = VirtualClock()
        self.failures: list[VedetteError] = []
        setting = Watch(Setting(), self.server.dialer, spool).assignment()
        self.target = setting.target
        self.account = replace(setting.account, credentials=Credentials(user="joe", grant="first"))
        self.store = MemoryStore(self.clock)
        self.supervisor = Supervisor(
            World(
                dialer=self.server.dialer,
                store=self.store,
                reader=PlainReader(),
                clock=self.clock,
                dice=lambda: 0.5,
                endpoints=Directory,
                wake=lambda _endpoints: None,
                spool=str(spool),
                on_failure=lambda _account, error: self.failures.append(error),
                tokens=service,
            ),
            rate=LoginRate(host_at_once=1),
        )

    @property
    def health(self) -> Health:
        return self.supervisor.healths[0]

    async def assign(self, *accounts: Account) -> None:
        found = accounts or (self.account,)
        await self.supervisor.assign(
            [Assignment(account=each, target=self.target) for each in found]
        )


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Callable[[Scene], Awaitable[None]], Tokens | None], None]:
    """Return a way to tell a story in virtual time, that begins after two seconds."""

    def play(story: Callable[[Scene], Awaitable[None]], service: Tokens | None) -> None:
        async def main() -> None:
            scene = Scene(service, tmp_path)
            await scene.store.start()
            await scene.supervisor.start()
            await scene.assign()
            await asyncio.sleep(2)
            await story(scene)
            await scene.supervisor.stop()

        run(main())

    return play


Play = Callable[[Callable[[Scene], Awaitable[None]], Tokens | None], None]


def test_a_refused_token_is_replaced_on_the_same_connection(play: Play) -> None:
    """Whoever gives tokens is told which one was refused; nothing has failed."""
    service = Service(BAD, GOOD)

    async def story(scene: Scene) -> None:
        assert scene.health.state is AccountState.CONNECTED
        assert (service.asked, len(scene.server.talks)) == ([None, BAD], 1)
        assert scene.failures == []

    play(story, service)


def test_tokens_that_are_refused_three_times_over_park(play: Play) -> None:
    """A10: twice for each login, three logins in all; a new token does not begin the waits anew."""
    service = Service(BAD, Secret("worse"), BAD, Secret("worse"), BAD, Secret("worse"))

    async def story(scene: Scene) -> None:
        await asyncio.sleep(3_600)
        assert scene.health.state is AccountState.PAUSED
        assert (len(service.asked), len(scene.server.talks)) == (6, 3)
        first, second, third = scene.server.dialer.dialed_at
        assert third - second > second - first >= 15

    play(story, service)


def test_the_same_token_again_is_not_tried_again(play: Play) -> None:
    """Where no other is to be had, one refusal is enough."""

    async def story(scene: Scene) -> None:
        said = b"".join(b"".join(each.wire.sent) for each in scene.server.talks)
        assert said.count(b"AUTHENTICATE") == len(scene.server.talks)

    play(story, Service(BAD))


def test_a_withdrawn_consent_parks_before_anything_is_dialled(play: Play) -> None:
    """Its words are the account's; another grant begins without a strike."""
    service = Service(RevokedError("connect it again"), GOOD)

    async def story(scene: Scene) -> None:
        assert scene.health.state is AccountState.PAUSED
        assert scene.health.error == "connect it again"
        assert (scene.server.talks, len(service.asked)) == ([], 1)
        again = replace(scene.account, credentials=Credentials(user="joe", grant="second"))
        await scene.assign(again)
        await asyncio.sleep(2)
        assert (scene.health.state, scene.health.strikes) == (AccountState.CONNECTED, 0)

    play(story, service)


def test_a_token_service_that_asks_for_patience_gets_it(play: Play) -> None:
    """Its own time is waited, nothing is dialled, and there is no strike (A9, A18)."""
    service = Service(ThrottledError("later", retry_after=92.0), GOOD)

    async def story(scene: Scene) -> None:
        await asyncio.sleep(85)
        assert (len(service.asked), scene.health.strikes) == (1, 0)
        await asyncio.sleep(60)
        assert scene.health.state is AccountState.CONNECTED

    play(story, service)


def test_a_token_service_that_is_down_is_asked_for_ever(play: Play) -> None:
    """However often it fails, nothing is parked (A9)."""
    service = Service(NetworkError("no such host"))

    async def story(scene: Scene) -> None:
        await asyncio.sleep(24 * 3_600)
        assert (scene.health.state, scene.health.strikes) == (AccountState.DEGRADED, 0)
        # About once in five minutes by then.
        assert 200 < len(service.asked) < 400

    play(story, service)


def test_a_token_service_that_hangs_holds_no_place(play: Play) -> None:
    """Another mailbox of the host, where one login at a time is allowed, goes on; then it is given up."""

    async def story(scene: Scene) -> None:
        own = Credentials(user="jane", token=GOOD)
        other = replace(scene.account, id=AccountId("jane"), credentials=own)
        await scene.assign(scene.account, other)
        await asyncio.sleep(2)
        assert len(scene.server.open_talks) == 1
        await asyncio.sleep(60)
        assert "within 60 s" in str(scene.failures[0])
        assert isinstance(scene.failures[0], NetworkError)

    play(story, Service(None))


def test_without_whoever_gives_tokens_a_grant_is_no_credential(play: Play) -> None:
    """Where the service is not made for grants, the account says so."""

    async def story(scene: Scene) -> None:
        assert "no password or token" in str(scene.failures[0])

    play(story, None)


def test_another_grant_is_another_credential() -> None:
    """A strike is of one consent; an account without a grant is known as it always was."""

    def of(credentials: Credentials) -> str:
        return fingerprint(
            Account(id=AccountId("a"), tenant=TenantId("t"), email="", credentials=credentials)
        )

    own = [
        Credentials(user="joe", grant="1"),
        Credentials(user="joe", grant="2"),
        Credentials(user="joe", password=Secret("1")),
        Credentials(user="joe"),
    ]
    assert len({of(each) for each in own}) == 4
