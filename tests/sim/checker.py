"""Holds what happened in the mailboxes against what was told, in the manner of Jepsen.

Both histories are whole: every message under every UID it ever had, every event that was
committed, every parcel that an endpoint took. It must not know how the engine works, only what
the product promises.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Final

from tests.sim.actions import Actions
from tests.sim.imap.conduct import Conduct
from tests.sim.imap.folder import Arrival, Origin
from tests.sim.process import Killed
from tests.sim.scene import Scene
from tests.sim.setting import LATE, Mailbox
from tests.sim.telling import Key, Told, key_of, told_of
from vedette.engine.collector import NO_UID_VALIDITY
from vedette.model.account import Cover, Start
from vedette.model.delivery import DeliveryState, Posting
from vedette.model.event import EventType
from vedette.model.ids import AccountId, EndpointId, EventId, message_event_id

#: Seconds from arrival to receipt where the server pushes: the recheck after 4 s, and a little.
PROMPT: Final = 6.0
#: And so many single ways of the line, each drawn anew.
WAYS: Final = 30
#: Where it does not push, the open folder is looked at so often, and the others so often.
POLLED: Final = 30.0
ASKED: Final = 60.0

#: Seconds that each event takes of which an ordered endpoint must have had an answer before.
QUEUED: Final = 0.3

#: A peaceful endpoint has an event within this many seconds.
FRESH: Final = 10.0

#: Tasks of one program: the parts, three lanes, and some for each connection.
TASKS: Final = 40
TASKS_OF_LINE: Final = 6

#: Ways of a server that make one message look like another, or hide it from a listing.
_CLOUDING: Final = ("row_", "fetch_", "search_", "partial_", "refused", "bad", "silent", "cut")


class Checker:
    """Judges one scene after its end."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.arrivals = {key_of(each): each for each in scene.server.history}
        self.told = [self._named(each) for each in told_of(scene.disk.rows.events.values())]
        self.by_key: dict[Key, list[Told]] = {}
        self.by_token: dict[tuple[str, str], list[Told]] = {}
        for told in self.told:
            self.by_key.setdefault(told.key, []).append(told)
            if told.token is not None:
                self.by_token.setdefault((told.account, told.token), []).append(told)
        self.origins: dict[tuple[str, str], Arrival] = {}
        for each in scene.server.history:
            self.origins.setdefault((each.user, each.token), each)

    def check(self) -> Iterator[str]:
        """Yield every promise that was broken."""
        yield from self._nobody_caught()
        yield from self._ghosts()
        yield from self._second_ids()
        yield from self._lost()
        yield from self._seen_before()
        yield from self._undelivered()
        yield from self._disorder()
        guard = self.scene.setting.guard
        if guard is not None:
            yield from Actions(self.scene, guard, self.told, self._is_silent).check()
        if self.scene.record.measured_from is not None:
            yield from self._aged()
            yield from self._grown()

    def _named(self, told: Told) -> Told:
        """Return an event by the name that the server would give its message.

        Where no UIDVALIDITY was told the engine takes 1 for it (catalogue S4).
        """
        if told.key.uid_validity != NO_UID_VALIDITY:
            return told
        for key, arrival in self.arrivals.items():
            same = key._replace(uid_validity=NO_UID_VALIDITY) == told.key
            if same and told.token in {None, arrival.token}:
                return replace(told, key=key)
        return told

    # What was told and what was not.

    def _ghosts(self) -> Iterator[str]:
        for told in self.told:
            arrival = self.arrivals.get(told.key)
            if arrival is None:
                yield f"ghost: {told} was told and never there"
            elif told.event != _id_of(told):
                yield f"second id: {told} has an id that is not made of what it tells of"
            elif told.token is not None and told.token != arrival.token:
                yield f"reused id: {told} was told, and {arrival.token} is there"

    def _second_ids(self) -> Iterator[str]:
        for key, several in self.by_key.items():
            under_one_name = len({each.named for each in several}) < len(several)
            if len(several) > 1 and (under_one_name or not self._is_clouded()):
                yield f"second id: {key} was told {len(several)} times: {several}"
        for event in self.scene.disk.repeated:
            yield f"told twice: {event} was committed again, and its id hid that"
        if self._is_clouded():
            return
        for told in self.told:
            arrival = self.arrivals.get(told.key)
            if arrival is None or arrival.origin is not Origin.RENUMBERED or told.token is None:
                continue
            earlier = [
                each
                for each in self.by_token[told.account, told.token]
                if each.number < told.number
            ]
            if earlier:
                yield f"second id: {told} was told again after a renumbering: {earlier[0]}"

    def _lost(self) -> Iterator[str]:
        for key, arrival in self.arrivals.items():
            if arrival.visible_at is None or arrival.gone_at is not None or key in self.by_key:
                continue
            mailbox = self.scene.mailbox(arrival.user)
            if arrival.folder in mailbox.folders and not self._may_be_silent(mailbox, arrival):
                yield f"lost: {arrival.token} in {key}, there since {self._at(arrival):.3f}"

    def _is_silent(self, arrival: Arrival) -> bool:
        mailbox = self.scene.mailbox(arrival.user)
        return arrival.folder in mailbox.folders and self._may_be_silent(mailbox, arrival)

    def _may_be_silent(self, mailbox: Mailbox, arrival: Arrival) -> bool:
        """Tell whether a message need not be told under this UID."""
        folder = (mailbox.account_id, arrival.folder.encode())
        disk = self.scene.disk
        state = disk.rows.folders.get(folder)
        based = disk.based.get((*folder, arrival.uid_validity))
        if state is None or based is None:
            return False
        is_told = (arrival.user, arrival.token) in self.by_token
        was_there = arrival.appended_at <= based + self._start
        was_moved = arrival.origin is Origin.MOVED
        # By our clock as it was when the watch began, which may have been wrong.
        is_old = int(self.origins[arrival.user, arrival.token].appended_at) <= state.cursor.since
        conduct = self.scene.setting.conduct
        is_lied_to = any(getattr(conduct, name) for name in LATE)
        excuses = (
            # A first look that was lied to is not repeated, and behind the cursor only what is
            # not old and was never told is told (record 0013).
            is_lied_to and (was_there or is_old or (was_moved and is_told)),
            # Nothing tells it from one that stayed while the folder was renumbered.
            was_moved and was_there and is_told,
            was_there and is_old and disk.begun[folder] < based,
        )
        if any(excuses):
            return True
        if arrival.origin in {Origin.RENUMBERED, Origin.RENAMED}:
            # Told before is told; and what came before the watch began is no news.
            return is_told or is_old
        return arrival.appended_at <= disk.begun[folder] + self._start and not _tells_all(mailbox)

    def _seen_before(self) -> Iterator[str]:
        for (account, token), several in self.by_token.items():
            for told in several:
                if told.seen_before is None:
                    continue
                earlier = told.number > several[0].number
                if told.seen_before is not earlier:
                    yield f"seenBefore is {told.seen_before} in {told} of {account} {token}"

    def _is_clouded(self) -> bool:
        conduct = self.scene.setting.conduct
        return any(
            getattr(conduct, each.name)
            for each in fields(Conduct)
            if each.type == "float" and each.name.startswith(_CLOUDING)
        )

    # The endpoints.

    def _undelivered(self) -> Iterator[str]:
        taken = {(name, each.parcel.event) for name, each in self.scene.record.receipts}
        for posting in self.scene.disk.rows.events.values():
            for endpoint in posting.endpoints:
                if (endpoint, posting.event) not in taken and not self._is_fresh(posting):
                    yield f"undelivered: {posting.type} {posting.event} to {endpoint}"
        stored = self.scene.disk.rows.events
        for name, event in taken:
            if event not in stored:
                yield f"{name} took {event}, which is not in the store"

    def _is_fresh(self, posting: Posting) -> bool:
        """Tell whether an event is so new that the history may end before it is delivered."""
        return posting.time > self.scene.clock.now() - FRESH

    def _disorder(self) -> Iterator[str]:
        """Hold the first endpoint, which keeps order, against the order of the commits."""
        numbers = {event: number for number, event in enumerate(self.scene.disk.rows.events)}
        last: dict[tuple[AccountId, bytes], tuple[int, EventId]] = {}
        for name, receipt in self.scene.record.receipts:
            if not self.scene.receivers[name].endpoint.ordered:
                continue
            parcel = receipt.parcel
            posting = self.scene.disk.rows.events.get(parcel.event)
            if posting is None:
                continue
            lane = (posting.account, posting.lane)
            number = numbers[parcel.event]
            before = last.get(lane, (-1, parcel.event))
            if number < before[0]:
                yield (
                    f"disorder: {name} took {parcel.event} of {lane} at {receipt.at:.3f},"
                    f" after {before[1]}, which was committed later"
                )
            last[lane] = (number, parcel.event)

    # The peaceful part.

    def _aged(self) -> Iterator[str]:
        measured = (self.scene.record.measured_from or 0.0) + self._start
        first: dict[tuple[EndpointId, EventId], float] = {}
        for name, receipt in self.scene.record.receipts:
            first.setdefault((name, receipt.parcel.event), receipt.at + self._start)
        last_uid: dict[tuple[str, str], int] = {}
        for told in self.told:
            arrival = self.arrivals.get(told.key)
            if arrival is None or arrival.visible_at is None or arrival.appended_at < measured:
                continue
            if told.type is not EventType.MESSAGE_RECEIVED:
                yield f"{told} although the server was peaceful"
            if arrival.uid < last_uid.get((arrival.user, arrival.folder), 0):
                yield f"disorder: {told} was committed after a later message of its folder"
            last_uid[arrival.user, arrival.folder] = arrival.uid
            limit = self._limit(arrival)
            for endpoint in self.scene.receivers:
                at = first.get((endpoint, told.event))
                if at is None or at - arrival.visible_at <= limit:
                    continue
                if at - arrival.visible_at > limit + QUEUED * self._ahead(endpoint, arrival, at):
                    yield (
                        f"age: {told} reached {endpoint} after {at - arrival.visible_at:.1f} s,"
                        f" not {limit:.1f}; it came at {self._at(arrival):.3f}"
                    )

    def _ahead(self, endpoint: EndpointId, arrival: Arrival, at: float) -> int:
        """Return how many events of its folder an ordered endpoint took before that of a message.

        A guard that looks at old mail has much to say at once.
        """
        if self.scene.setting.guard is None or not self.scene.receivers[endpoint].endpoint.ordered:
            return 0
        since = (arrival.visible_at or 0.0) - self._start
        return sum(
            name == endpoint and since <= each.at <= at - self._start
            for name, each in self.scene.record.receipts
        )

    def _limit(self, arrival: Arrival) -> float:
        """Return how old a message may be when it is received, on a peaceful server."""
        setting = self.scene.setting
        mailbox = self.scene.mailbox(arrival.user)
        prompt = PROMPT + WAYS * setting.weather.latency
        is_home = arrival.folder == "INBOX"
        pushed = "IDLE" in setting.capabilities and arrival.user not in self.scene.record.unidling
        if is_home or mailbox.cover is Cover.CONNECTIONS or "NOTIFY" in setting.capabilities:
            return prompt if pushed else prompt + POLLED
        return prompt + ASKED

    def _grown(self) -> Iterator[str]:
        """Look for what should be empty when nothing is under way."""
        scene = self.scene
        due = sum(
            row.state is DeliveryState.DUE and not self._is_fresh(row.posting)
            for row in scene.disk.rows.deliveries.values()
        )
        if due:
            yield f"{due} deliveries are still due"
        lines = sum(mailbox.lines for mailbox in scene.setting.mailboxes)
        most = TASKS + TASKS_OF_LINE * lines
        tasks = [task for task in scene.loop.tasks_of(scene.process) if not task.done()]
        if len(tasks) > most:
            names = sorted(task.get_name() for task in tasks)
            yield f"{len(tasks)} tasks are left, not {most}: {names}"

    # Helpers of words and times.

    def _nobody_caught(self) -> Iterator[str]:
        for context in self.scene.loop.unhandled:
            yield f"nobody caught: {context.get('message')}: {context.get('exception')!r}"
        for task in self.scene.loop.tasks:
            if task.is_unread and not isinstance(task.exception(), Killed):
                yield f"nobody caught: {task.get_name()}: {task.exception()!r}"

    @property
    def _start(self) -> float:
        return self.scene.clock.true() - self.scene.loop.time()

    def _at(self, arrival: Arrival) -> float:
        return (arrival.visible_at or 0.0) - self._start


def _id_of(told: Told) -> EventId:
    key = told.named
    return message_event_id(
        AccountId(key.user), key.folder.encode(), key.uid_validity, key.uid, told.type
    )


def _tells_all(mailbox: Mailbox) -> bool:
    return mailbox.beginning.start is Start.DATE


def first_of(failures: Iterable[str], most: int) -> list[str]:
    """Return the first failures; a broken history breaks many promises at once."""
    return [failure for _, failure in zip(range(most), failures, strict=False)]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one seed."""

    seed: int
    failures: tuple[str, ...]
    schedule_hash: str
    steps: int
    seconds: float
    visits: dict[str, int]
    story: tuple[str, ...] = ()
