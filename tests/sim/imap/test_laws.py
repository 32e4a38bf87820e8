"""What holds for every peaceful server, whatever the world does and whatever is asked."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sim.imap.chat import PEACE, House
from tests.sim.imap.conduct import Conduct

_CHANGE = re.compile(r"\* (\d+) (EXISTS|EXPUNGE|FETCH \(UID (\d+))")

#: What may happen, and what may be asked; ``n`` is a UID or a number.
HAPPENS = ("deliver", "expunge", "move out", "move in", "flag", "other session stores")
ASKS = (
    "NOOP",
    "UID FETCH 1:* (UID)",
    "UID FETCH {n}:* (UID FLAGS)",
    "UID SEARCH UID {n}:*",
    "SEARCH ALL",
    "STATUS INBOX (MESSAGES UIDNEXT)",
    "IDLE\r\nDONE",
)
#: No EXPUNGE may come with these (RFC 9051 section 7.5.1).
NUMBERS_STAY = ("FETCH", "SEARCH", "STORE")


class Client:
    """Keeps sequence numbers by what it is told, as RFC 9051 section 7.5.1 asks."""

    def __init__(self) -> None:
        self.uids: list[int | None] = []

    def hear(self, lines: list[str], *, command: str = "") -> None:
        answered = False
        for line in lines:
            # What NOTIFY pushes may stand behind the tagged answer already.
            answered = answered or not line.startswith("*")
            found = _CHANGE.match(line)
            if found is None:
                continue
            number, kind, uid = int(found[1]), found[2], found[3]
            if kind == "EXISTS":
                assert number >= len(self.uids), f"{line} takes messages away"
                self.uids += [None] * (number - len(self.uids))
                continue
            assert 1 <= number <= len(self.uids), f"{line} of {len(self.uids)}"
            if kind == "EXPUNGE":
                stays = command.startswith(NUMBERS_STAY) and not answered
                assert not stays, f"{line} during {command}"
                del self.uids[number - 1]
            else:
                assert self.uids[number - 1] in {None, int(uid)}, f"{line}, not {self.uids}"
                self.uids[number - 1] = int(uid)


def happen(house: House, what: str) -> None:
    server = house.server
    if what == "deliver":
        house.deliver("m")
    elif what == "expunge":
        server.expunge_some("joe", "INBOX")
    elif what == "move out":
        server.move("joe", "INBOX", "Other")
    elif what == "move in":
        server.move("joe", "Other", "INBOX")
    elif what == "flag":
        server.flag_some("joe", "INBOX")
    else:
        other = house.joe(opened=None)
        other.say("a SELECT INBOX\r\nb UID STORE 1:2 +FLAGS (\\Deleted)\r\nc EXPUNGE\r\nd LOGOUT")


steps = st.lists(
    st.sampled_from(HAPPENS) | st.tuples(st.sampled_from(ASKS), st.integers(1, 12)), max_size=40
)


@settings(max_examples=150)
@given(
    steps=steps,
    way=st.sampled_from(("", "IDLE", "NOTIFY SET (selected (MessageNew MessageExpunge))")),
    conduct=st.sampled_from(
        (
            PEACE,
            replace(PEACE, looks_first=True),
            # The world moves in the middle of commands: that is no lie.
            replace(PEACE, slip_in=0.3, slip_out=0.3, flag_noise=0.3),
        )
    ),
    seed=st.integers(0, 999),
)
def test_a_client_that_believes_every_word_is_right_about_every_number(
    steps: list[str | tuple[str, int]], way: str, conduct: Conduct, seed: int
) -> None:
    """By polling, in IDLE and with NOTIFY: each number names the message that the client thinks."""
    house = House(conduct, "Other", seed=seed)
    house.deliver("one", "two", "three")
    terminal, client = house.joe(opened=None), Client()
    client.hear(terminal.say("o EXAMINE INBOX"))
    if way.startswith("NOTIFY"):
        client.hear(terminal.say(f"n {way}"))
    for step in steps:
        if way == "IDLE":
            client.hear(terminal.say("i IDLE"), command="IDLE")
        if isinstance(step, str):
            happen(house, step)
            unasked = terminal.heard()
            assert way or not unasked, "something came although nothing was asked"
            client.hear(unasked)
        if way == "IDLE":
            client.hear(terminal.say("DONE"), command="IDLE")
        if not isinstance(step, str):
            command = step[0].format(n=step[1])
            client.hear(terminal.say(f"a {command}"), command=command)
    house.server.conduct = PEACE
    client.hear(terminal.say("y NOOP"))
    client.hear(terminal.say("z FETCH 1:* (UID)"), command="FETCH")

    assert client.uids == house.server.users["joe"].folders["INBOX"].uids


@settings(max_examples=150)
@given(
    steps=st.lists(st.sampled_from((*HAPPENS, "renumber", "rename")), max_size=40),
    conduct=st.sampled_from((PEACE, Conduct(uid_late=0.5, uid_gap=0.3, uid_lost=0.2))),
)
def test_no_uid_is_ever_given_twice(steps: list[str], conduct: Conduct) -> None:
    """Under one UIDVALIDITY they rise in the order of arrival, below UIDNEXT; it rises too."""
    house = House(conduct, "Other")
    for step in steps:
        if step == "renumber":
            house.server.renumber("joe", "INBOX")
        elif step == "rename":
            house.server.rename_folder("joe", "Other", "Third")
            house.server.rename_folder("joe", "Third", "Other")
        else:
            happen(house, step)
        house.time.passes(100.0)
    last: dict[tuple[str, int], int] = {}
    for each in house.server.history:
        place = (each.folder, each.uid_validity)
        if each.origin.name != "RENAMED":
            assert each.uid > last.get(place, 0)
            last[place] = each.uid
    for folder in house.server.users["joe"].folders.values():
        assert folder.uid_next > last.get((folder.name, folder.uid_validity), 0)
        assert folder.uids == sorted(folder.mails)
