"""Dovecot's own Sieve (Pigeonhole) says whether a script is right, and what it does with mail.

Must not know: who wrote the script.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support import debian
from tests.support.process import server_account

SERVER = debian.Server(
    name="dovecot-sieve",
    packages=("dovecot-core", "dovecot-sieve"),
    program="/usr/bin/sievec",
    moved=("/usr/lib/dovecot", "/usr/bin/doveconf"),
)

# One script and one message take some ten milliseconds.
_ANSWER = 30.0
_STORED = re.compile(r"store message in folder: (.*)")


class Sieve:
    """One script; a context manager that removes what it made."""

    def __init__(self, script: str) -> None:
        """Compile a script; raise ValueError with the compiler's words if it is wrong.

        Raises debian.UnavailableError where there is no Sieve to be had.
        """
        self._tree = debian.find(SERVER)
        self._account = server_account()
        self._base = Path(tempfile.mkdtemp(prefix="vd-sieve-", dir="/tmp"))
        self._script = self._base / "script.sieve"
        self._script.write_bytes(script.encode())
        mail = self._base / "mail"
        mail.mkdir()
        self._config = self._base / "dovecot.conf"
        self._config.write_text(
            f"mail_home = {mail}\nmail_location = maildir:{mail}/Maildir\nssl = no\n"
        )
        self._base.chmod(0o755)
        self._account.own(self._base, mail, self._script, self._config)
        done = self._run("/usr/bin/sievec", str(self._script))
        if done.returncode:
            self.close()
            raise ValueError(f"sievec: {done.stdout}{done.stderr}")

    def folder_of(self, raw: bytes) -> str:
        """Return the folder that the script stores a message in."""
        letter = self._base / "letter.eml"
        letter.write_bytes(raw)
        done = self._run("/usr/bin/sieve-test", str(self._script), str(letter))
        found = _STORED.findall(done.stdout)
        if done.returncode or len(found) != 1:
            raise RuntimeError(f"sieve-test: {done.stdout}{done.stderr}")
        folder: str = found[0]
        return folder

    def close(self) -> None:
        """Remove the script and what else was written."""
        shutil.rmtree(self._base, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        is_root = os.geteuid() == 0
        return subprocess.run(
            [self._tree.path(program), "-c", str(self._config), *words],
            env={"PATH": "/usr/bin:/bin", "HOME": str(self._base), **self._tree.environ()},
            user=self._account.uid if is_root else None,
            group=self._account.gid if is_root else None,
            extra_groups=[] if is_root else None,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=_ANSWER,
            check=False,
        )
