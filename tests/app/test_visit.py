"""A visit to a mailbox leaves nothing behind: on the demo server, through real sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from pathlib import Path

import pytest

from vedette.app.doctor import diagnose
from vedette.app.labelled import labelled
from vedette.app.visit import visit
from vedette.config.settings import AccountSettings, Settings
from vedette.demo.server import DemoServer
from vedette.engine.fetching import WINDOW
from vedette.errors import AuthError
from vedette.model.account import Account, Credentials
from vedette.model.ids import AccountId, TenantId
from vedette.ports.link import Encryption, Target
from vedette.secret import Secret

PASSWORD, PATIENCE = "pass", 30.0
SMALL = b"From: Anna <anna@friends.example>\r\nSubject: Lunch\r\n\r\nAt noon?\r\n"
#: It does not fit into the first window: the rest goes through a file, and a process reads it.
LARGE = SMALL + b"noon noon noon noon\r\n" * (WINDOW // 16)


class Observed(DemoServer):
    """Tells when nobody is connected any more."""

    def __init__(self) -> None:
        super().__init__(now=time.time)
        self.left = asyncio.Event()

    def parted(self, link: object) -> None:
        """Count a client out."""
        super().parted(link)  # type: ignore[arg-type]  # the link is the server's own affair
        self.left.set()


@pytest.fixture
async def server() -> AsyncIterator[Observed]:
    """Run a server with a mailbox of a user's, which holds a large message and a small one."""
    running = Observed()
    running.add("user", Secret(PASSWORD))
    running.deliver("user", LARGE)
    running.deliver("user", SMALL)
    await running.start()
    yield running
    await running.stop()


def account(server: Observed, password: str = PASSWORD) -> AccountSettings:
    return AccountSettings(
        account=Account(
            id=AccountId("user"),
            tenant=TenantId("default"),
            email="user@example.org",
            credentials=Credentials(user="user", password=Secret(password)),
        ),
        target=Target(host=server.host, port=server.port, encryption=Encryption.NONE, private=True),
    )


def held(folder: Path) -> tuple[set[str], set[str], set[str]]:
    """Return the sockets and the children of this process, and the files in a folder."""
    links = [each.readlink() for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    children = set[str]()
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has ended meanwhile has none
            children.update((task / "children").read_text().split())
    return (
        {str(link) for link in links if str(link).startswith("socket:")},
        children,
        {each.name for each in folder.iterdir()},
    )


async def until_left(server: Observed) -> None:
    """Wait until every client of the server has gone."""
    async with asyncio.timeout(PATIENCE):
        while server.connections:
            server.left.clear()
            await server.left.wait()


async def test_a_refused_login_leaves_nothing_open(server: Observed, tmp_path: Path) -> None:
    """No socket, no process, no file."""
    before = held(tmp_path)

    with pytest.raises(AuthError):
        async with visit(account(server, "wrong"), tmp_path):
            raise AssertionError("nobody was let in")

    await until_left(server)
    assert held(tmp_path) == before


async def test_whoever_stops_in_the_middle_leaves_nothing_open(
    server: Observed, tmp_path: Path
) -> None:
    """A large message was read by a process, from a file: neither outlives the generator."""
    before = held(tmp_path)

    async with aclosing(
        labelled(account(server), ["INBOX"], [], last=10, scratch=tmp_path)
    ) as letters:
        message, wanted = await anext(letters)
        assert (message.subject, wanted) == ("Lunch", False)
        _, children, files = held(tmp_path)
        assert len(children - before[1]) == 1
        assert files

    await until_left(server)
    assert held(tmp_path) == before


async def test_a_visitor_who_fails_leaves_nothing_open(server: Observed, tmp_path: Path) -> None:
    """Whatever is raised comes through."""
    before = held(tmp_path)

    async def fail() -> None:
        async with visit(account(server), tmp_path) as visiting:
            await visiting.session.examine(b"INBOX")
            async with aclosing(visiting.letters()) as letters:
                async for _ in letters:
                    raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    await until_left(server)
    assert held(tmp_path) == before


async def test_a_visit_shows_each_message_once_and_marks_none(
    server: Observed, tmp_path: Path
) -> None:
    """The oldest first; none of them is seen afterwards."""
    async with visit(account(server), tmp_path) as visiting:
        await visiting.session.examine(b"INBOX")
        async with aclosing(visiting.letters()) as letters:
            found = [(mail.row.uid, message.subject) async for mail, message in letters]

    assert found == [(1, "Lunch"), (2, "Lunch")]
    assert [mail.flags for mail in server.drops["user"].mailboxes["INBOX"]] == [set(), set()]


async def test_a_doctor_who_is_sent_away_leaves_nothing_open(
    server: Observed, tmp_path: Path
) -> None:
    """In the middle of the findings that need a session."""
    before = held(tmp_path)

    settings = Settings(state=tmp_path, accounts=(account(server),))
    async with aclosing(diagnose(settings)) as findings:
        async for finding in findings:
            if finding.check == "open":
                break

    await until_left(server)
    assert held(tmp_path) == before
