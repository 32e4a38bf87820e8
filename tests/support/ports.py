"""Free ports on loopback, handed out once per process.

Must not know: who listens on them.
"""

from __future__ import annotations

import random
import socket

# Below the ephemeral range of Linux (32768 and up), so that no outgoing connection of another
# process can take a port between the moment it is found free and the moment a server binds it.
_LOWEST, _HIGHEST = 15_000, 32_000
_ATTEMPTS = 200
_handed_out: set[int] = set()


def free_port(host: str = "127.0.0.1") -> int:
    """Return a TCP port that nobody listens on and that was not handed out before."""
    for _ in range(_ATTEMPTS):
        port = random.randint(_LOWEST, _HIGHEST)
        if port not in _handed_out and _can_bind(host, port):
            _handed_out.add(port)
            return port
    raise RuntimeError(f"no free port on {host} in {_ATTEMPTS} attempts")


def _can_bind(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
