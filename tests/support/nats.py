"""A real NATS server with JetStream for one test run: unprivileged, on loopback, with a password.

Must not know: the product.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.support import debian
from tests.support.authority import Authority
from tests.support.broker import HOST, Broker
from tests.support.process import server_account

SERVER = debian.Server(
    name="nats", packages=("nats-server",), program="/usr/sbin/nats-server", moved=()
)

USER, PASSWORD = "vedette", "s3cret-of-nats"


class Nats(Broker):
    """A NATS process; with an authority it wants TLS of every client."""

    def __init__(self, authority: Authority | None = None) -> None:
        """Lay out its folder; raise debian.UnavailableError if it can not be had."""
        super().__init__(SERVER)
        lines = [
            f"listen: {HOST}:{self.port}",
            f"jetstream {{ store_dir: '{self.base}' }}",
            f"authorization {{ user: {USER}, password: '{PASSWORD}' }}",
        ]
        if authority is not None:
            certificate = authority.issue(folder=self.base)
            server_account().own(certificate.path, certificate.ca_file)
            path = certificate.path
            lines += [f"tls {{ cert_file: '{path}', key_file: '{path}' }}"]
        self.write("nats.conf", *lines)

    def argv(self) -> Sequence[str]:
        """Return what to run."""
        return [self.tree.path(SERVER.program), "-c", str(self.base / "nats.conf")]

    def answers(self) -> bool:
        """Tell whether it serves by now."""
        return self.says(b"", b"INFO ")
