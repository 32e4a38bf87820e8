"""Guards at work on what a commit is about to write: what follows, and what a defect does not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import pytest

from tests.support.guards import LISTED, PROTECTED, pack, post, unwanted
from tests.support.memory_store import MemoryStore
from tests.support.wire import WireDialer
from tests.support.world import Setting, Watch
from vedette import mime
from vedette.engine.guarding import Mode, Post
from vedette.engine.judgement import Case, Hearing
from vedette.engine.standing import Standing
from vedette.engine.world import World
from vedette.guard.evidence import Evidence
from vedette.guard.pack import Action, ActionKind, Pack
from vedette.imap import Fetch
from vedette.model.action import ActionState
from vedette.model.folder import Folder
from vedette.model.ids import ActionId
from vedette.ports.store import Fence
from vedette.secret import Secret

TRUSTED = ("mx.example.org",)
INBOX = Folder(path=b"INBOX", name="INBOX", delimiter="/", special_use="\\Inbox")


@dataclass(frozen=True)
class Broken:
    """A guard with a defect."""

    pack: Pack

    def head(self, evidence: Evidence) -> NoReturn:
        raise RuntimeError("a defect")

    def full(self, evidence: Evidence) -> NoReturn:
        raise RuntimeError("a defect")


def heard(
    tmp_path: Path,
    *posts: Post,
    raw: bytes | None = None,
    allowed: str | None = None,
    learned: str | None = None,
    depth: mime.Depth = mime.Depth.TEXT,
) -> Hearing:
    """Return a hearing of one message of the listed sender, in INBOX."""
    octets = raw or unwanted("token-0123456789abcdef")
    message = mime.read(octets, trusted_authserv=TRUSTED, size=len(octets), shown=True, depth=depth)
    watch = Watch(Setting(posts=posts), WireDialer(lambda _wire: None), tmp_path)
    world: World = watch.supervisor._world
    account = watch.assignment().account
    if allowed is not None:
        domains = {(account.id, "unwanted"): frozenset({allowed})}
        world.guards.standing = Standing(allowed=domains)
    if learned is not None:
        domains = {(account.id, "unwanted"): frozenset({learned})}
        world.guards.standing = Standing(learned=domains)
    hearing = Hearing(account, world, posts)
    case = Case(
        folder=INBOX,
        uid_validity=7,
        row=Fetch(seq=3, uid=3, size=len(octets), flags=frozenset()),
        message=message,
        keys=(b"key",),
    )
    hearing.judge(case, 1_000.0)
    return hearing


def test_a_guard_that_fails_keeps_the_mail(tmp_path: Path) -> None:
    """Whatever it raises: nothing is to be done, and nobody else is held up."""
    broken = Post(guard=Broken(pack(version="9")), key=Secret("k"), mode=Mode.ACT)
    hearing = heard(tmp_path, broken, post())

    assert [each.verdict for each in hearing.decisions] == ["keep", "quarantine"]
    assert len(hearing.actions) == 1


@pytest.mark.parametrize(
    ("depth", "acts"),
    [(mime.Depth.METADATA, 1), (mime.Depth.TEXT, 0), (mime.Depth.FULL, 0)],
)
def test_what_protects_at_the_end_of_a_long_text_holds_wherever_a_text_is_read(
    tmp_path: Path, depth: mime.Depth, acts: int
) -> None:
    """Behind what the event has of the text; of a header alone nobody knows it."""
    raw = unwanted("token-0123456789abcdef") + b"Nothing to see here.\r\n" * 3_200
    hearing = heard(tmp_path, post(), raw=raw + PROTECTED.encode() + b"\r\n", depth=depth)

    assert len([each for each in hearing.actions if each.kind == ActionKind.MOVE]) == acts


def test_what_is_kept_names_no_subject_and_no_address(tmp_path: Path) -> None:
    """A decision and its action hold an HMAC of the Message-ID, a domain, symbols and scores."""
    hearing = heard(tmp_path, post())
    text = repr((hearing.decisions, hearing.actions))

    assert "token-0123456789abcdef" not in text
    assert "bonus@" not in text
    assert LISTED in text
    assert len(hearing.decisions[0].message) == 32


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.PAUSED])
def test_a_guard_that_may_not_act_only_decides(tmp_path: Path, mode: Mode) -> None:
    """The decision says why nothing follows."""
    hearing = heard(tmp_path, post(mode=mode))

    assert hearing.actions == []
    assert [each.acted for each in hearing.decisions] == [mode.value]


PROVED = b"Authentication-Results: mx.example.org; dmarc=pass header.from=mail.casino.example\r\n"


@pytest.mark.parametrize(("field", "acts"), [(PROVED, 0), (b"", 1)])
def test_what_was_learned_holds_for_mail_that_is_proved(
    tmp_path: Path, field: bytes, acts: int
) -> None:
    """Whoever writes under a name that was learned is judged like anybody."""
    raw = field + unwanted("token-0123456789abcdef")
    hearing = heard(tmp_path, post(), raw=raw, learned=LISTED)

    assert len(hearing.actions) == acts


@pytest.mark.parametrize(("field", "learned"), [(PROVED, f"mail.{LISTED}"), (b"", "")])
async def test_only_who_is_proved_to_have_sent_what_came_back_is_learned(
    tmp_path: Path, field: bytes, learned: str
) -> None:
    """A forged letter that was moved back opens the door for nobody."""
    hearing = heard(tmp_path, post(), raw=field + unwanted("token-0123456789abcdef"))
    told: list[str] = []
    world = hearing._world
    world.guards.on_returned = lambda _entry, domain: told.append(domain)
    journal = MemoryStore(world.clock)
    await journal.start()
    [entry] = hearing.actions
    before = replace(entry, id=ActionId("before"), origin=replace(entry.origin, uid=1))
    await journal.intend(Fence(), [], [before])
    await journal.record(before.id, ActionState.DONE, now=1_001.0)
    hearing._world = replace(world, journal=journal)
    await hearing.closed(1_002.0)

    assert told == [learned]


def test_a_guard_leaves_an_allowed_sender_alone(tmp_path: Path) -> None:
    """It is written down that it would have acted, and nothing is done or told."""
    hearing = heard(tmp_path, post(), allowed=LISTED)

    assert (hearing.actions, hearing.events) == ([], [])
    assert [(each.wanted, each.acted) for each in hearing.decisions] == [("quarantine", "allowed")]


@pytest.mark.parametrize("kind", [ActionKind.TAG, ActionKind.ROUTE])
def test_what_is_done_to_the_event_needs_no_journal(tmp_path: Path, kind: ActionKind) -> None:
    """A tag and a route are no actions in the mailbox."""
    action = Action(name="mark", kind=kind, target="finance")
    hearing = heard(tmp_path, post(pack(actions=(action,), do="mark")))

    assert hearing.actions == []
    assert [each.verdict for each in hearing.decisions] == ["mark"]


@pytest.mark.parametrize(
    ("folder", "judged"),
    [
        (INBOX, True),
        (Folder(path=b"Sent", name="Sent", special_use="\\Sent"), False),
        (Folder(path=b"Quarantine", name="Quarantine"), False),
        (Folder(path=b"INBOX.Quarantine", name="INBOX.Quarantine", delimiter="."), False),
    ],
)
def test_nothing_is_judged_where_it_must_not_be(
    tmp_path: Path,
    folder: Folder,
    judged: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """Neither in a quarantine, whatever the server calls it, nor where the user's own mail is (G6)."""
    watch = Watch(Setting(posts=(post(),)), WireDialer(lambda _wire: None), tmp_path)
    world: World = watch.supervisor._world

    assert bool(world.guards.of(watch.assignment().account, folder)) is judged
