"""Where reading a folder keeps failing, remembered across connections.

A message may end the connection each time it is fetched, or be refused for
ever. After three failures at the same place its step becomes gaps, which are
asked for singly: the good ones come, and the bad one becomes a
``message.missing`` instead of a folder that stands still for ever.
"""

from __future__ import annotations

from collections.abc import Iterable

#: Failures at one place that may still be the line's fault, not the message's.
PATIENCE = 3

#: Gaps remembered for a folder; what is forgotten is asked once more.
MAX_FALLEN = 1_000


class Stumbles:
    """The memory of one account; nothing of it needs to survive a restart."""

    __slots__ = ("_fallen", "_steps")

    def __init__(self) -> None:
        # Made when something falls: nearly every account of thousands has nothing to remember.
        self._steps: dict[bytes, tuple[int, int, int]] | None = None
        self._fallen: dict[tuple[bytes, int], set[int]] | None = None

    def fell(self, path: bytes, uid_validity: int, uid: int) -> None:
        """Note that the step that begins at ``uid`` failed."""
        count = self._count(path, uid_validity, uid)
        self._steps = self._steps or {}
        self._steps[path] = (uid_validity, uid, count + 1)

    def is_stuck(self, path: bytes, uid_validity: int, uid: int) -> bool:
        """Tell whether the step that begins at ``uid`` has failed too often to be tried again."""
        return self._count(path, uid_validity, uid) >= PATIENCE

    def passed(self, path: bytes) -> None:
        """Note that a step of the folder was committed."""
        if self._steps is not None:
            self._steps.pop(path, None)

    def gaps_fell(self, path: bytes, uid_validity: int, uids: Iterable[int]) -> None:
        """Note that the link died while these gaps were asked for."""
        self._fallen = self._fallen or {}
        fallen = self._fallen.setdefault((path, uid_validity), set())
        fallen.update(list(uids)[: max(0, MAX_FALLEN - len(fallen))])

    def take_fallen(self, path: bytes, uid_validity: int) -> frozenset[int]:
        """Return the gaps at which the link died, and forget them."""
        if self._fallen is None:
            return frozenset()
        return frozenset(self._fallen.pop((path, uid_validity), ()))

    def _count(self, path: bytes, uid_validity: int, uid: int) -> int:
        validity, low, count = (self._steps or {}).get(path, (0, 0, 0))
        return count if (validity, low) == (uid_validity, uid) else 0
