"""What becomes of one account: its own story told once, and no way into a tight circle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.support import clock
from tests.support.scripted import ScriptedServer
from tests.support.world import Setting, Watch
from vedette.errors import StoreFullError
from vedette.model.account import AccountState, Cover
from vedette.model.cursor import FolderState
from vedette.model.ids import AccountId
from vedette.ports.reader import ReaderUnavailableError
from vedette.ports.store import Commit, Verdict
from vedette.sync.cadence import Tempo

HOUR = 3_600.0

Story = Callable[[Watch, ScriptedServer], Awaitable[None]]


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Story, Setting], None]:
    """Return a way to tell a story of one account and one server, in virtual time."""

    def play(story: Story, setting: Setting) -> None:
        async def main() -> None:
            server = ScriptedServer()
            watch = Watch(setting, server.dialer, tmp_path)
            await watch.start()
            await asyncio.sleep(2)
            await story(watch, server)
            await watch.stop()

        clock.run(main())

    return play


def told(watch: Watch) -> list[str]:
    """Return the changes of state that were told."""
    return [event["type"].removeprefix("account.") for event in watch.events("account.*")]


Play = Callable[[Story, Setting], None]


def test_a_restart_and_new_credentials_are_no_news(play: Play) -> None:
    """An account that is connected before and after has not changed its state."""

    async def story(watch: Watch, _server: ScriptedServer) -> None:
        await watch.restart()
        await asyncio.sleep(2)
        watch.setting.password = "a new one"
        await watch.assign()
        await asyncio.sleep(2)
        assert watch.health.state is AccountState.CONNECTED
        assert told(watch) == ["connected"]

    play(story, Setting())


def test_a_state_that_lasts_is_told_once(play: Play) -> None:
    """An hour without a server is one account.degraded, its end one account.connected."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        server.greets = False
        server.drop()
        await asyncio.sleep(HOUR)
        assert told(watch) == ["connected", "degraded"]
        server.greets = True
        await asyncio.sleep(400)
        assert told(watch) == ["connected", "degraded", "connected"]

    play(story, Setting())


def test_a_cursor_that_someone_else_moved_is_read_again(play: Play) -> None:
    """The commit is refused, nothing is told twice, and the watch goes on from the new cursor."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        refuse = [True]
        write = watch.store.commit

        async def stale_once(commit: Commit) -> Verdict:
            return Verdict.STALE if refuse and refuse.pop() else await write(commit)

        watch.store.commit = stale_once  # type: ignore[method-assign]
        server.deliver()
        await asyncio.sleep(10)
        assert watch.uids() == [1]
        assert watch.logins() == 2

    play(story, Setting())


def test_a_store_that_never_agrees_makes_no_login_storm(play: Play) -> None:
    """An hour of refused commits is a handful of logins, and the account says what is wrong."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        async def stale(commit: Commit) -> Verdict:
            return Verdict.STALE

        watch.store.commit = stale  # type: ignore[method-assign]
        server.deliver()
        await asyncio.sleep(HOUR)
        assert watch.logins() <= 30
        assert watch.health.state is AccountState.DEGRADED
        assert "cursor" in (watch.health.error or "")

    play(story, Setting())


def test_v14_a_store_that_is_full_for_an_hour_loses_nothing(play: Play) -> None:
    """The cursor stands, the account is degraded, and everything comes when there is room."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        watch.store.fail(StoreFullError("no space left"), 500)
        for _ in range(60):
            server.deliver()
            await asyncio.sleep(60)
        assert told(watch)[:1] == ["connected"]
        watch.store._failures.clear()
        await asyncio.sleep(60)
        assert sorted(watch.uids()) == list(range(1, 61))
        assert watch.health.state is AccountState.CONNECTED

    play(story, Setting())


def test_a_reader_that_is_not_there_holds_the_mail(play: Play) -> None:
    """Without a process to read in, the cursor stands and the message comes later."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        reader = watch.supervisor._world.reader
        read, missing = reader.read, [True, True]

        async def later(*args: object, **options: object) -> object:
            if missing and missing.pop():
                raise ReaderUnavailableError("no worker could be started")
            return await read(*args, **options)  # type: ignore[arg-type]

        reader.read = later  # type: ignore[method-assign, assignment]
        server.deliver()
        await asyncio.sleep(3)
        assert watch.uids() == []
        await asyncio.sleep(30)
        assert watch.uids() == [1]

    play(story, Setting())


SIDES = ("INBOX", "Lists", "Projects")


def test_each_folder_may_have_a_connection_of_its_own(play: Play) -> None:
    """Three folders, three links; a folder that is deleted loses its link, and comes back."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        await asyncio.sleep(5)
        assert len(server.open_talks) == 1
        server.folders = list(SIDES)
        await asyncio.sleep(310)
        assert len(server.open_talks) == 3
        server.folders = ["INBOX", "Lists"]
        await asyncio.sleep(310)
        assert len(server.open_talks) == 2

    play(story, Setting(folders=("*",), cover=Cover.CONNECTIONS))


def listed_often() -> Setting:
    """Return an account with a link for each folder, listed each half second: within a goodbye."""
    tempo = Tempo(safety=0.5)
    return Setting(folders=("*",), cover=Cover.CONNECTIONS, tempo=tempo)


def test_a_folder_that_comes_back_during_the_goodbye_has_one_link(play: Play) -> None:
    """It goes, comes, goes and comes while LOGOUT is unanswered: never two links for it."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        most = 0

        def count(_moment: int) -> None:
            nonlocal most
            most = max(most, len(server.open_talks))

        server.folders, server.says_goodbye = ["INBOX", "Lists"], False
        await asyncio.sleep(1)
        assert len(server.open_talks) == 2
        server.at_point = count
        before = watch.logins()
        for folders in (["INBOX"], ["INBOX", "Lists"]) * 2:
            assert watch.logins() == before
            server.folders = folders
            await asyncio.sleep(0.5)
        await asyncio.sleep(5)
        assert (watch.logins() - before, len(server.open_talks), most) == (1, 2, 2)

    play(story, listed_often())


def test_a_stop_waits_for_the_goodbye_of_a_folder_that_went_away(play: Play) -> None:
    """The folder is gone, its LOGOUT unanswered, and the service stops: no task, no link left."""

    async def story(_watch: Watch, server: ScriptedServer) -> None:
        server.folders, server.says_goodbye = ["INBOX", "Lists"], False
        await asyncio.sleep(1)
        assert len(server.open_talks) == 2
        server.folders = ["INBOX"]
        await asyncio.sleep(0.6)
        assert len(server.open_talks) == 2
        # The other link's goodbye is answered at once: it gives this one no time.
        server.says_goodbye = True

    play(story, listed_often())


def test_folders_that_went_away_are_forgotten(play: Play) -> None:
    """A server that tells of another name at every listing leaves nothing behind but the last."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        for number in range(20):
            server.folders = ["INBOX", f"Lists-{number}"]
            await asyncio.sleep(1)
        assert len(server.open_talks) == 2
        [watcher] = watch.supervisor._watchers.values()
        assert watcher._sides is not None
        kept = (watcher._sides.open, watcher._sides.leaving, watcher._sides.curves)
        # The one that is there, and the one before it.
        assert max(len(each) for each in kept) <= 2

    play(story, listed_often())


def test_v4_a_watcher_that_dies_takes_its_other_links_along(play: Play) -> None:
    """Built anew half a minute later, it has one link for each folder again, and no orphan."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        server.folders = ["INBOX", "Lists"]
        await asyncio.sleep(1)
        assert len(server.open_talks) == 2
        ask = watch.store.folders

        async def defect(account: AccountId) -> list[FolderState]:
            task = asyncio.current_task()
            if task is None or task.get_name() != account:
                return await ask(account)
            watch.store.folders = ask  # type: ignore[method-assign]
            raise RuntimeError("a defect of the account's own task")

        watch.store.folders = defect  # type: ignore[method-assign]
        await asyncio.sleep(10)
        assert len(server.open_talks) == 0
        await asyncio.sleep(30)
        assert len(server.open_talks) == 2

    play(story, listed_often())


def test_a_server_that_learns_notify_is_watched_by_one_link(play: Play) -> None:
    """Upgraded while two links are up: the next login tells of all folders, the other ends."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        server.folders = ["INBOX", "Lists"]
        await asyncio.sleep(1)
        assert len(server.open_talks) == 2
        server.capabilities += " NOTIFY"
        server.talks[0].wire.end()
        await asyncio.sleep(30)
        assert len(server.open_talks) == 1

    play(story, listed_often())


def test_a2_the_connections_of_one_account_share_their_strikes(play: Play) -> None:
    """The password changes while three links are up: three refusals in all, then no more."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        server.folders = list(SIDES)
        await asyncio.sleep(310)
        assert len(server.open_talks) == 3
        before = watch.logins()
        server.refusal = "NO [AUTHENTICATIONFAILED] Authentication failed."
        server.drop()
        await asyncio.sleep(24 * HOUR)
        assert watch.logins() - before <= 3
        assert watch.health.state is AccountState.PAUSED

    play(story, Setting(folders=("*",), cover=Cover.CONNECTIONS))
