"""A real Redis for one test run: unprivileged, on loopback, with a password.

What it acknowledges is on the disk before. Must not know: the product.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.support import debian
from tests.support.authority import Authority
from tests.support.broker import HOST, Broker
from tests.support.ports import free_port
from tests.support.process import server_account

SERVER = debian.Server(
    name="redis",
    packages=("redis-server", "redis-tools"),
    program="/usr/bin/redis-server",
    moved=(),
)

PASSWORD = "s3cret-of-redis"


class Redis(Broker):
    """A Redis process."""

    def __init__(self, authority: Authority) -> None:
        """Lay out its folder; raise debian.UnavailableError if it can not be had."""
        super().__init__(SERVER)
        self.tls_port = free_port()
        certificate = authority.issue(folder=self.base)
        server_account().own(certificate.path, certificate.ca_file)
        self.write(
            "redis.conf",
            f"bind {HOST}",
            f"port {self.port}",
            f"tls-port {self.tls_port}",
            f"tls-cert-file {certificate.path}",
            f"tls-key-file {certificate.path}",
            f"tls-ca-cert-file {certificate.ca_file}",
            "tls-auth-clients no",
            f"dir {self.base}",
            f"requirepass {PASSWORD}",
            "appendonly yes",
            "appendfsync always",
            'save ""',
        )

    def argv(self) -> Sequence[str]:
        """Return what to run."""
        return [self.tree.path(SERVER.program), str(self.base / "redis.conf")]

    def answers(self) -> bool:
        """Tell whether it serves by now."""
        return self.says(f"AUTH {PASSWORD}\r\nPING\r\n".encode(), b"+PONG")
