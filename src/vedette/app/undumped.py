"""Keeps what is in memory off the disk: no core dump, and no debugger of the same user.

A password that is in use is in memory as it is. A core dump would write it to the disk, or send it to
whoever collects crashes.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from typing import Final

#: Of prctl(2): whether the process may be dumped, and be looked into by others of its user.
PR_SET_DUMPABLE: Final = 4


def stay_undumped() -> None:
    """Forbid dumps of this process, for good. Raises OSError where the system does not let us.

    A limit of 0 keeps the kernel from writing a file; only being undumpable keeps it from feeding a
    program (``core_pattern`` with a pipe ignores the limit, core(5)). The programs that it starts
    have the limit, and are not undumpable.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"core dumps can not be forbidden: {os.strerror(number)}")
