"""A real RabbitMQ for one test run: unprivileged, on loopback, with a node name of its own.

Its Erlang runs from the unpacked packages; the port mapper that nodes meet by (epmd) is one of
its own on a free port, so that no other Erlang of the machine is met. Must not know: the product.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support import debian
from tests.support.authority import Authority
from tests.support.broker import HOST, Broker
from tests.support.ports import free_port
from tests.support.process import Daemon, server_account

_APPLICATIONS = (
    "asn1", "base", "crypto", "eldap", "inets", "mnesia", "os-mon", "parsetools", "public-key",
    "runtime-tools", "ssl", "syntax-tools", "tools", "xmerl",
)  # fmt: skip

SERVER = debian.Server(
    name="rabbitmq",
    packages=("rabbitmq-server", *(f"erlang-{each}" for each in _APPLICATIONS)),
    program="/usr/sbin/rabbitmq-server",
    moved=(),
)

USER, PASSWORD = "vedette", "s3cret-of-rabbit"

#: What Debian's ``erl`` is, but for the folder, which that one has written in it.
_ERL = """\
#!/bin/sh
export ROOTDIR={erlang} BINDIR={runtime} EMU=beam PROGNAME=erl
exec {runtime}/erlexec "$@"
"""


class RabbitMq(Broker):
    """A RabbitMQ and its port mapper."""

    #: It boots in about five seconds; a busy machine takes longer.
    patience = 90.0

    def __init__(self, authority: Authority) -> None:
        """Lay out its folder; raise debian.UnavailableError if it can not be had."""
        super().__init__(SERVER)
        self.tls_port = free_port()
        self._mapper_port = free_port()
        self._mapper: Daemon | None = None
        erlang = Path(self.tree.path("/usr/lib/erlang"))
        self._runtime = next(erlang.glob("erts-*")) / "bin"
        self._home = next(Path(self.tree.path("/usr/lib/rabbitmq/lib")).glob("rabbitmq_server-*"))
        certificate = authority.issue(folder=self.base)
        server_account().own(certificate.path, certificate.ca_file)
        for name in ("bin", "data", "log"):
            (self.base / name).mkdir()
            server_account().own(self.base / name)
        self.write("bin/erl", _ERL.format(erlang=erlang, runtime=self._runtime), mode=0o755)
        self.write(".erlang.cookie", secrets.token_hex(16), mode=0o400)
        self.write("plugins", "[].")
        self.write(
            "rabbitmq.conf",
            f"listeners.tcp.1 = {HOST}:{self.port}",
            f"listeners.ssl.1 = {HOST}:{self.tls_port}",
            f"ssl_options.cacertfile = {certificate.ca_file}",
            f"ssl_options.certfile = {certificate.path}",
            f"ssl_options.keyfile = {certificate.path}",
            "ssl_options.verify = verify_none",
            f"default_user = {USER}",
            f"default_pass = {PASSWORD}",
            # A test machine is short of both, and the load is small.
            "disk_free_limit.absolute = 1MB",
            "vm_memory_high_watermark.absolute = 512MB",
            "log.console = true",
            "log.console.level = warning",
            "log.file = false",
        )

    def argv(self) -> Sequence[str]:
        """Return what to run."""
        return [str(self._home / "sbin" / "rabbitmq-server")]

    def environ(self) -> Mapping[str, str]:
        """Return where everything of it is."""
        return {
            **super().environ(),
            "PATH": f"{self.base}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.base),
            "LC_ALL": "C.UTF-8",
            "ERL_EPMD_PORT": str(self._mapper_port),
            "ERL_EPMD_ADDRESS": HOST,
            "RABBITMQ_NODENAME": f"vd-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(self.base / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.base / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.base / "data"),
            "RABBITMQ_LOG_BASE": str(self.base / "log"),
            "RABBITMQ_PID_FILE": str(self.base / "pid"),
        }

    def start(self) -> None:
        """Start the port mapper, once, and the node."""
        if self._mapper is None:
            argv = [str(self._runtime / "epmd"), "-port", str(self._mapper_port), "-address", HOST]
            self._mapper = Daemon(argv, environ=self.tree.environ(), log=self.base / "mapper")
        super().start()

    def close(self) -> None:
        """End both and remove the folder."""
        if self._mapper is not None:
            self._mapper.stop()
            self._mapper = None
        super().close()

    def answers(self) -> bool:
        """Tell whether it serves by now."""
        return self.says(b"AMQP\x00\x00\x09\x01", b"AMQPLAIN")
