"""How it is read to whom a user wrote: when, how much at once, and what a failure leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.support.clock import run
from tests.support.guards import pack, post
from tests.support.scripted import ScriptedServer, Talk
from tests.support.wire import Wire
from tests.support.world import ACCOUNT, DAY, Setting, Watch
from vedette import mime
from vedette.engine.correspondents import STRIKES
from vedette.engine.guarding import Mode, Post
from vedette.engine.letterbook import LAST, OCTETS, TURN
from vedette.errors import NetworkError
from vedette.guard.pack import HOUR
from vedette.model.account import AccountState

SPARING = post(pack(spares_known=True))
#: It does not mind whom the user wrote to.
CARELESS = post()
#: Virtual seconds in which a login and a first sync are over.
SOON = 5.0


class Outbox(ScriptedServer):
    """INBOX as ever, and a folder Sent with a letter to each of ``sent``, UIDs from 1."""

    def __init__(self, sent: list[str]) -> None:
        super().__init__()
        self.folders = ["INBOX", "Sent"]
        self.sent = sent
        self.validity = 3
        #: What the opening of Sent is answered with: OK, NO, or nothing any more.
        self.opens = "OK"
        #: What LIST says of it.
        self.attributes = ""
        #: Called when a part of it is asked for.
        self.on_part: Callable[[], None] = lambda: None

    def _accept(self, wire: Wire) -> None:
        self.talks.append(OutboxTalk(self, wire))


class OutboxTalk(Talk):
    """One connection to it."""

    def __init__(self, outbox: Outbox, wire: Wire) -> None:
        self._outbox = outbox
        self._is_outbox = False
        super().__init__(outbox, wire)
        self._served["LIST"] = lambda _rest: self._say(
            *[
                f'* LIST ({outbox.attributes if name == "Sent" else ""}) "/" {name}'
                for name in outbox.folders
            ]
        )

    def _serve(self, tag: str, verb: str, rest: str) -> None:
        if verb == "EXAMINE":
            self._is_outbox = "Sent" in rest
            if self._is_outbox and self._outbox.opens == "NO":
                self._say(f"{tag} NO not now")
                return
            if self._is_outbox and self._outbox.opens != "OK":
                self.wire.end(NetworkError("connection reset by peer"))
                return
        super()._serve(tag, verb, rest)

    def _examine(self, _rest: str) -> None:
        if not self._is_outbox:
            super()._examine(_rest)
            return
        self._selected = False
        count = len(self._outbox.sent)
        self._say(f"* {count} EXISTS", f"* OK [UIDVALIDITY {self._outbox.validity}] valid")

    def _search(self, rest: str) -> None:
        if not self._is_outbox:
            super()._search(rest)
            return
        uids = range(int(rest.partition(":")[0]), len(self._outbox.sent) + 1)
        self._say(f"* SEARCH {' '.join(map(str, uids))}".rstrip())

    def _fetch(self, rest: str) -> None:
        if not self._is_outbox:
            super()._fetch(rest)
            return
        self._outbox.on_part()
        first, _, last = rest.split(" ", maxsplit=1)[0].partition(":")
        for uid in range(int(first), int(last or first) + 1):
            fields = f"From: joe@example.org\r\nTo: {self._outbox.sent[uid - 1]}\r\n\r\n"
            data = fields.encode()[:OCTETS]
            section = b"BODY[HEADER.FIELDS (FROM TO CC BCC)]<0>"
            self._say(b"* %d FETCH (UID %d %b {%d}\r\n%b)" % (uid, uid, section, len(data), data))


def people(count: int) -> list[str]:
    """Return addresses."""
    return [f"a{number}@friends.example" for number in range(1, count + 1)]


def played(
    tmp_path: Path,
    outbox: Outbox,
    story: Callable[[Watch], Awaitable[None]],
    guard: Post = SPARING,
) -> Watch:
    """Let an account be watched while a story is told."""

    async def main() -> Watch:
        setting = Setting(posts=(guard,))
        watch = Watch(setting, outbox.dialer, tmp_path)
        await watch.start()
        try:
            await asyncio.sleep(SOON)
            await story(watch)
        finally:
            await watch.stop()
        return watch

    return run(main())


def knows(watch: Watch, sender: str) -> bool:
    """Tell whether a sender is known."""
    message = mime.read_header(f"From: {sender}\r\n\r\n".encode())
    return watch.supervisor._world.correspondents.knows(ACCOUNT, message)


def steps(watch: Watch) -> list[str]:
    """Return which folders were opened and what of Sent was asked for, in order."""
    found = []
    for line in watch.said():
        words = line.decode().split(" ")
        if words[1:2] == ["EXAMINE"]:
            found.append(words[2].strip('"'))
        elif b"BCC" in line:
            found.append(words[3])
    return found


def test_all_is_read_before_anything_is_judged(tmp_path: Path) -> None:
    """In parts, and INBOX is opened after the last; the newest come first."""

    async def story(watch: Watch) -> None:
        assert knows(watch, "a1@friends.example")
        assert not knows(watch, "b1@friends.example")

    watch = played(tmp_path, Outbox(people(TURN + 2)), story)

    assert steps(watch) == ["Sent", f"3:{TURN + 2}", "Sent", "1:2", "INBOX"]


def test_no_more_than_the_last_letters_are_read(tmp_path: Path) -> None:
    """Whom nobody wrote to for thousands of letters is not looked for."""

    async def story(watch: Watch) -> None:
        assert not knows(watch, "a1@friends.example")
        assert knows(watch, "a2@friends.example")

    watch = played(tmp_path, Outbox(people(LAST + 1)), story)

    assert any(line.endswith(b" UID SEARCH 2:*") for line in watch.said())


def test_nothing_is_read_where_no_guard_asks(tmp_path: Path) -> None:
    """A guard stands there, and its pack does not mind whom the user wrote to."""

    async def story(_watch: Watch) -> None:
        await asyncio.sleep(DAY + HOUR)

    watch = played(tmp_path, Outbox(people(1)), story, CARELESS)

    assert "Sent" not in steps(watch)


def test_a_server_without_such_a_folder_gives_no_facts(tmp_path: Path) -> None:
    """It is listed and left at that until the next day."""
    outbox = Outbox(people(1))
    outbox.folders = ["INBOX", "Archive"]

    async def story(watch: Watch) -> None:
        assert not knows(watch, "a1@friends.example")
        assert watch.health.state is AccountState.CONNECTED

    assert steps(played(tmp_path, outbox, story)) == ["INBOX"]


def test_a_folder_that_holds_no_mail_is_not_opened(tmp_path: Path) -> None:
    r"""It has the use \Sent, and only folders in it."""
    outbox = Outbox(people(1))
    outbox.attributes = "\\Sent \\Noselect"

    async def story(_watch: Watch) -> None:
        await asyncio.sleep(HOUR)

    assert "Sent" not in steps(played(tmp_path, outbox, story))


def test_a_day_later_fresh_letters_count_and_mail_comes_between(tmp_path: Path) -> None:
    """INBOX is open again after each part, and what came is told before the next."""
    outbox = Outbox(people(TURN + 1))
    told: list[list[int]] = []

    async def story(watch: Watch) -> None:
        outbox.sent.append("fresh@friends.example")
        before = len(steps(watch))

        def part() -> None:
            told.append(watch.uids())
            outbox.deliver()

        outbox.on_part = part
        await asyncio.sleep(DAY + HOUR)
        assert knows(watch, "fresh@friends.example")
        assert told == [[], [1]]
        assert watch.uids() == [1, 2]
        after = steps(watch)[before:]
        at = after.index("Sent")
        assert after[at : at + 6] == ["Sent", f"3:{TURN + 2}", "INBOX", "Sent", "1:2", "INBOX"]

    played(tmp_path, outbox, story)


def test_a_folder_that_can_not_be_opened_holds_up_nobody(tmp_path: Path) -> None:
    """The account is watched, nobody is known, and it is not asked again and again."""
    outbox = Outbox(people(1))
    outbox.opens = "NO"

    async def story(watch: Watch) -> None:
        assert watch.health.state is AccountState.CONNECTED
        assert not knows(watch, "a1@friends.example")
        await asyncio.sleep(HOUR)
        assert steps(watch).count("Sent") == 1

    played(tmp_path, outbox, story)


def test_what_was_known_holds_when_the_next_look_fails(tmp_path: Path) -> None:
    """A refusal says nothing about whom the user wrote to."""
    outbox = Outbox(people(1))

    async def story(watch: Watch) -> None:
        outbox.opens = "NO"
        await asyncio.sleep(DAY + HOUR)
        assert steps(watch).count("Sent") == 2
        assert knows(watch, "a1@friends.example")

    played(tmp_path, outbox, story)


def test_a_folder_that_ends_every_link_is_left_in_peace(tmp_path: Path) -> None:
    """After some tries the account is watched without it; an hour later it is tried again."""
    outbox = Outbox(people(1))
    outbox.opens = "never"

    async def story(watch: Watch) -> None:
        await asyncio.sleep(HOUR / 2)
        assert steps(watch).count("Sent") == STRIKES
        assert watch.health.state is AccountState.CONNECTED
        outbox.opens = "OK"
        await asyncio.sleep(HOUR)
        assert knows(watch, "a1@friends.example")

    played(tmp_path, outbox, story)


def test_uids_that_begin_anew_between_two_parts_are_not_mixed(tmp_path: Path) -> None:
    """What is left is for the next look: its UIDs mean other messages by now."""
    outbox = Outbox(people(TURN + 1))

    def reset(_index: int) -> None:
        if outbox.points[-1] == "after UID FETCH":
            outbox.validity = 4

    outbox.at_point = reset

    async def story(watch: Watch) -> None:
        assert knows(watch, "a2@friends.example")
        assert not knows(watch, "a1@friends.example")

    watch = played(tmp_path, outbox, story)
    assert steps(watch)[:4] == ["Sent", f"2:{TURN + 1}", "Sent", "INBOX"]


def test_an_address_that_was_cut_is_nobody(tmp_path: Path) -> None:
    """Of a letter to thousands so many octets are read; the last address there is not whole."""
    many = [f"a{number:03}@friends.example" for number in range(1_000)]
    cut = ""
    # As much in front of them as lets the end be in the middle of a host.
    for pad in range(len(many[0])):
        many[0] = "a" * pad + "@friends.example"
        cut = f"From: joe@example.org\r\nTo: {','.join(many)}"[:OCTETS].rpartition(",")[2]
        if cut.endswith("@friends.ex"):
            break
    assert cut.endswith("@friends.ex")

    async def story(watch: Watch) -> None:
        assert knows(watch, many[0])
        assert not knows(watch, cut)

    played(tmp_path, Outbox([",".join(many)]), story)


def test_a_guard_that_is_posted_later_knows_before_it_judges(tmp_path: Path) -> None:
    """The folder is read when it comes, and forgotten when it goes; when it is back, read again."""

    async def story(watch: Watch) -> None:
        guards = watch.supervisor._world.guards
        for _ in range(2):
            assert not knows(watch, "a1@friends.example")
            guards.post([SPARING])
            watch.supervisor.attend()
            await asyncio.sleep(1)
            assert knows(watch, "a1@friends.example")
            guards.post([CARELESS])
            watch.supervisor.attend()
            await asyncio.sleep(1)

    played(tmp_path, Outbox(people(1)), story, CARELESS)


def test_mail_that_wakes_a_fresh_guard_is_judged_with_that_knowledge(tmp_path: Path) -> None:
    """Nobody told the watch of the guard: the message is the first that it hears of."""
    outbox = Outbox(["ann@example.org"])

    async def story(watch: Watch) -> None:
        guard = post(pack(listed="example.org", spares_known=True), mode=Mode.SHADOW)
        watch.supervisor._world.guards.post([guard])
        outbox.deliver()
        await asyncio.sleep(1)
        [decided] = watch.events("guard.decided")
        assert "KNOWN" in decided["data"]["explanation"]

    played(tmp_path, outbox, story, CARELESS)


@pytest.mark.parametrize("asked", [True, False])
def test_a_person_can_have_it_read_again(
    tmp_path: Path,
    asked: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """With the sweep, and not with each look into the journal."""
    outbox = Outbox(people(1))

    async def story(watch: Watch) -> None:
        outbox.sent.append("fresh@friends.example")
        watch.supervisor.attend(sweep=asked)
        await asyncio.sleep(1)
        assert knows(watch, "fresh@friends.example") is asked

    played(tmp_path, outbox, story)


def test_an_account_that_is_let_go_of_leaves_nothing(tmp_path: Path) -> None:
    """Whom its user wrote to is not remembered."""

    async def story(watch: Watch) -> None:
        await watch.supervisor.assign([])
        assert not watch.supervisor._world.correspondents.is_read(ACCOUNT)

    played(tmp_path, Outbox(people(1)), story)
