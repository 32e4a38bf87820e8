"""A guard for tests: it moves mail of one sender's domain to a folder of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tests.support.books import Books
from tests.support.dovecot import Dovecot
from tests.support.engine import Watching
from vedette.config.settings import AccountSettings
from vedette.engine.guarding import Mode, Post
from vedette.guard.expression import read_expression
from vedette.guard.judging import Guard
from vedette.guard.pack import (
    WROTE_TO,
    Action,
    ActionKind,
    Cap,
    Field,
    InList,
    Known,
    Limits,
    List,
    Pack,
    Phrases,
    Protection,
    Stage,
    Symbol,
    Tier,
)
from vedette.secret import Secret

#: Whose mail is unwanted.
LISTED = "casino.example"
#: A word in the text for which mail is left where it is, whoever sent it.
PROTECTED = "selfexclusion"
#: The folder to which unwanted mail goes, as the pack names it.
QUARANTINE = "Quarantine"

DAY = 86_400.0

#: The same as a pack's file, with room for whatever a test delivers.
PACK = f"""\
guard: unwanted
lists:
  own: {{entries: [{LISTED}]}}
symbols:
  FROM_LISTED: {{stage: head, where: [from], in_list: own, score: 6}}
actions:
  quarantine: {{move: {QUARANTINE}, seen: true, retain: 30d}}
verdicts:
  - {{do: quarantine, at: 6, need: FROM_LISTED}}
limits: {{max_actions: 100000/h, max_share: 100%, max_symbol_share: 100%}}
"""
#: What a configuration says of it, with the file beside its own.
ACTING = '[guards.unwanted]\npack = "unwanted.yaml"\nmode = "act"\n'


#: What spares those whom the user wrote to.
KNOWN = Protection(
    symbol=Symbol(name="KNOWN", stage=Stage.HEAD, where=(), test=Known(fact=WROTE_TO), score=0.0),
    cap=Cap.FLAG,
)


def pack(
    *,
    actions: tuple[Action, ...] = (),
    do: str = "quarantine",
    limits: Limits | None = None,
    version: str = "1",
    listed: str = LISTED,
    spares_known: bool = False,
) -> Pack:
    """Return a pack: a listed From is moved to quarantine, or what ``do`` names.

    With ``spares_known`` mail of those whom the user wrote to is only flagged.
    """
    own = actions or (
        Action(name="quarantine", kind=ActionKind.MOVE, target=QUARANTINE, seen=True, retain=DAY),
        Action(name="flag", kind=ActionKind.FLAG, target="$Unwanted"),
        Action(name="label", kind=ActionKind.LABEL, target="Unwanted"),
    )
    return Pack(
        name="unwanted",
        version=version,
        lists=(List(name="casinos", entries=(listed,)),),
        symbols=(
            Symbol(
                name="FROM_LISTED",
                stage=Stage.HEAD,
                where=(Field.FROM,),
                test=InList(lists=("casinos",)),
                score=6.0,
            ),
        ),
        protections=(
            Protection(
                symbol=Symbol(
                    name="PROTECTED",
                    stage=Stage.BODY,
                    where=(Field.TEXT,),
                    test=Phrases(phrases=(PROTECTED,)),
                    score=0.0,
                ),
                cap=Cap.FLAG,
            ),
            *([KNOWN] if spares_known else []),
        ),
        tiers=(Tier(do=do, at=5.0, need=read_expression("FROM_LISTED")),),
        actions=own,
        limits=limits or Limits(actions_per_hour=10_000, share=1.0, symbol_share=1.0),
    )


def post(made: Pack | None = None, *, mode: Mode = Mode.ACT) -> Post:
    """Return the guard at its post, acting."""
    whole = made or pack()
    return Post(guard=Guard(whole, {}), key=Secret("a key for tests"), mode=mode)


def unwanted(token: str, *, text: str = "Come in.") -> bytes:
    """Return a message of the listed sender; its subject and Message-ID hold the token."""
    return letter_from(f"bonus@mail.{LISTED}", token, text=text)


def letter_from(sender: str, token: str, *, text: str = "Hello.") -> bytes:
    """Return a message of a sender."""
    return (
        f"From: <{sender}>\r\nTo: <user@example.org>\r\nSubject: {token}\r\n"
        f"Message-ID: <{token}@example.org>\r\nDate: Sat, 14 Nov 2026 10:00:00 +0000\r\n"
        f"\r\n{text}\r\n"
    ).encode()


def guarded(
    *accounts: AccountSettings,
    state: Path,
    posts: Sequence[Post] | None = None,
    books: Books | None = None,
) -> Watching:
    """Return a run of the engine with guards; the one of ``post`` unless others are given."""
    watching = Watching(*accounts, state=state, books=books)
    watching.engine.guards.post([post()] if posts is None else posts)
    return watching


def held(server: Dovecot, user: str) -> dict[str, list[str]]:
    """Return the tokens of the messages that a server holds, by folder."""
    found: dict[str, list[str]] = {}
    for each in server.holdings(user):
        found.setdefault(each.folder, []).append(
            re.findall(r"token-[0-9a-f]{16}", each.message_id)[0]
        )
    return found
