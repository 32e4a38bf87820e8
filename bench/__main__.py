"""Run the benchmarks, each in a process of its own, with sizes that take a minute in all.

Run it as ``python -m bench [--full] [NAME ...]``. ``--full`` leaves each benchmark
its own size, which takes minutes and gigabytes. It must not know what they measure.
"""

from __future__ import annotations

import subprocess
import sys
import time

#: Each benchmark and the arguments of a short run.
SHORT = {
    "mime": (),
    "store": (),
    "webhook": ("3000",),
    "link_memory": ("300",),
    "mailboxes": ("200",),
}
#: Seconds for one benchmark at its own size; each has a shorter deadline of its own.
DEADLINE = 600.0


def run(name: str, arguments: tuple[str, ...]) -> bool:
    """Run one benchmark, its output passed on; return whether it succeeded."""
    print(f"== {name} {' '.join(arguments)}".rstrip(), flush=True)
    begun = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-m", f"bench.{name}", *arguments], timeout=DEADLINE, check=False
        )
    except subprocess.TimeoutExpired:
        print(f"{name}: not done within {DEADLINE:.0f} s", file=sys.stderr)
        return False
    if done.returncode != 0:
        print(f"{name}: ended with {done.returncode}", file=sys.stderr)
    print(f"-- {time.monotonic() - begun:.0f} s\n", flush=True)
    return done.returncode == 0


def main(given: list[str]) -> int:
    """Run the named benchmarks, or all; return 1 if one failed, 64 for an unknown name."""
    full = "--full" in given
    names = [word for word in given if word != "--full"] or list(SHORT)
    unknown = [name for name in names if name not in SHORT]
    if unknown:
        print(f"no benchmark is named {unknown[0]}; there are: {', '.join(SHORT)}", file=sys.stderr)
        return 64
    results = [run(name, () if full else SHORT[name]) for name in names]
    return 0 if all(results) else 1


# Without the usual guard: this module has no other use than to be run.
sys.exit(main(sys.argv[1:]))
