"""What people ask of a watch: to connect anew, to look anew, to pause; and the state that shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from tests.support import clock
from tests.support.clock import START
from tests.support.scripted import ScriptedServer
from tests.support.world import DAY, Setting, Watch
from vedette.errors import StoreError
from vedette.model.account import AccountState, Cover, Demand, Hold
from vedette.model.ids import AccountId

HOUR: Final = 3_600.0
REFUSAL: Final = "NO [AUTHENTICATIONFAILED] Invalid credentials"
BY_HAND: Final = Hold(reason="it was paused by hand; resume it")

Story = Callable[[Watch, ScriptedServer], Awaitable[None]]
Play = Callable[[Story, Setting], None]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Return a way to tell a story of one account and a server with ten old messages."""

    def play(story: Story, setting: Setting) -> None:
        async def main() -> None:
            server = ScriptedServer()
            for age in range(10, 0, -1):
                server.box.add(1_000 + age, START - age * DAY)
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


def state(watch: Watch) -> AccountState:
    return watch.health.state


def reason(watch: Watch) -> str | None:
    return watch.health.reason


async def ask(watch: Watch, demand: Demand) -> None:
    """Ask for something, as a change of this one account."""
    watch.setting.demand = demand
    await watch.supervisor.change([watch.assignment()], [])


def test_a_resync_tells_exactly_what_was_never_told(play: Play) -> None:
    """Incident 6: from its date on, from below the first watch too, and nothing a second time."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        server.deliver()
        await asyncio.sleep(2)
        assert watch.uids() == [11]

        await ask(watch, Demand(resync=1, since=START - 3.5 * DAY))
        await asyncio.sleep(5)

        assert sorted(watch.uids()) == [8, 9, 10, 11]
        assert told(watch) == ["connected"]
        assert watch.health.resynced == 1

    play(story, Setting())


def test_a_resync_is_made_once_for_each_wish(play: Play) -> None:
    """A restart does not repeat it, another wish from further back finds what is left."""

    async def story(watch: Watch, _server: ScriptedServer) -> None:
        await ask(watch, Demand(resync=1, since=START - 1.5 * DAY))
        await asyncio.sleep(5)
        searches = sum(b"SINCE" in line for line in watch.said())
        await watch.restart()
        await asyncio.sleep(5)
        assert sum(b"SINCE" in line for line in watch.said()) == searches

        await ask(watch, Demand(resync=2, since=START - 2.5 * DAY))
        await asyncio.sleep(5)
        assert sorted(watch.uids()) == [9, 10]

    play(story, Setting())


def test_a_resync_that_a_crash_cut_short_is_made_again(play: Play) -> None:
    """It counts as done when every folder was looked through, and not before."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        server.latency = 1.0
        await ask(watch, Demand(resync=1, since=START - 2.5 * DAY))
        await asyncio.sleep(3)
        assert watch.uids() == []
        server.latency = 0.0
        await watch.restart()
        await asyncio.sleep(5)
        assert sorted(watch.uids()) == [9, 10]

    play(story, Setting())


def test_a_resync_shows_that_it_syncs(play: Play) -> None:
    """Incident 34: from the wish to the end of the look, and never that it is disconnected."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        server.latency = 1.0
        await ask(watch, Demand(resync=1, since=START - 2 * DAY))
        seen = set()
        for _ in range(30):
            seen.add(state(watch))
            await asyncio.sleep(0.5)
        assert seen == {AccountState.SYNCING, AccountState.CONNECTED}
        assert state(watch) is AccountState.CONNECTED

    play(story, Setting())


def test_a_resync_with_links_for_each_folder_looks_through_all(play: Play) -> None:
    """On one link, which its end is known of; the others come back with the next listing."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        server.folders = ["INBOX", "Lists"]
        await asyncio.sleep(310)
        await ask(watch, Demand(resync=1, since=START - 1.5 * DAY))
        await asyncio.sleep(5)
        [talk] = server.open_talks
        assert b"".join(talk.wire.sent).count(b"SINCE") == 2
        assert len(watch.uids()) == 1, "the mails are the same in both"
        await asyncio.sleep(310)
        assert len(server.open_talks) == 2

    play(story, Setting(folders=("*",), cover=Cover.CONNECTIONS))


def test_a_parked_account_tries_again_when_asked_to_reconnect(play: Play) -> None:
    """Incident 37: with the credentials that it had, of which all strikes are forgiven."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        server.refusal = REFUSAL
        server.drop()
        await asyncio.sleep(HOUR)
        assert state(watch) is AccountState.PAUSED
        server.refusal = None

        await ask(watch, Demand(reconnect=1))
        assert state(watch) is AccountState.CONNECTING
        await asyncio.sleep(5)

        assert state(watch) is AccountState.CONNECTED
        assert watch.health.error is None
        assert told(watch) == ["connected", "auth_failed", "paused", "connected"]

    play(story, Setting())


def test_a_change_of_one_account_leaves_all_others_alone(play: Play) -> None:
    """Their connections are worth keeping."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        one, other = watch.assignments(2)
        await watch.supervisor.assign([one, other])
        await asyncio.sleep(5)
        before = dict(watch.supervisor._watchers)
        account = replace(one.account, demand=Demand(reconnect=1))

        await watch.supervisor.change([replace(one, account=account), other], [AccountId("no")])

        after = watch.supervisor._watchers
        assert after[other.account.id] is before[other.account.id]
        assert after[one.account.id] is not before[one.account.id]
        await asyncio.sleep(5)
        assert len(server.open_talks) == 2

    play(story, Setting())


def test_a_paused_account_says_why_and_comes_back_as_it_was(play: Play) -> None:
    """No link, a reason, one event each way; what came meanwhile is told afterwards."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        await ask(watch, Demand(hold=BY_HAND))
        await asyncio.sleep(2)
        assert server.open_talks == []
        assert state(watch) is AccountState.PAUSED
        assert reason(watch) == BY_HAND.reason
        server.deliver()

        await ask(watch, Demand())
        await asyncio.sleep(5)

        assert watch.uids() == [11]
        assert reason(watch) is None
        assert told(watch) == ["connected", "paused", "connected"]
        assert watch.events("account.paused")[0]["data"]["error"] == BY_HAND.reason

    play(story, Setting())


def test_an_account_that_can_not_be_used_says_so_and_tries_nothing(play: Play) -> None:
    """An error in one line, told as trouble of the account, and no login."""

    async def story(watch: Watch, _server: ScriptedServer) -> None:
        logins = watch.logins()
        hold = Hold(reason="its password can not be opened", state=AccountState.ERROR)
        await ask(watch, Demand(hold=hold))
        await asyncio.sleep(HOUR)
        assert state(watch) is AccountState.ERROR
        assert reason(watch) == hold.reason
        assert watch.logins() == logins
        assert told(watch) == ["connected", "degraded"]

    play(story, Setting())


def test_a_pause_that_could_not_be_written_is_told_later(play: Play) -> None:
    """The account is let go of at once; the word follows when the store is back."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        watch.store.fail(StoreError("the disk is away"), 2)
        await ask(watch, Demand(hold=BY_HAND))
        assert (server.open_talks, told(watch)) == ([], ["connected"])
        assert state(watch) is AccountState.PAUSED
        await asyncio.sleep(60)
        assert told(watch) == ["connected", "paused"]

    play(story, Setting())


def test_a_pause_is_no_news_after_a_restart(play: Play) -> None:
    """It was told before; the state survives with its instant."""

    async def story(watch: Watch, _server: ScriptedServer) -> None:
        await ask(watch, Demand(hold=BY_HAND))
        since = watch.health.since
        await watch.restart()
        await asyncio.sleep(60)
        assert (state(watch), watch.health.since) == (AccountState.PAUSED, since)
        assert told(watch) == ["connected", "paused"]

    play(story, Setting())


def test_a_refused_login_keeps_the_words_of_the_server(play: Play) -> None:
    """Incidents 10 and 36: the reply, its code, and the next try; no dropped line writes over it."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        server.refusal = REFUSAL
        server.drop()
        await asyncio.sleep(10)
        refused = watch.health
        assert refused.state is AccountState.AUTH_FAILED
        assert refused.reply == "Invalid credentials"
        assert refused.response_code == "AUTHENTICATIONFAILED"
        assert refused.retry_at is not None
        server.greets = False
        await asyncio.sleep(HOUR)
        assert state(watch) is AccountState.AUTH_FAILED
        assert watch.health.error == refused.error
        assert watch.health.error_at == refused.error_at
        assert watch.health.attempts > refused.attempts

    play(story, Setting())


def test_the_first_heartbeat_comes_with_the_login(play: Play) -> None:
    """Incident 19: whoever looks while a large mailbox syncs sees that it is alive."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        before = watch.health.proof_at
        server.latency = 5.0
        server.drop()
        await asyncio.sleep(8)
        assert watch.health.proof_at != before
        assert b"IDLE" not in b"".join(server.talks[-1].wire.sent)

    play(story, Setting())


def test_mail_that_must_not_be_read_is_not_and_the_link_stays(play: Play) -> None:
    """The consent is missing: connected, with the reason, and not one folder is opened."""

    async def story(watch: Watch, server: ScriptedServer) -> None:
        await ask(watch, Demand(withheld="consent missing: to version 2 of the words"))
        await asyncio.sleep(HOUR)
        [talk] = server.open_talks
        assert b"EXAMINE" not in b"".join(talk.wire.sent)
        assert reason(watch) == "consent missing: to version 2 of the words"
        server.deliver()
        await ask(watch, Demand())
        await asyncio.sleep(5)
        assert (watch.uids(), reason(watch)) == ([11], None)

    play(story, Setting())


def test_who_is_not_read_is_heard_at_once(play: Play) -> None:
    """Its connection stands and is proved: whoever listens hears that, and not the next one alone."""

    async def story(watch: Watch, _server: ScriptedServer) -> None:
        await ask(watch, Demand(withheld="consent missing"))
        await asyncio.sleep(5)
        tap = watch.supervisor.listen(watch.health.account, HOUR)
        assert tap is not None
        await asyncio.sleep(HOUR - 5)
        lines = tap.transcript().lines
        assert {line.connection for line in lines} == {1}
        assert any(line.text.endswith(" NOOP") for line in lines)
        assert not any(" EXAMINE" in line.text for line in lines)

    play(story, Setting())
