"""Real servers from Debian's packages, without root and without installing anything.

A server that is installed is used as it is. One that is not is downloaded and unpacked into
``.cache/servers`` of the tree, together with the libraries this system lacks. Programs carry
absolute paths of their own, such as the folder of their plug-ins; those are rewritten, in the
unpacked copy only, to aliases of the same length in ``/tmp`` that lead back to the copy. So
nothing outside the tree changes but a few symbolic links, and servers of different makes, which
conflict as packages, live side by side.

Must not know: what a server is configured to do.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".cache" / "servers"

# Lists and packages come from a mirror; a mirror slower than this is as good as none.
_APT_DEADLINE = 300
_ALIAS_LENGTH = len("/tmp/vd-") + 8


class UnavailableError(Exception):
    """The server can be had neither installed nor unpacked; the message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What to look for: packages, the program that proves them, paths compiled into them.

    ``moved`` are the compiled-in paths to rewrite, longest first where one begins another; each
    is at least 16 characters long, the length of an alias.
    """

    name: str
    packages: tuple[str, ...]
    program: str
    moved: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """Where a server's files are: the system itself, or an unpacked copy."""

    root: Path
    aliases: Mapping[str, str]

    def path(self, name: str) -> str:
        """Return where the file or folder of this absolute name is found now."""
        for original, alias in self.aliases.items():
            if name == original or name.startswith(original + "/"):
                return alias + name.removeprefix(original)
        return str(self.root / name.lstrip("/"))

    def environ(self) -> dict[str, str]:
        """Return the environment that lets the programs find their libraries."""
        if self.is_installed:
            return {}
        return {"LD_LIBRARY_PATH": ":".join(self.library_folders())}

    @property
    def is_installed(self) -> bool:
        """Tell whether this is the system itself."""
        return self.root == Path("/")

    def library_folders(self) -> list[str]:
        """Return where the libraries of an unpacked copy are; nothing for the system itself."""
        if self.is_installed:
            return []
        return [str(self.root / folder) for folder in _library_folders()]

    def library(self, name: str) -> Path | None:
        """Return the path of a library of the server."""
        places = [self.root / folder / name for folder in _library_folders()]
        return next((place for place in places if place.exists()), None)


def _library_folders() -> list[str]:
    triplet = f"{platform.machine()}-linux-gnu"
    return [f"usr/lib/{triplet}", f"lib/{triplet}", "usr/lib"]


def find(server: Server) -> Tree:
    """Return the server's files, unpacking them where needed; raise UnavailableError if neither works."""
    if _is_installed(server):
        return Tree(root=Path("/"), aliases={})
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise UnavailableError(f"{server.name}: not installed, and no apt-get here to download it")
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
        with _lock(CACHE / f"{server.name}.lock"):
            root = CACHE / f"{server.name}-{_release()}-{_digest(str(CACHE))}"
            if not root.exists():
                _unpack(server, root)
            home = _copy_readable(root)
            # The tree's own path may hold a space or a colon, which lists of paths can not.
            short = _link(home, home, "")
            return Tree(
                root=short,
                aliases={path: str(_link(home, home / path[1:], path)) for path in server.moved},
            )
    except OSError as error:
        raise UnavailableError(f"{server.name}: can not be unpacked: {error}") from error


def _is_installed(server: Server) -> bool:
    listing = Path("/var/lib/dpkg/info")
    names = {entry.name.partition(".")[0].partition(":")[0] for entry in listing.glob("*.list")}
    return names.issuperset(server.packages) and Path(server.program).exists()


def _release() -> str:
    """Name the release and machine the libraries fit, as a copied tree may meet another."""
    release = platform.freedesktop_os_release()
    return f"{release.get('ID')}-{release.get('VERSION_ID', 'rolling')}-{platform.machine()}"


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Let one process at a time unpack: parallel test workers share the cache."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _unpack(server: Server, root: Path) -> None:
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=f"{server.name}.") as name:
        folder = Path(name)
        folder.chmod(0o755)
        archives = _download(server, folder)
        tree = folder / "tree"
        tree.mkdir()
        for archive in archives:
            _run(server, ["dpkg-deb", "--extract", str(archive), str(tree)], cwd=folder)
        _rewrite(server, tree, root)
        tree.rename(root)


def _download(server: Server, folder: Path) -> list[Path]:
    """Fetch the packages with the system's lists, or with lists of our own if those fail."""
    private = _private_state(folder)
    try:
        return _fetch(server, folder, [])
    except UnavailableError:
        _run(server, ["apt-get", *private, "update"], cwd=folder)
        return _fetch(server, folder, private)


def _fetch(server: Server, folder: Path, options: Sequence[str]) -> list[Path]:
    plan = _run(
        server,
        ["apt-get", *options, "--simulate", "--no-install-recommends", "install", *server.packages],
        cwd=folder,
    )
    lines = [line.split() for line in plan.splitlines()]
    lacking = {words[1] for words in lines if words[:1] == ["Inst"]}
    # A partly installed server is unpacked whole; of what else is lacking, only libraries matter.
    chosen = {name for name in lacking if name.startswith("lib")} | set(server.packages)
    _run(server, ["apt-get", *options, "download", *sorted(chosen)], cwd=folder)
    return sorted(folder.glob("*.deb"))


def _private_state(folder: Path) -> list[str]:
    """Return the options that let apt work without root, in a folder of ours."""
    state, cache = folder / "state", folder / "cache"
    (state / "lists" / "partial").mkdir(parents=True)
    (cache / "archives" / "partial").mkdir(parents=True)
    return [
        "-o",
        f"Dir::State={state}",
        "-o",
        "Dir::State::status=/var/lib/dpkg/status",
        "-o",
        f"Dir::Cache={cache}",
        "-o",
        "Debug::NoLocking=1",
        # As root, apt would drop to a user who may not enter our folder.
        "-o",
        "APT::Sandbox::User=root",
    ]


def _run(server: Server, argv: Sequence[str], *, cwd: Path) -> str:
    try:
        done = subprocess.run(
            argv,
            cwd=cwd,
            env=os.environ | {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_APT_DEADLINE,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(
            f"{server.name}: {argv[0]} took more than {_APT_DEADLINE} s"
        ) from error
    except subprocess.CalledProcessError as error:
        words = [line for line in error.stderr.splitlines() if line.startswith("E:")]
        raise UnavailableError(
            f"{server.name}: {argv[0]} failed: {' '.join(words) or error.stderr.strip()[-200:]}"
        ) from error
    return done.stdout


def _alias(root: Path, original: str) -> str:
    """Name the alias: as long as the original, since a compiled-in string can not grow."""
    # Leading slashes count as one, so they are the padding.
    return f"/tmp/vd-{_digest(f'{root}:{original}')}".rjust(len(original), "/")


def _digest(text: str) -> str:
    """Name a path for this user, so that a copied or shared tree makes copies of its own."""
    return hashlib.sha256(f"{os.geteuid()}:{text}".encode()).hexdigest()[:8]


def _rewrite(server: Server, tree: Path, root: Path) -> None:
    """Replace the compiled-in paths in the programs and libraries of the unpacked copy."""
    for original in server.moved:
        if len(original) < _ALIAS_LENGTH:
            raise ValueError(f"{original}: shorter than an alias")
    pairs = [
        (original.encode(), _alias(_readable(root), original).encode()) for original in server.moved
    ]
    for path in tree.rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        if not content.startswith(b"\x7fELF"):
            continue
        changed = content
        for original_bytes, alias_bytes in pairs:
            changed = changed.replace(original_bytes, alias_bytes)
        if changed != content:
            path.write_bytes(changed)


def _readable(root: Path) -> Path:
    """Return a path to the copy that ``nobody`` can reach, for tests that run as root."""
    if os.geteuid() != 0 or all(part.stat().st_mode & 0o001 for part in root.parents):
        return root
    return Path(f"/tmp/vd-{_digest(str(root))}.tree")


def _copy_readable(root: Path) -> Path:
    home = _readable(root)
    if home != root and not home.exists():
        with tempfile.TemporaryDirectory(dir=home.parent, prefix="vd-") as name:
            Path(name).chmod(0o755)
            shutil.copytree(root, Path(name) / "tree", symlinks=True).rename(home)
    if home.stat().st_uid != root.stat().st_uid:
        raise UnavailableError(f"{home}: belongs to another user; remove it")
    return home


def _link(root: Path, target: Path, original: str) -> Path:
    """Make the alias of a path lead into the copy; what is already right is left alone."""
    alias = Path(_alias(root, original))
    if not (alias.is_symlink() and alias.readlink() == target):
        fresh = alias.with_name(f"{alias.name}.{os.getpid()}")
        fresh.symlink_to(target)
        fresh.replace(alias)
    return alias
