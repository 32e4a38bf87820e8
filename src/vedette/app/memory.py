"""Keeps the process small: large buffers go back to the system when they are freed.

The C library learns from every large buffer that is freed to keep the next one
in its heap, where one small object above it pins a megabyte. With fixed
thresholds such buffers are pages of their own, gone when they are freed; what
stays between small objects is given back once a minute. Measured on 500
mailboxes that each fetched 1 MB (``bench/figures/watch.py``): 343 KiB of RSS per
mailbox afterwards without this, 36 with it.

Python's garbage collector is kept from what lives on: a mailbox is some ninety
objects, and a full round over 2,000 of them stopped the loop for 50 to 100 ms,
every few minutes and several times during a start.
"""

from __future__ import annotations

import ctypes
import gc
import sys

#: mallopt(3): the parameter for the size from which a buffer has pages of its own.
M_MMAP_THRESHOLD = -3
#: mallopt(3): free memory at the top of the heap beyond which it is given back.
M_TRIM_THRESHOLD = -1
#: mallopt(3): how many heaps threads may have; ours are few and their work is small.
M_ARENA_MAX = -8

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
    """Leave all that lives now out of the collector's rounds; takes no time."""
    gc.freeze()


def collect_everything() -> None:
    """Collect among what was spared too; stops the loop as long as a full round takes."""
    gc.unfreeze()
    gc.collect()


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
