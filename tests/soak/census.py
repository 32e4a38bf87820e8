"""What a process holds: descriptors, tasks, objects by type, resident memory.

Must not know what ran before it is counted.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """One count. ``resident`` is in MiB."""

    descriptors: int
    tasks: int
    objects: Counter[str]
    resident: float


def taken() -> Census:
    """Count what is there after all garbage is gone."""
    gc.collect()
    gc.collect()
    objects = Counter(
        f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.get_objects()
    )
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Census(
        descriptors=sum(1 for _ in Path("/proc/self/fd").iterdir()),
        tasks=len(asyncio.all_tasks()),
        objects=objects,
        resident=pages * _PAGE / MIB,
    )


def grown(before: Census, after: Census, *, most: int) -> dict[str, int]:
    """Return the types of which more than ``most`` objects were left behind."""
    return {name: more for name, more in (after.objects - before.objects).items() if more > most}


def flat(before: Census, after: Census, *, objects: int, resident: float) -> None:
    """Hold that as much is there at the second count as at the first.

    ``objects`` is how many of a type may be more: what is under way at one count and not at the
    other. ``resident`` is how many MiB the allocator may keep of what is free.
    """
    assert after.descriptors <= before.descriptors + 2, "descriptors are left open"
    assert after.tasks <= before.tasks + 2, "tasks are left running"
    assert grown(before, after, most=objects) == {}, "objects are left behind"
    assert after.resident <= before.resident + resident, "memory is left behind"
