"""The bootstrap sets up from nothing, and says in one line why it can not.

Must not know: uv itself; no test here leaves the machine.
"""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
import threading
import tomllib
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

from tests.house.tree import ROOT

SCRIPT = ROOT / "scripts" / "bootstrap.py"


@pytest.fixture
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def no_index_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the index of the person who runs the tests."""
    for variable in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL", "http_proxy"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing: the test says what matters."""


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve an index with one wheel over HTTP, and name it in the environment."""
    (tmp_path / "uv").mkdir()
    (tmp_path / "uv" / "index.html").write_text('<a href="../uv-1%2B.whl#sha256=0">uv-1+.whl</a>')
    (tmp_path / "uv-1+.whl").write_bytes(b"wheel")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        address = f"127.0.0.1:{server.server_port}"
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://joe:secret@{address}/")
        yield address
        server.shutdown()
        thread.join()


def test_the_bootstrap_imports_the_standard_library_alone() -> None:
    """It runs before anything is installed, isolated from site-packages."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), "nonsense"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, "usage: bootstrap.py [uv ...]\n")


def test_the_python_it_asks_for_is_the_one_of_the_project(bootstrap: ModuleType) -> None:
    """The version in the script and in pyproject.toml agree."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert project["requires-python"] == ">=" + bootstrap.dotted(bootstrap.NEEDED_PYTHON)


def test_every_pinned_wheel_is_of_the_pinned_version(bootstrap: ModuleType) -> None:
    """No pin was forgotten when the version changed."""
    start = f"uv-{bootstrap.dotted(bootstrap.UV_VERSION)}-"

    for _folder, name, digest in bootstrap.UV_WHEELS.values():
        assert name.startswith(start)
        assert len(bytes.fromhex(digest)) == 32


def test_an_environment_that_fits_is_left_alone(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stamp of the same inputs and a living Python mean there is nothing to do."""
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "stamp")
    wanted = bootstrap.fingerprint()
    assert not bootstrap.is_current(wanted)

    (tmp_path / "stamp").write_text(wanted)
    assert not bootstrap.is_current(wanted)

    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    assert bootstrap.is_current(wanted)
    assert not bootstrap.is_current("another lock file")


def test_the_index_of_the_environment_is_asked_first(
    bootstrap: ModuleType, mirror: str, tmp_path: Path
) -> None:
    """A mirror named in UV_DEFAULT_INDEX gives the wheel before the public index is asked."""
    pin = ("folder", "uv-1+.whl", hashlib.sha256(b"wheel").hexdigest())

    first, last = bootstrap.addresses(pin)
    bootstrap.fetch(pin, tmp_path / "stored.whl")

    assert first == f"http://joe:secret@{mirror}/uv-1%2B.whl"
    assert last == "https://files.pythonhosted.org/packages/folder/uv-1+.whl"
    assert (tmp_path / "stored.whl").read_bytes() == b"wheel"


def test_a_mirror_without_the_wheel_is_passed_over(bootstrap: ModuleType, mirror: str) -> None:
    """Only the public index is left where the mirror lists no such file."""
    (only,) = bootstrap.addresses(("folder", "uv-2.whl", "0"))

    assert only == "https://files.pythonhosted.org/packages/folder/uv-2.whl"


def test_a_wheel_with_another_hash_is_refused(
    bootstrap: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is not byte for byte the pinned wheel ends the setup with one line."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "uv-1.whl").write_bytes(b"not the wheel")
    monkeypatch.setattr(bootstrap, "_FILES", tmp_path.as_uri())

    with pytest.raises(SystemExit, match="1"):
        bootstrap.fetch(("folder", "uv-1.whl", "0" * 64), tmp_path / "stored.whl")

    (line,) = capsys.readouterr().err.splitlines()
    assert "SHA-256 is" in line
    assert "check the network and proxy" in line


def test_the_program_is_taken_out_of_the_wheel(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The right wheel yields a program that can be run."""
    wheel = tmp_path / "folder" / "uv-1.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as content:
        content.writestr("uv-1.data/scripts/uv", "#!/bin/sh\necho 'uv 9.9.9 (test)'\n")
    pin = ("folder", "uv-1.whl", hashlib.sha256(wheel.read_bytes()).hexdigest())
    monkeypatch.setattr(bootstrap, "_FILES", tmp_path.as_uri())
    monkeypatch.setattr(bootstrap, "UV_WHEELS", dict.fromkeys(bootstrap.UV_WHEELS, pin))

    bootstrap.download_uv(tmp_path / "own" / "uv")

    assert bootstrap.version_of(str(tmp_path / "own" / "uv")) == (9, 9, 9)


def test_a_password_in_the_address_of_an_index_is_not_printed(bootstrap: ModuleType) -> None:
    """Messages show the address without the name and password it carries."""
    shown = bootstrap.without_password("https://joe:secret@mirror.example.org/simple")

    assert shown == "https://mirror.example.org/simple"
