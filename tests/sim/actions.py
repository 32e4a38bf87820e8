"""Holds what guards did to mail against what they may do, and against what they say they did.

Three histories are compared: every message under every UID it ever had, every change that a
session of ours made, and every state that an entry of the journal ever had. What nobody's session
did, the user's hand did. It must not know how an action is carried out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Final

from tests.sim.deeds import Deeds
from tests.sim.guarded import QUARANTINE, UNWANTED, Guarded
from tests.sim.imap.folder import Arrival, Change, Origin, Touch
from tests.sim.scene import Scene
from tests.sim.setting import LATE
from tests.sim.telling import Told, key_of
from vedette.engine.collector import NO_UID_VALIDITY
from vedette.engine.guarding import Mode
from vedette.model.action import PENDING, ActionState, JournalEntry, Place
from vedette.model.event import EventType
from vedette.model.ids import ActionId

#: Whose message it is, and which.
Token = tuple[str, str]

#: What follows from a proof only.
_PROVEN: Final = frozenset({ActionState.DONE, ActionState.EXPIRED, ActionState.UNDONE})
#: The message came back: it is not to be touched any more.
_BACK: Final = frozenset({ActionState.UNDONE, ActionState.RETURNED})
#: By these names no message is where it was.
_TAKEN: Final = frozenset({Change.MOVED, Change.EXPUNGED})
#: Ways of a server that hide a message from who looks at it.
_LIES: Final = (*LATE, "fetch_empty", "row_omitted", "row_bodiless", "row_split", "stale_view")
#: What is not the same message in another place, but the same place under another name.
_RENAMED: Final = frozenset({Origin.RENUMBERED, Origin.RENAMED})


class Actions:
    """Judges what a guard did in one scene, after its end."""

    def __init__(
        self, scene: Scene, guard: Guarded, told: list[Told], is_old: Callable[[Arrival], bool]
    ) -> None:
        self.scene = scene
        self.guard = guard
        self.touches = scene.server.touches
        self.entries = list(scene.disk.rows.journal.actions.values())
        self.is_old = is_old
        self.told = {each.key for each in told}
        self.received = [each for each in told if each.type is EventType.MESSAGE_RECEIVED]
        self.arrivals: dict[Token, list[Arrival]] = {}
        self._places: dict[tuple[str, str, int], list[Arrival]] = {}
        for each in scene.server.history:
            self.arrivals.setdefault((each.user, each.token), []).append(each)
            self._places.setdefault((each.user, each.folder, each.uid), []).append(each)
        self.removed = {id(each.arrival) for each in self.touches if each.change in _TAKEN}
        self.made = {id(each.made) for each in self.touches}

    def check(self) -> Iterator[str]:
        """Yield every promise that was broken."""
        yield from self._untouchable()
        yield from self._undecided()
        if self.guard.mode is not Mode.ACT:
            return
        yield from Deeds(self).check()
        yield from self._destroyed()
        yield from self._untold()
        if not self.guard.marks:
            yield from self._unproven()
        if self.scene.record.measured_from is not None:
            yield from self._forgotten()
            yield from self._copies()
            yield from self._misreported()

    # What was done.

    def _untouchable(self) -> Iterator[str]:
        for touch in self.touches:
            what = self.words(touch)
            if self.guard.mode is not Mode.ACT:
                yield f"touched in shadow: {what}"
            elif not touch.arrival.token.startswith(UNWANTED):
                yield f"touched and not unwanted: {what}"
            elif _token(touch.arrival) not in self._judged:
                yield f"touched and not judged: {what}"
            elif (back := self._back.get(_token(touch.arrival))) and touch.at > back[0]:
                yield f"touched after it came back: {what}, {back[1]}"

    def _destroyed(self) -> Iterator[str]:
        """Hold that what we take away is somewhere else, unless the user deleted it there."""
        for touch in self.touches:
            alone = touch.change in _TAKEN and not touch.others
            if alone and not self.by_hand(_token(touch.arrival)):
                yield f"destroyed: {self.words(touch)}"

    def _untold(self) -> Iterator[str]:
        moved = (each for each in self.touches if each.change in _TAKEN)
        for token in dict.fromkeys(_token(each.arrival) for each in moved):
            arrivals = self.arrivals[token]
            # Who does not find what it moved, as the server hides it, has nothing to tell of; nor
            # who was cut off behind the move, and finds that somebody took it away since.
            seen = (*self.scene.mailbox(token[0]).folders, QUARANTINE)
            left = any(each.gone_at is None and each.folder in seen for each in arrivals)
            if self.is_lied_to or (self.by_hand(token) and not left):
                continue
            if not any(key_of(each) in self.told or self.is_old(each) for each in arrivals):
                yield f"acted on and not told of: {token}"

    def _undecided(self) -> Iterator[str]:
        """Hold that whatever was told of was judged, and what was to be done to it is written."""
        judged = {
            (each.account, each.origin.folder.decode(), each.origin.uid_validity, each.origin.uid)
            for each in self.scene.disk.rows.journal.decisions
        }
        for told in self.received:
            if tuple(told.named) not in judged:
                yield f"told of and not judged: {told}"
        known = {(each.account, each.origin) for each in self.entries}
        for each in self.scene.disk.rows.journal.decisions:
            if each.acted in {"acted", "capped"} and (each.account, each.origin) not in known:
                yield f"to be acted on, and no action is written: {each}"

    # What was written.

    def _forgotten(self) -> Iterator[str]:
        for entry in self.entries:
            if entry.state in PENDING:
                yield f"forgotten: {self.named(entry)}"

    def _unproven(self) -> Iterator[str]:
        for entry in self.entries:
            tokens = self.tokens(entry)
            if self.is_lied_to or any(self.by_hand(token) for token in tokens):
                continue
            origins = self._at(entry.account, entry.origin)
            left = [each for each in origins if each.gone_at is None]
            ours = [each for each in origins if id(each) in self.removed]
            if entry.state in _PROVEN:
                results = [] if entry.result is None else self._at(entry.account, entry.result)
                if not any(_token(each) in tokens for each in results):
                    yield f"not where the journal has it: {self.named(entry)}"
                if left:
                    yield f"still where it was: {self.named(entry)}"
            elif entry.state in {ActionState.FAILED, ActionState.GONE} and ours:
                yield f"done, and the journal says {entry.state}: {self.named(entry)}"

    def _copies(self) -> Iterator[str]:
        """Hold that one message stays one: no copy too many for ever, and none too few."""
        for token in dict.fromkeys(_token(each.arrival) for each in self.touches):
            if self.by_hand(token) or token in self._expiring:
                continue
            left = [each for each in self.arrivals[token] if each.gone_at is None]
            if not left or (len(left) > 1 and not self.is_lied_to):
                where = [f"{each.folder}:{each.uid_validity}:{each.uid}" for each in left]
                yield f"{len(left)} copies of {token}: {where}"

    def _misreported(self) -> Iterator[str]:
        """Hold the events against the journal."""
        told: dict[EventType, set[ActionId]] = {}
        for posting in self.scene.disk.rows.events.values():
            if posting.type.startswith("action."):
                action = json.loads(posting.body)["data"]["action"]["id"]
                told.setdefault(EventType(posting.type), set()).add(action)
        for kind, states in (
            (EventType.ACTION_APPLIED, {ActionState.DONE}),
            (EventType.ACTION_UNDONE, set(_BACK)),
        ):
            ever = {each.id for _, each in self.scene.disk.steps if each.state in states}
            for action in ever - told.get(kind, set()):
                yield f"{kind} was not told: {self._named_id(action)}"
            for action in told.get(kind, set()) - ever:
                entry = self.scene.disk.rows.journal.actions[action]
                # What was told and not written is gone if the user was faster than our second look.
                if entry.state is not ActionState.GONE:
                    yield f"{kind} was told and is not so: {self.named(entry)}"

    # What is known of messages.

    @cached_property
    def is_lied_to(self) -> bool:
        """Whether a message that is there may look as if it were not, or as if it were another."""
        conduct = self.scene.setting.conduct
        return any(getattr(conduct, name) for name in _LIES)

    @cached_property
    def _expiring(self) -> frozenset[Token]:
        """What may be on its way to the trash when the history ends."""
        now = self.scene.clock.now()
        return frozenset(
            token
            for entry in self.entries
            if entry.state is ActionState.DONE and (entry.expires or now) < now
            for token in self.tokens(entry)
        )

    @cached_property
    def _judged(self) -> frozenset[Token]:
        return frozenset(token for entry in self.entries for token in self.tokens(entry))

    @cached_property
    def _back(self) -> dict[Token, tuple[float, str]]:
        """When each message came back, as far as the journal could know."""
        found: dict[Token, tuple[float, str]] = {}
        known: dict[ActionId, float] = {}
        for at, entry in self.scene.disk.steps:
            if entry.state is ActionState.DONE:
                known.setdefault(entry.id, at)
            if entry.state in _BACK:
                for token in self.tokens(entry):
                    found.setdefault(token, (at, f"{entry.state} at {self._loop(at):.3f}"))
        for entry in self.entries:
            for token in self.tokens(entry):
                for at in self._rescues(token):
                    if entry.id in known and known[entry.id] <= at < found.get(token, (1e12,))[0]:
                        found[token] = (at, f"by the user's hand at {self._loop(at):.3f}")
        return found

    def _rescues(self, token: Token) -> Iterator[float]:
        """Yield when the user's hand moved a message from quarantine to where it is watched."""
        watched = self.scene.mailbox(token[0]).folders
        left = {
            each.gone_at
            for each in self.arrivals[token]
            if each.folder == QUARANTINE and id(each) not in self.removed
        }
        for each in self.arrivals[token]:
            by_hand = each.origin is Origin.MOVED and id(each) not in self.made
            if by_hand and each.folder in watched and each.appended_at in left:
                yield each.appended_at

    def by_hand(self, token: Token) -> bool:
        """Tell whether somebody else moved or removed any copy of a message."""
        arrivals = self.arrivals[token]
        renamed = {each.appended_at for each in arrivals if each.origin in _RENAMED}
        return any(
            (each.origin is Origin.MOVED and id(each) not in self.made)
            or (
                each.gone_at is not None
                and id(each) not in self.removed
                and each.gone_at not in renamed
            )
            for each in arrivals
        )

    def tokens(self, entry: JournalEntry) -> set[Token]:
        return {_token(each) for each in self._at(entry.account, entry.origin)}

    def _at(self, user: str, place: Place) -> list[Arrival]:
        """Return what was at a place; more than one message only where no UIDVALIDITY is told."""
        found = self._places.get((user, place.folder.decode(), place.uid or 0), [])
        if place.uid_validity == NO_UID_VALIDITY:
            return found
        return [each for each in found if each.uid_validity == place.uid_validity]

    # Words.

    def words(self, touch: Touch) -> str:
        at = touch.arrival
        return (
            f"{at.token} in {at.user}:{at.folder}:{at.uid_validity}:{at.uid} was"
            f" {touch.change.value} at {self._loop(touch.at):.3f}"
        )

    def named(self, entry: JournalEntry) -> str:
        tokens = ",".join(token for _, token in sorted(self.tokens(entry)))
        return (
            f"{entry.state} {entry.id} ({tokens}) of {entry.account} {entry.origin}"
            f" to {entry.result}, {entry.attempts} attempts, {entry.reason!r}"
        )

    def _named_id(self, action: ActionId) -> str:
        return self.named(self.scene.disk.rows.journal.actions[action])

    def _loop(self, at: float) -> float:
        return at - (self.scene.clock.true() - self.scene.loop.time())


def _token(arrival: Arrival) -> Token:
    return arrival.user, arrival.token
