"""Make ``.venv`` from ``uv.lock`` on a machine that has nothing but Python.

It needs neither pip, venv, ensurepip, curl nor root. A suitable ``uv`` on the PATH is used;
otherwise the pinned one is downloaded from the package index, compared with the hash written
here, and kept in ``.cache/uv``. When ``.venv`` already fits the lock file it returns at once.

    bootstrap.py            make or renew .venv
    bootstrap.py uv ...     run uv with these arguments

Must not know: the package itself; it runs before anything is installed, so it imports the
standard library alone, and reads on any Python 3.8 so that an older one gets a clear line.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import html
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
CACHE = ROOT / ".cache"
STAMP = VENV / ".made-from"

NEEDED_PYTHON = (3, 11)
UV_VERSION = (0, 13, 8)
_FILES = "https://files.pythonhosted.org/packages"
# Platform to file: the wheels of this one version as the index lists them, by folder, name and
# SHA-256. The one for aarch64 runs on both C libraries.
_AARCH64 = (
    "9e/f0/d989ac5fcebf83f1c8c5d78974f27788e8364945969eb646f5d0db35d924",
    "uv-0.13.8-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl",
    "0b3e8b1a4f5e405e31e2ff33de8af4744831e9f7338539671efbd8c3c94e791d",
)
UV_WHEELS = {
    ("x86_64", "glibc"): (
        "c5/32/52ee34636aea1ab3f8baeeae1c3599461b8cddfb379862cc72ac61b8d91c",
        "uv-0.13.8-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "e18a57b8b352eb7c8feb317b9f6f533c8f0ad9673fd6cf34bbe3cf1a9f6a8984",
    ),
    ("x86_64", "musl"): (
        "4d/a3/1ac9cd75985371da0d29c9c12132e6d5b5627b9d0de87c5ad97ab9ad69b0",
        "uv-0.13.8-py3-none-musllinux_1_1_x86_64.whl",
        "29451c60f5e8b07403e0a175d5229efc36b0289b34143ff4aaa499a5dd52553a",
    ),
    ("aarch64", "glibc"): _AARCH64,
    ("aarch64", "musl"): _AARCH64,
}

# A mirror that sends nothing for this long is treated as gone; three tries meet a short hiccup.
_SILENCE = 60
_TRIES = 3
# The largest wheel of uv is 25 MB; four times that bounds what a wrong address can make us store.
_LARGEST = 100_000_000
_CHUNK = 1 << 16


def main(arguments: list[str]) -> int:
    """Run the command and return its exit status."""
    if arguments[:1] == ["uv"]:
        return subprocess.call([find_uv(), *arguments[1:]], cwd=ROOT, env=environment())
    if arguments:
        fail("usage: bootstrap.py [uv ...]")
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = fingerprint()
        if not is_current(wanted):
            make_environment()
            STAMP.write_text(wanted)
    return 0


def fingerprint() -> str:
    """Name all that .venv is made from; its scripts hold the path of the tree."""
    digest = hashlib.sha256(f"{ROOT}\0{sys.version}\0".encode())
    for name in ("uv.lock", "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def is_current(wanted: str) -> bool:
    """Tell whether .venv was made from the same and its Python still exists."""
    try:
        return STAMP.read_text() == wanted and (VENV / "bin" / "python").exists()
    except OSError:
        return False


def make_environment() -> None:
    """Let uv make .venv exactly as uv.lock says."""
    command = [find_uv(), "sync", "--locked"]
    if sys.version_info[:2] >= NEEDED_PYTHON:
        command += ["--python", sys.executable]
    else:
        say(
            f"setup: python3 is {platform.python_version()}, Vedette needs "
            f"{dotted(NEEDED_PYTHON)} or newer: uv will fetch one into its own folder"
        )
    started = time.monotonic()
    say("setup: making .venv from uv.lock")
    if subprocess.call([*command, "--quiet"], cwd=ROOT, env=environment()) != 0:
        fail("setup: uv could not make .venv from uv.lock; its own words are above")
    say(f"setup: .venv is ready ({time.monotonic() - started:.0f} s)")


def environment() -> dict[str, str]:
    """Return our environment with .venv as the only target."""
    mine = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    mine["UV_PROJECT_ENVIRONMENT"] = str(VENV)
    # Trust what this machine trusts, as the download of uv does; a company's proxy may
    # have an authority of its own, which uv's built-in list does not know.
    mine.setdefault("UV_SYSTEM_CERTS", "true")
    # A cache on another file system can not be hard-linked from; that is not worth a warning.
    mine.setdefault("UV_LINK_MODE", "copy" if is_elsewhere() else "hardlink")
    return mine


def is_elsewhere() -> bool:
    """Tell whether uv's cache lies on another file system than the tree."""
    home = Path(os.environ.get("UV_CACHE_DIR") or Path.home())
    try:
        return home.stat().st_dev != ROOT.stat().st_dev
    except OSError:
        return True


def find_uv() -> str:
    """Return the path of a suitable uv, downloading it where there is none."""
    own = CACHE / "uv" / dotted(UV_VERSION) / "uv"
    for candidate in (shutil.which("uv"), str(own)):
        if candidate and version_of(candidate) >= UV_VERSION:
            return candidate
    download_uv(own)
    return str(own)


def version_of(program: str) -> tuple[int, ...]:
    """Return the version the program says it is; (0,) where it does not run."""
    try:
        words = subprocess.check_output(
            [program, "--version"], stderr=subprocess.DEVNULL, timeout=_SILENCE
        )
    except (OSError, subprocess.SubprocessError):
        return (0,)
    found = re.match(rb"uv (\d+)\.(\d+)\.(\d+)", words)
    return tuple(int(part) for part in found.groups()) if found else (0,)


def download_uv(target: Path) -> None:
    """Fetch the pinned wheel, compare its hash, and put the program it holds at ``target``."""
    libc = "glibc" if platform.libc_ver()[0] == "glibc" else "musl"
    machine = {"arm64": "aarch64", "amd64": "x86_64"}.get(platform.machine(), platform.machine())
    wheel = UV_WHEELS.get((machine, libc))
    if wheel is None or sys.platform != "linux":
        fail(f"setup: no uv is pinned for {sys.platform} {machine} {libc}: install uv, then retry")
    say(f"setup: fetching uv {dotted(UV_VERSION)}")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        archive = Path(folder) / "uv.whl"
        fetch(wheel, archive)
        with zipfile.ZipFile(archive) as content:
            names = [name for name in content.namelist() if name.endswith(".data/scripts/uv")]
            if len(names) != 1:
                fail(f"setup: {wheel[1]} holds no uv")
            program = Path(folder) / "uv"
            with content.open(names[0]) as source, program.open("wb") as sink:
                shutil.copyfileobj(source, sink)
        program.chmod(0o755)
        program.replace(target)


def fetch(wheel: tuple[str, str, str], archive: Path) -> None:
    """Store the wheel at ``archive``, from the first address that gives the right bytes."""
    reasons = []
    for url in addresses(wheel):
        for attempt in range(_TRIES):
            try:
                found = store(url, archive)
            except (OSError, ValueError) as error:
                reasons.append(f"{without_password(url)}: {getattr(error, 'reason', error)}")
                if isinstance(error, urllib.error.HTTPError):
                    break
                time.sleep(attempt)
                continue
            if found == wheel[2]:
                return
            reasons.append(f"{without_password(url)}: SHA-256 is {found}, expected {wheel[2]}")
            break
    fail(
        f"setup: uv can not be fetched ({reasons[-1]}); check the network and proxy, or install uv"
    )


def addresses(wheel: tuple[str, str, str]) -> Iterator[str]:
    """Yield where the wheel may be: the index of the environment, then the public one."""
    folder, name, _digest = wheel
    for variable in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        index = os.environ.get(variable)
        if index:
            # uv lets an index have a name before its address: name=https://...
            index = re.sub(r"^[\w.-]+=", "", index)
            found = listed(index.rstrip("/") + "/uv/", name)
            if found:
                yield found
    yield f"{_FILES}/{folder}/{name}"


def listed(page: str, name: str) -> str | None:
    """Return the address a simple index gives for a file, or None where it has none."""
    try:
        with opened(page) as answer:
            text = answer.read(_LARGEST).decode("utf-8", "replace")
    except (OSError, ValueError):
        return None
    for written in re.findall(r"""href=["']([^"']+)["']""", text):
        link = html.unescape(written).partition("#")[0]
        if urllib.parse.unquote(link).rpartition("/")[2] == name:
            return urllib.parse.urljoin(page, link)
    return None


def store(url: str, archive: Path) -> str:
    """Copy the address into the file and return the SHA-256 of what came."""
    digest, size = hashlib.sha256(), 0
    with opened(url) as answer, archive.open("wb") as sink:
        while True:
            chunk = answer.read(_CHUNK)
            if not chunk:
                return digest.hexdigest()
            size += len(chunk)
            if size > _LARGEST:
                raise ValueError("more than a wheel of uv can hold")
            digest.update(chunk)
            sink.write(chunk)


def opened(url: str) -> Any:
    """Open an address; proxies and SSL_CERT_FILE of the environment are honoured."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("https", "http", "file"):
        raise ValueError("neither https, http nor file")
    request = urllib.request.Request(without_password(url))
    if parts.username is not None:
        name, password = (
            urllib.parse.unquote(part or "") for part in (parts.username, parts.password)
        )
        token = base64.b64encode(f"{name}:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
    return urllib.request.urlopen(request, timeout=_SILENCE)


def without_password(url: str) -> str:
    """Return the address without the name and password it may carry."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def dotted(version: tuple[int, ...]) -> str:
    """Return 3.11 for (3, 11)."""
    return ".".join(str(part) for part in version)


def say(line: str) -> None:
    """Tell the person at the terminal what is going on."""
    print(line, file=sys.stderr, flush=True)


def fail(line: str) -> NoReturn:
    """End with one clear line."""
    say(line)
    raise SystemExit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
