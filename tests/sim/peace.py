"""The peaceful part of a history: all faults are off, everything heals, and mail is timed.

It waits until the service has come back by itself, then lets mail fall into the moments in
which an engine looks away, and leaves the judgement to the checker.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from tests.sim.nemesis import Nemesis
from tests.sim.network import Line
from tests.sim.scene import Scene
from vedette.model.account import AccountState
from vedette.model.action import PENDING
from vedette.model.delivery import DeliveryState

#: Within this the service must be back after the last fault, in seconds: a throttled account
#: waits 15 minutes at most, a failing one 5 and then twice, and the person who changed a
#: password needs 200 s.
RECOVERY: Final = 1500.0
#: And an action of a guard that was refused four times waits half an hour for the fifth.
ACTING: Final = 2000.0
#: Two safety syncs: whatever a server kept to itself is found by then (catalogue I1).
SETTLING: Final = 620.0
#: Pairs of messages into the window between FETCH and IDLE, and the seconds between them.
PAIRS: Final = 5
BETWEEN: Final = (18.0, 25.0)
#: The second of a pair comes so many seconds after the first.
WINDOW: Final = (0.001, 0.4)
#: Times that a message arrives while a client fetches another, and the moments of the server that
#: pass before it does: one at DONE, one at the end of the IDLE, one in the FETCH, one after it.
SLIPS: Final = 3
PASSED: Final = (1, 2, 2, 2, 3)
#: A message with a UID is shown after so many seconds: by then the client has connected again.
SHOWN: Final = (4.0, 6.0)
#: So long no connection lives, and how often that is looked at, in seconds.
HARASSED: Final = 60.0
TICK: Final = 0.05
#: Longer than the longest wait that a peaceful server justifies: 60 s of poll, and a step.
LAST_WAIT: Final = 100.0


async def keep_peace(scene: Scene, nemesis: Nemesis) -> None:
    """Let the peaceful part happen."""
    scene.record.say("peace")
    scene.record.peace_at = scene.loop.time()
    if not await _recovered(scene):
        return
    await asyncio.sleep(SETTLING)
    scene.record.measured_from = scene.loop.time()
    scene.record.unidling = _unidling(scene)
    dice = scene.dice("peace")
    for _ in range(PAIRS):
        nemesis.deliver(1, home=dice.random() < 0.7)
        await asyncio.sleep(dice.uniform(*WINDOW))
        nemesis.deliver(dice.choice((1, 1, 3)), home=dice.random() < 0.7)
        await asyncio.sleep(dice.uniform(*BETWEEN))
    await _slipping(scene, nemesis)
    await _late(scene, nemesis)
    await asyncio.sleep(LAST_WAIT)
    await _harassed(scene)


async def _harassed(scene: Scene) -> None:
    """Cut each connection soon after it came up, for a while: it must come back ever later (V2)."""
    seen: dict[Line, float] = {}
    end = scene.loop.time() + HARASSED
    while (now := scene.loop.time()) < end:
        for line in list(scene.network.lines):
            if line.user is not None and now - seen.setdefault(line, now) > 20 * TICK:
                line.cut()
        await asyncio.sleep(TICK)


async def _slipping(scene: Scene, nemesis: Nemesis) -> None:
    """Let mail arrive at the very moment in which the client fetches other mail, and none after it.

    It is announced with the answer to something else, and once: who does not heed that waits for
    the next mail (catalogue I2, I4).
    """
    dice = scene.dice("slips")
    for _ in range(SLIPS):
        scene.server.ambush(dice.choice(PASSED))
        nemesis.deliver(1, home=True)
        await asyncio.sleep(dice.uniform(*BETWEEN))
    scene.server.ambush(None)


async def _late(scene: Scene, nemesis: Nemesis) -> None:
    """Let a message have its UID before it can be seen, and the client connect in between.

    Every server does that for a moment: the cursor must not go by UIDNEXT (fault 20).
    """
    server = scene.server
    peaceful = server.conduct
    server.conduct = replace(peaceful, uid_late=1.0, uid_late_by=SHOWN)
    nemesis.deliver(1, home=True)
    server.conduct = peaceful
    for line in list(scene.network.lines):
        line.cut()


async def _recovered(scene: Scene) -> bool:
    """Wait until every account is connected and every delivery made; say if that takes too long."""
    patience = RECOVERY if scene.setting.guard is None else RECOVERY + ACTING
    end = scene.loop.time() + patience
    while scene.loop.time() < end:
        await asyncio.sleep(5.0)
        if not unwell(scene):
            return True
    scene.record.fail(f"not recovered {patience:.0f} s after the last fault: {unwell(scene)}")
    return False


def _unidling(scene: Scene) -> set[str]:
    """Return the users of whom some connection found IDLE to be of no use (catalogue I8)."""
    program = scene.program
    if program is None or program.supervisor is None:
        return set()
    return {
        account
        for account, watcher in program.supervisor._watchers.items()
        if any(lookout._session.idle_refused for lookout in watcher._lookouts)
    }


def unwell(scene: Scene) -> str:
    """Say what is not in order now; empty when all is."""
    program = scene.program
    if program is None or not program.started:
        return "the program does not run"
    for health in program.healths:
        if health.state is not AccountState.CONNECTED:
            return f"{health.account} is {health.state}: {health.error}"
    pending = [each for each in scene.disk.rows.journal.actions.values() if each.state in PENDING]
    if pending:
        return f"{len(pending)} actions are not over, the first {pending[0]}"
    due = [row for row in scene.disk.rows.deliveries.values() if row.state is DeliveryState.DUE]
    if due:
        return (
            f"{len(due)} deliveries are due, the first {due[0].posting.type} to {due[0].endpoint}"
        )
    return ""
