"""Has the guards of a folder judge messages, and turns verdicts into what a commit writes.

A guard that fails keeps the mail, and holds up nobody: whatever it raises, the event goes
out. It must not know a session: nothing is done here, only decided.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from vedette import mime
from vedette.engine.correspondents import Correspondents
from vedette.engine.guarding import Mode, Post
from vedette.engine.standing import Standing
from vedette.engine.world import World
from vedette.guard import proof
from vedette.guard.evidence import Evidence
from vedette.guard.pack import WROTE_TO, Action, ActionKind, Stage
from vedette.guard.verdict import Verdict
from vedette.imap import Fetch
from vedette.model.account import Account
from vedette.model.action import Decision, JournalEntry, Place
from vedette.model.event import Event
from vedette.model.folder import Folder
from vedette.model.ids import AccountId, ActionId, EndpointId, action_id
from vedette.model.returning import Fate, fate
from vedette.outbox.action import decided, tripped, undone
from vedette.ports.scorer import Letter
from vedette.sync.deed import Clue, clue

_log = structlog.stdlib.get_logger(__name__)

#: What is done in the mailbox; the rest is done to the event.
IN_MAILBOX = frozenset({ActionKind.MOVE, ActionKind.FLAG, ActionKind.LABEL, ActionKind.MARK_READ})

#: What a tripped guard may still do (``Action.weight``): a mark.
MARK = 1


@dataclass(slots=True, kw_only=True)
class Ruling:
    """What the guards add to the event of one message."""

    tags: list[str] = field(default_factory=list)
    routes: list[EndpointId] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Case:
    """One message before the guards.

    ``keys`` are its identity (see ``sync.identity``), ``opinions`` the scorers'.
    """

    folder: Folder
    uid_validity: int
    row: Fetch
    message: mime.Message
    keys: tuple[bytes, ...]
    whole: bool = True
    opinions: Mapping[str, float] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(folder=self.folder.path, uid_validity=self.uid_validity, uid=self.row.uid or 0)

    @property
    def clue(self) -> Clue:
        """What the server can search it by."""
        row = self.row
        return clue(
            email_id=row.email_id,
            gmail_id=row.gm_message_id,
            message_id=self.message.message_id,
            size=row.size,
        )

    def evidence(self, facts: Sequence[str]) -> Evidence:
        """Return what is judged; ``facts`` are known from elsewhere (``facts_of``)."""
        row = self.row
        return Evidence(
            message=self.message,
            size=row.size or 0,
            flags=row.flags or (),
            labels=tuple(label.decode("utf-8", "replace") for label in row.gm_labels or ()),
            facts=tuple(facts),
            whole=self.whole,
            opinions=self.opinions,
        )


def facts_of(
    message: mime.Message, account: AccountId, posts: Sequence[Post], known: Correspondents
) -> tuple[str, ...]:
    """Return what is known of a message from elsewhere, as far as one of the posts asks for it."""
    if not any(WROTE_TO in post.facts for post in posts):
        return ()
    return (WROTE_TO,) if known.knows(account, message) else ()


def is_left_alone(
    guard: str, account: AccountId, message: mime.Message, standing: Standing
) -> bool:
    """Tell whether a guard leaves a message alone for its sender.

    What a person named holds for what From says; what was learned holds where that is proved.
    """
    if standing.allows(guard, account, _domain(message)):
        return True
    if (account, guard) not in standing.learned:
        return False
    return standing.has_learned(guard, account, proof.sender(message) or "")


class Hearing:
    """The guards of one folder over the messages of one commit."""

    __slots__ = (
        "_account",
        "_posts",
        "_proved",
        "_told",
        "_world",
        "actions",
        "clues",
        "decisions",
        "events",
    )

    def __init__(self, account: Account, world: World, posts: Sequence[Post]) -> None:
        self._account = account
        self._world = world
        self._posts = posts
        self.decisions: list[Decision] = []
        self.actions: list[JournalEntry] = []
        self.events: list[Event] = []
        self._told: list[Decision] = []  # those of which an event tells
        self._proved: dict[Place, str] = {}  # whom messages that are acted on are proved to be from
        self.clues: dict[ActionId, Clue] = {}

    async def opinions(self, letters: Sequence[Letter]) -> list[Mapping[str, float]]:
        """Return what scorers think of messages, as far as the guards here ask for them."""
        packs = [post.guard.pack for post in self._posts]
        return await self._world.panel.opinions(packs, letters)

    def heard(self, event: Event, case: Case, now: float) -> tuple[Event, Sequence[EndpointId]]:
        """Judge the message of an event; return it with its tags, and who gets it besides."""
        ruling = self.judge(case, now)
        if ruling.tags:
            event = replace(event, data={**event.data, "tags": ruling.tags})
        return event, ruling.routes

    async def closed(self, now: float) -> list[Event]:
        """Return the events of all that was judged; what came back is among them.

        A message that a guard had moved, and that is here again, was moved back by the user.
        The commit writes no new action for it; whoever wants to know is told here.
        """
        left: dict[tuple[str, Place], str] = {}
        known = set[ActionId]()
        journal = self._world.journal
        for entry in self.actions:
            if journal is None:
                break
            earlier = await journal.acted_on(self._account.id, entry.identity)
            becomes, returned = fate(entry, earlier)
            if becomes is not Fate.WRITTEN:
                left[entry.guard, entry.origin] = becomes.value
            if returned is not None and returned.id not in known:
                known.add(returned.id)
                self.events.append(undone(self._account, returned, "user", entry.origin, now))
                self._world.guards.on_returned(returned, self._proved.get(entry.origin, ""))
        for each in self._told:
            acted = left.get((each.guard, each.origin), each.acted)
            self.events.append(decided(self._account, replace(each, acted=acted)))
        return self.events

    def judge(self, case: Case, now: float, *, stage: Stage = Stage.BODY) -> Ruling:
        """Let every guard judge one message; what follows is gathered here."""
        known = self._world.correspondents
        facts = facts_of(case.message, self._account.id, self._posts, known)
        evidence = case.evidence(facts)
        ruling = Ruling()
        for post in self._posts:
            verdict = _judged(post, evidence, stage)
            if verdict.failed:
                _log.error(
                    "guard.failed",
                    account=self._account.id,
                    guard=verdict.guard,
                    error=verdict.failed,
                )
            if stage is Stage.HEAD and not verdict.actions:
                # The rest of the message is still to be read: nothing is decided yet.
                continue
            self._follow(post, verdict, case, ruling, now)
        return ruling

    def _follow(self, post: Post, verdict: Verdict, case: Case, ruling: Ruling, now: float) -> None:
        standing = self._world.guards.standing
        if is_left_alone(post.name, self._account.id, case.message, standing):
            # It is written down that it would have done something, and nothing else.
            if verdict.stage is Stage.BODY:
                acted = "allowed" if verdict.wanted else ""
                self.decisions.append(self._decision(post, verdict, case, acted, now))
            return
        for action in verdict.actions:
            if action.kind is ActionKind.TAG and action.target not in ruling.tags:
                ruling.tags.append(action.target)
            elif action.kind is ActionKind.ROUTE:
                ruling.routes.append(EndpointId(action.target))
        wanted = [each for each in verdict.actions if each.kind in IN_MAILBOX]
        acted = self._permission(post, verdict, wanted, now)
        allowed = _allowed(post, wanted, acted)
        entries = [self._entry(post, verdict, action, case, now) for action in allowed]
        self.actions.extend(entries)
        if entries:
            self._proved[case.place] = proof.sender(case.message) or ""
        for entry in entries:
            if case.clue.identifies:
                self.clues[entry.id] = case.clue
        decision = self._decision(post, verdict, case, acted if wanted else "", now)
        self.decisions.append(decision)
        if verdict.actions or verdict.wanted:
            self._told.append(decision)

    def _permission(
        self, post: Post, verdict: Verdict, wanted: Sequence[Action], now: float
    ) -> str:
        """Say what may be done: ``acted``, or why it is not."""
        account, pack = self._account, post.guard.pack
        removes = any(each.weight > MARK for each in wanted)
        reason = post.breaker.judged(
            account.id, symbols=verdict.decisive, acts=removes, limits=pack.limits, now=now
        )
        if post.mode is not Mode.ACT:
            return post.mode.value
        if reason:
            _log.error("guard.tripped", account=account.id, guard=post.name, reason=reason)
            self.events.append(tripped(account, pack.name, pack.version, reason, now))
        if removes and post.breaker.reason(account.id):
            return "breaker"
        return "acted" if verdict.actions == verdict.wanted or not verdict.wanted else "capped"

    def _entry(
        self, post: Post, verdict: Verdict, action: Action, case: Case, now: float
    ) -> JournalEntry:
        account, place = self._account, case.place
        is_read = "\\Seen" in (case.row.flags or ())
        return JournalEntry(
            id=action_id(
                account.id, place.folder, place.uid_validity, place.uid or 0, post.name, action.name
            ),
            tenant=account.tenant,
            account=account.id,
            guard=post.name,
            version=verdict.version,
            action=action.name,
            kind=action.kind.value,
            target=action.target,
            # What was read before stays so when it is taken back.
            seen=action.seen and not is_read,
            listed=verdict.is_listed,
            message=_named(post, case.message),
            identity=case.keys,
            origin=place,
            at=now,
            changed=now,
            expires=None if action.retain is None else now + action.retain,
        )

    def _decision(
        self, post: Post, verdict: Verdict, case: Case, acted: str, now: float
    ) -> Decision:
        return Decision(
            tenant=self._account.tenant,
            account=self._account.id,
            guard=post.name,
            version=verdict.version,
            origin=case.place,
            message=_named(post, case.message),
            domain=_domain(case.message),
            verdict=verdict.name,
            wanted=verdict.wanted[0].name if verdict.wanted else verdict.name,
            score=verdict.score,
            symbols=tuple((hit.symbol, hit.score) for hit in verdict.hits),
            why=verdict.explained(),
            acted=acted,
            at=now,
        )


def _judged(post: Post, evidence: Evidence, stage: Stage) -> Verdict:
    """Return a guard's verdict; one that raises keeps the mail, as Sieve does (RFC 5228 2.10.6)."""
    try:
        return post.guard.head(evidence) if stage is Stage.HEAD else post.guard.full(evidence)
    except Exception as error:  # noqa: BLE001 - a defect of a guard must never hold up mail
        pack = post.guard.pack
        return Verdict(
            guard=pack.name,
            version=pack.version,
            stage=stage,
            score=0.0,
            failed=f"{type(error).__name__}: {error}",
        )


def _allowed(post: Post, wanted: Sequence[Action], acted: str) -> list[Action]:
    if acted in {"acted", "capped"}:
        return list(wanted)
    if acted != "breaker":
        return []
    marks = [each for each in wanted if each.weight <= MARK]
    # A tripped guard marks what it would have moved, where its pack has a mark.
    return marks or [each for each in post.guard.pack.actions if each.kind is ActionKind.FLAG][:1]


def _named(post: Post, message: mime.Message) -> bytes:
    """Return the HMAC of the Message-ID: it names a message to whoever has the key only."""
    name = (message.message_id or "").encode("utf-8", "surrogatepass")
    return hmac.digest(post.key.reveal().encode(), name, "sha256") if name else b""


def _domain(message: mime.Message) -> str:
    address = message.from_[0].address if message.from_ else ""
    return (address or "").rpartition("@")[2].lower()[:255]
