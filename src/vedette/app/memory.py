"""Keeps the process small: large buffers go back to the system when they are freed.

The C library learns from every large buffer that is freed to keep the next one
in its heap, where one small object above it pins a megabyte. With fixed
thresholds such buffers are pages of their own, gone when they are freed; what
stays between small objects is given back once a minute. Measured on 500
mailboxes that each fetched 1 MB (``bench/figures/watch.py``): 343 KiB of RSS per
mailbox afterwards without this, 36 with it.

Python's garbage collector is kept from what lives on: a mailbox is some ninety
objects, and a full round over 2,000 of them stopped the loop for 50 to 100 ms,
every few minutes and several times during a start. So a full round looks at each
object once: who survives it is spared from then on. And it comes before there is
much to look at.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Mapping

#: mallopt(3): the parameter for the size from which a buffer has pages of its own.
M_MMAP_THRESHOLD = -3
#: mallopt(3): free memory at the top of the heap beyond which it is given back.
M_TRIM_THRESHOLD = -1
#: mallopt(3): how many heaps threads may have; ours are few and their work is small.
M_ARENA_MAX = -8

#: The collector's oldest generation; a round over it is a full one.
FULL = 2
_USUAL = gc.get_threshold()
#: When it makes its rounds: after 700 new objects, a middle one after eleven of those, as CPython
#: 3.11 has it (later ones wait for 2,000), and a full one after two of the middle ones instead of
#: eleven. That is some 18,000 new objects, 4 ms, and no more than that ever, because they are
#: spared next.
ROUNDS = (700, 10, 1)

#: Half of the first window of a message: a body is never kept in the heap.
LARGE = 16 * 1024
TOP = 256 * 1024


def give_back() -> None:
    """Return free pages inside the heap to the system (malloc_trim(3)); some milliseconds."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def spare_the_living() -> None:
    """Leave all that lives now out of the collector's rounds, and from now on what survives one.

    ``collect_everything`` looks at what was spared, ``spare_nothing`` ends it.
    """
    gc.freeze()
    if _survived not in gc.callbacks:
        gc.callbacks.append(_survived)
    gc.set_threshold(*ROUNDS)
    _begin_anew()


def spare_nothing() -> None:
    """Let the collector work as Python has it, and collect everything."""
    if _survived in gc.callbacks:
        gc.callbacks.remove(_survived)
    gc.set_threshold(*_USUAL)
    collect_everything()


def collect_everything() -> None:
    """Collect among what was spared too; stops the loop as long as a full round takes.

    Who survives it is spared again, if anybody is.
    """
    gc.unfreeze()
    gc.collect()
    if _survived in gc.callbacks:
        _begin_anew()


def _begin_anew() -> None:
    """Make a full round over nothing, now that all are spared; takes no time.

    CPython puts a full round off until what is new is a quarter of what the last one found alive:
    after one over 2,000 mailboxes that would be 45,000 objects, whoever is spared by now.
    """
    gc.collect()


def _survived(phase: str, info: Mapping[str, int]) -> None:
    """Spare what a full round has just found alive; takes no time."""
    if phase == "stop" and info["generation"] == FULL:
        gc.freeze()


def settle_allocator() -> bool:
    """Fix the C library's thresholds; return whether this system has them (glibc)."""
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None)
    mallopt = getattr(library, "mallopt", None)
    if mallopt is None:
        return False
    return all(
        mallopt(parameter, value) == 1
        for parameter, value in (
            (M_MMAP_THRESHOLD, LARGE),
            (M_TRIM_THRESHOLD, TOP),
            (M_ARENA_MAX, 2),
        )
    )
