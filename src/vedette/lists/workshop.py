"""Has a list built in a process of its own, and waits for it with a deadline."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import asdict

from vedette.lists.building import SECONDS, Report, Task

#: Seconds for one list; its processor time is bounded by itself, and a busy machine waits.
DEADLINE = 4.0 * SECONDS


async def built(task: Task) -> Report:
    """Build a list. What goes wrong with the child stands in ``refused``, as all else."""
    paths = os.pathsep.join(path for path in sys.path if path)
    try:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "vedette.lists.building",
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            # No secret of the parent's environment is in a process that reads strangers' data.
            env={"PYTHONPATH": paths},
        )
    except OSError as error:
        return Report(refused=f"no process could be started to build it: {error}")
    try:
        async with asyncio.timeout(DEADLINE):
            answer, _ = await child.communicate(json.dumps(asdict(task)).encode() + b"\n")
    except TimeoutError:
        return Report(refused=f"it was not built within {DEADLINE:.0f} s")
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    try:
        return Report(**json.loads(answer))
    except (ValueError, TypeError):
        return Report(refused=f"the process that built it ended with status {child.returncode}")
