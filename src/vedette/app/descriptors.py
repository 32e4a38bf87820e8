"""Makes room for descriptors before they are needed.

Linux doubles a process's table of descriptors when the next one does not fit. Where threads
share the table it first waits for every processor to have looked away (``expand_fdtable`` in
fs/file.c), which stopped the loop for 8 to 16 ms: at the 256th connection, the 512th, the
1024th and so on, in the middle of a storm of logins. A table that is made large while there
is one thread costs nothing but its memory.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource

#: Room for as many descriptors as the limit lets us have, up to this: half a megabyte of the
#: kernel's, and more mailboxes than one process watches.
MOST = 65_536


def make_room(most: int = MOST) -> int:
    """Have the table hold ``most`` descriptors, or what the limit allows; return how many.

    The soft limit goes up to the hard one: a shell's is 1,024, and each mailbox takes one. Call
    it before the first thread. Raises OSError when no descriptor is left at all.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = hard
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            # Some systems name a hard limit above what they give (macOS).
            limit = soft
    room = most if limit == resource.RLIM_INFINITY else min(limit, most)
    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # A table is never made smaller again. Where the last place is taken it is large already.
        with contextlib.suppress(OSError):
            os.close(fcntl.fcntl(null, fcntl.F_DUPFD_CLOEXEC, room - 1))
    finally:
        os.close(null)
    return room
