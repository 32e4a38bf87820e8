"""The user of a guarded mailbox, and the user's other clients: what they do with the same mail.

Each stir is one method; which of them happen is the guard's part of the setting. All of it is
done to the folders themselves, so that a session of ours can be told from the user's own hand. It
must not know what the engine makes of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

from tests.sim.guarded import KEPT, MARK, QUARANTINE, UNWANTED, Guarded, Stir
from tests.sim.imap.estate import User
from tests.sim.imap.folder import Arrival, Folder, Mail, Origin
from tests.sim.scene import Scene
from vedette.model.action import ActionState

#: Seconds after its arrival in which a message is taken away: about as fast as a guard acts.
RACE: Final = (0.0, 1.0)
#: How often it is looked whether a message came that can be taken away.
LOOK: Final = 0.5


class Household:
    """Stirs one scene; all chance comes from its own dice."""

    def __init__(self, scene: Scene, guard: Guarded) -> None:
        self.scene = scene
        self.dice = scene.dice("household")
        self.guard = guard
        self._ending = False
        self._stirs: dict[Stir, Callable[[], None]] = {
            Stir.GRAB: self._grab,
            Stir.RESCUE: self._rescue,
            Stir.FILE: self._file,
            Stir.DISCARD: self._discard,
            Stir.MARK: self._mark,
            Stir.UNDO: self._undo,
            Stir.SWEEP: self._sweep,
            Stir.RENUMBER: self._renumber,
            Stir.RESET: self._reset,
            Stir.DELETE: self._delete,
            Stir.UNMARK: self._unmark,
        }

    async def live(self) -> None:
        """Do now this and now that, until told to end."""
        if not self.guard.stirs:
            return
        while True:
            await asyncio.sleep(self.dice.expovariate(self.guard.rate))
            if self._ending:
                return
            stir = self.dice.choice(self.guard.stirs)
            self.scene.record.say("stir", stir.value)
            self._stirs[stir]()

    def end(self) -> None:
        """Do nothing more."""
        self._ending = True

    # With mail.

    def _grab(self) -> None:
        """Take the next message of the sender away, about as fast as the guard does."""
        self._race(self._taken)

    def _reset(self) -> None:
        """Let the folder of the next message be renumbered, so that its UID is another's."""
        if not self.scene.setting.conduct.uid_validity_missing:
            self._race(self._renumbered)

    def _race(self, do: Callable[[Arrival], None]) -> None:
        before = len(self.scene.server.history)

        def look() -> None:
            if self._ending:
                return
            for each in self.scene.server.history[before:]:
                if each.token.startswith(UNWANTED) and each.origin is Origin.DELIVERED:
                    self.scene.later(self.dice.uniform(*RACE), partial(do, each))
                    return
            self.scene.later(LOOK, look)

        look()

    def _taken(self, arrival: Arrival) -> None:
        owner, uid = self.scene.server.users[arrival.user], arrival.uid
        box = owner.folders.get(arrival.folder)
        if self._ending or box is None or uid not in box.mails:
            return
        if self.dice.random() < 0.5:
            self._to(owner, box, box.mails[uid], KEPT)
        else:
            self._gone(owner, box, box.mails[uid])

    def _renumbered(self, arrival: Arrival) -> None:
        owner = self.scene.server.users[arrival.user]
        if not self._ending and arrival.folder in owner.folders:
            self.scene.server.renumber(owner.name, arrival.folder)

    def _rescue(self) -> None:
        found = self._found()
        if found is not None:
            owner, box, mail = found
            home = [
                each for each in self.scene.mailbox(owner.name).folders if each in owner.folders
            ]
            self._to(owner, box, mail, self.dice.choice(home))

    def _file(self) -> None:
        found = self._found()
        if found is not None:
            self._to(*found, KEPT)

    def _discard(self) -> None:
        found = self._found()
        if found is not None:
            self._gone(*found)

    def _mark(self) -> None:
        owner = self._owner()
        for box in owner.folders.values():
            for uid in self.dice.sample(box.uids, min(2, len(box.uids))):
                box.flag(uid, {**box.mails[uid].flags, "\\Deleted": None})

    def _unmark(self) -> None:
        """Take off a mark that a guard set."""
        owner = self._owner()
        marked = [
            (box, uid)
            for box in owner.folders.values()
            for uid in box.uids
            if MARK in box.mails[uid].flags or MARK in box.mails[uid].labels
        ]
        if not marked:
            return
        box, uid = self.dice.choice(marked)
        mail = box.mails[uid]
        self.scene.record.say("hand", f"{mail.letter.token} in {box.name} unmarked")
        self.scene.record.unmarked.add((owner.name, mail.letter.token))
        mail.labels = {each: None for each in mail.labels if each != MARK}
        box.flag(uid, {each: None for each in mail.flags if each != MARK})

    # With the guard.

    def _undo(self) -> None:
        scene, program, process = self.scene, self.scene.program, self.scene.process
        done = [
            each.id
            for each in scene.disk.rows.journal.actions.values()
            if each.state is ActionState.DONE
        ]
        if done and program is not None and process is not None and program.started:
            work = program.undo(self.dice.choice(done))
            scene.loop.create_task(work, context=process.context)

    def _sweep(self) -> None:
        program = self.scene.program
        if program is not None and program.started:
            process = self.scene.process
            if process is not None:
                process.context.run(program.sweep)

    # With the folder.

    def _renumber(self) -> None:
        owner = self._owner()
        if QUARANTINE in owner.folders:
            self.scene.server.renumber(owner.name, QUARANTINE)

    def _delete(self) -> None:
        owner = self._owner()
        if QUARANTINE in owner.folders:
            self.scene.server.delete_folder(owner.name, QUARANTINE)

    def _owner(self) -> User:
        mailbox = self.dice.choice(self.scene.setting.mailboxes)
        return self.scene.server.users[mailbox.user]

    def _found(self) -> tuple[User, Folder, Mail] | None:
        """Return a message in quarantine."""
        owner = self._owner()
        box = owner.folders.get(QUARANTINE)
        if box is None or not box.uids:
            return None
        return owner, box, box.mails[self.dice.choice(box.uids)]

    def _to(self, owner: User, box: Folder, mail: Mail, name: str) -> None:
        self.scene.record.say("hand", f"{mail.letter.token} {box.name} to {name}")
        self.scene.server.carry(owner, box, mail.uid, name)

    def _gone(self, owner: User, box: Folder, mail: Mail) -> None:
        self.scene.record.say("hand", f"{mail.letter.token} deleted in {box.name}")
        self.scene.server.remove(owner, box, mail.uid)
