"""A real rspamd for one test run: unprivileged, on loopback, asking nobody.

Only its rules run that look at nothing but the message, and of its modules the one that lets a
client choose among them: no DNS, no fuzzy hashes, no maps from elsewhere, no Redis, no controller.

Must not know: the product.
"""

from __future__ import annotations

import http.client
import shutil
import tempfile
from pathlib import Path

from tests.support import debian
from tests.support.ports import free_port
from tests.support.process import Daemon, server_account, wait_until
from tests.support.started import Started

SERVER = debian.Server(
    name="rspamd",
    packages=("rspamd",),
    program="/usr/bin/rspamd",
    moved=("/usr/share/rspamd",),
)

HOST = "127.0.0.1"
# It reads its rules in about a second; a busy machine takes longer.
_START = 60.0

_CONFIG = """\
lua = "$RULESDIR/rspamd.lua";
options {{
  filters = "regexp";
  cache_file = "$DBDIR/symbols.cache";
  history_file = "$DBDIR/history";
  dynamic_conf = "$DBDIR/dynamic";
  control_socket = "$DBDIR/control.sock mode=0600";
  stats_file = "$DBDIR/stats.ucl";
  hs_cache_dir = "$DBDIR/";
  tempdir = "$DBDIR";
  pidfile = "$DBDIR/rspamd.pid";
  url_tld = "$DBDIR/suffixes";
  explicit_modules = ["settings"];
  disable_hyperscan = true;
  lang_detection {{ languages = "$DBDIR/languages"; }}
  # Nobody listens there: whatever would ask a name server fails at once.
  dns {{ nameserver = ["127.0.0.1:1:1"]; timeout = 0.1s; retransmits = 1; }}
}}
logging {{ type = "console"; level = "warning"; }}
worker "normal" {{ bind_socket = "{host}:{port}"; count = 1; }}
.include "$CONFDIR/metrics.conf"
.include "$CONFDIR/actions.conf"
.include "$CONFDIR/groups.conf"
.include "$CONFDIR/composites.conf"
settings {{ }}
modules {{ path = "$PLUGINSDIR/settings.lua"; }}
"""


class Rspamd(Started):
    """An rspamd process; a context manager that starts and ends it."""

    def __init__(self) -> None:
        """Lay out its folder; raise debian.UnavailableError if it can not be had."""
        self._tree = debian.find(SERVER)
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.base = Path(tempfile.mkdtemp(prefix="vd-rspamd-", dir="/tmp"))
        self._daemon: Daemon | None = None
        (self.base / "rspamd.conf").write_text(_CONFIG.format(host=HOST, port=self.port))
        (self.base / "suffixes").write_text("com\norg\nnet\nexample\n")
        (self.base / "languages").mkdir()
        self.base.chmod(0o755)
        server_account().own(self.base, *self.base.iterdir())

    @property
    def process_group(self) -> int:
        """The id of the process group that the server is."""
        if self._daemon is None:
            raise RuntimeError("rspamd is not running")
        return self._daemon.pid

    def start(self) -> None:
        """Start it and return once it answers; raise RuntimeError with its log if not."""
        share = self._tree.path("/usr/share/rspamd")
        places = {
            "CONFDIR": self._tree.path("/etc/rspamd"),
            "LOCAL_CONFDIR": self.base,
            "DBDIR": self.base,
            "RUNDIR": self.base,
            "LOGDIR": self.base,
            "SHAREDIR": share,
            "PLUGINSDIR": f"{share}/plugins",
            "RULESDIR": f"{share}/rules",
            "LUALIBDIR": f"{share}/lualib",
            "WWWDIR": f"{share}/www",
        }
        argv = [self._tree.path(SERVER.program), "--no-fork", f"--config={self.base}/rspamd.conf"]
        argv += [f"--var={name}={place}" for name, place in places.items()]
        environ = self._tree.environ()
        if not self._tree.is_installed:
            own = self._tree.path("/usr/lib/rspamd")
            environ = {"LD_LIBRARY_PATH": f"{environ['LD_LIBRARY_PATH']}:{own}"}
        # It will not start as root; the tests' servers run as nobody.
        self._daemon = Daemon(argv, environ=environ, log=self.base / "output")
        try:
            wait_until(self._answers, within=_START, what="rspamd to answer")
        except TimeoutError as error:
            output = (self.base / "output").read_text(errors="replace")
            self.close()
            raise RuntimeError(f"rspamd did not start: {output[-2000:]}") from error

    def close(self) -> None:
        """End it and remove its folder."""
        if self._daemon is not None:
            self._daemon.stop()
            self._daemon = None
        shutil.rmtree(self.base, ignore_errors=True)

    def _answers(self) -> bool:
        if self._daemon is None or self._daemon.has_ended():
            raise TimeoutError("rspamd ended at once")
        link = http.client.HTTPConnection(HOST, self.port, timeout=1)
        try:
            link.request("GET", "/ping")
            return link.getresponse().read().strip() == b"pong"
        except OSError:
            return False
        finally:
            link.close()
