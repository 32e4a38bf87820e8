"""A list is made in a process of its own, out of whatever was published."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest
import zstandard

from vedette.guard.pack import Gate
from vedette.lists import building
from vedette.lists.building import Report, Task, build
from vedette.lists.mapped import MappedList
from vedette.lists.workshop import built

_LINES = "".join(f"lucky{number}.example.com\n" for number in range(300)).encode()


def _archived(octets: bytes, name: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(octets)
        archive.addfile(member, io.BytesIO(octets))
    return packed.getvalue()


def _task(folder: Path, octets: bytes, **more: object) -> Task:
    raw = folder / "raw"
    raw.write_bytes(octets)
    return Task(raw=str(raw), built=str(folder / "built"), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "octets",
    [
        _LINES,
        gzip.compress(_LINES),
        zstandard.compress(_LINES),
        _archived(_LINES, "gambling/domains"),
    ],
    ids=["plain", "gzip", "zstd", "archive"],
)
def test_a_list_is_read_however_it_is_packed(tmp_path: Path, octets: bytes) -> None:
    """By what it begins with, for a server may call it anything."""
    report = build(_task(tmp_path, octets))

    assert (report.entries, report.refused) == (300, "")


def test_a_folder_in_the_form_of_ut1_is_a_list(tmp_path: Path) -> None:
    """Its addresses with paths are left out."""
    (tmp_path / "domains").write_bytes(_LINES)
    (tmp_path / "urls").write_text("shop.example.net/casino\n")

    report = build(Task(raw=str(tmp_path), built=str(tmp_path / "built"), format="ut1"))

    assert report.entries == 300


async def test_the_built_file_is_looked_up_in(tmp_path: Path) -> None:
    """By way of the process that builds it."""
    task = _task(tmp_path, _LINES)

    report = await built(task)

    assert report.entries == 300
    assert MappedList(Path(task.built), name="test", version="1").find(
        "www.lucky7.example.com"
    ) == ("lucky7.example.com")


def test_the_same_domains_have_the_same_digest(tmp_path: Path) -> None:
    """In any order and any format."""
    turned = b"".join(reversed(_LINES.splitlines(keepends=True)))
    blocked = _LINES.replace(b"lucky", b"||lucky").replace(b"com\n", b"com^\n")

    digests = {build(_task(tmp_path, octets)).digest for octets in (_LINES, turned, blocked)}

    assert len(digests) == 1


def test_what_belongs_to_many_is_dropped_and_told(tmp_path: Path) -> None:
    """A public suffix and a mail service stood on real lists."""
    report = build(_task(tmp_path, _LINES + b"bet.br\nco.uk\nsendgrid.net\nu1.ct.sendgrid.net\n"))

    assert report.entries == 301
    assert report.dropped == {"a public suffix": 2, "a service of many senders": 1}


@pytest.mark.parametrize("canary", [b"gmail.com\n", b"gamstop.co.uk\n"])
def test_a_list_that_holds_a_canary_is_refused(tmp_path: Path, canary: bytes) -> None:
    """Though a mail service would else only be dropped."""
    task = _task(tmp_path, _LINES + canary)

    report = build(task)

    assert canary.decode().strip() in report.refused
    assert not Path(task.built).exists()


@pytest.mark.parametrize(
    "octets",
    [
        gzip.compress(_LINES)[:-20],
        b"\x1f\x8b",
        b"\x28\xb5\x2f\xfd\xff\xff",
        _archived(_LINES, "gambling/urls"),
        b"",
        b"<html>not here</html>",
    ],
    ids=["cut", "gzip of nothing", "no zstd", "archive without domains", "empty", "error page"],
)
def test_what_is_no_list_is_refused(tmp_path: Path, octets: bytes) -> None:
    """In one line, and with no file."""
    task = _task(tmp_path, octets)

    report = build(task)

    assert report.refused
    assert "\n" not in report.refused
    assert not Path(task.built).exists()


def test_a_list_that_unfolds_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory and time are bounded by octets, not by trust."""
    monkeypatch.setattr(building, "MAX_OCTETS", 1_000)

    assert "more than 1,000 octets" in build(_task(tmp_path, gzip.compress(_LINES))).refused


def test_a_source_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A path that was misspelt."""
    report = build(Task(raw=str(tmp_path / "nowhere"), built=str(tmp_path / "built")))

    assert "No such file" in report.refused


async def test_a_child_that_dies_is_told_as_a_refusal(tmp_path: Path) -> None:
    """The list of before stays in use."""
    task = _task(tmp_path, _LINES, format="no such format")

    report = await built(task)

    assert report == Report(refused="the process that built it ended with status 1")


def test_the_gate_is_the_packs_own(tmp_path: Path) -> None:
    """With its least number of entries."""
    report = build(_task(tmp_path, _LINES, gate=Gate(min_entries=1_000)))

    assert report.refused == "it has 300 entries, and 1,000 are the least"
