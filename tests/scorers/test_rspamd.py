"""rspamd's opinions: of a real one from Debian's packages, and of answers that no rspamd gives."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import running
from tests.support.packs import guard, shown
from tests.support.rspamd import Rspamd as Server
from tests.support.scorers import letter
from vedette.errors import NetworkError
from vedette.ports.scorer import Letter
from vedette.scorers import rspamd
from vedette.scorers.rspamd import MAX_LETTER, MAX_SYMBOLS, Rspamd, read_answer

#: The test pattern that every spam filter gives its highest score.
GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
USUAL = (
    b"Received: from a.example (a.example [192.0.2.1]) by b.example; Sat, 21 Nov 2026 04:00:00 +0000\r\n"
    b"From: Ann <ann@a.example>\r\nTo: Ben <ben@b.example>\r\nSubject: Tomorrow\r\n"
    b"Date: Sat, 21 Nov 2026 04:00:00 +0000\r\nMessage-ID: <1@a.example>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nSee you at ten.\r\n"
)
BARE = b"From: a@a.example\r\nTo: b@b.example\r\nSubject: hello\r\n\r\nnothing\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Run an rspamd that asks nobody."""
    yield from running(Server)


@asynccontextmanager
async def asking(url: str, **options: object) -> AsyncIterator[Rspamd]:
    """Use an rspamd, and close its connections."""
    scorer = Rspamd(url, **options)  # type: ignore[arg-type]
    try:
        yield scorer
    finally:
        await scorer.close()


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Listen on loopback and answer one request, whatever it is; yield the URL and what came."""
    asked: list[bytes] = []
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            asked.append(await reader.readuntil(b"nothing\r\n"))
            writer.write(answer)
            writer.close()
            await writer.wait_closed()
        over.set()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening, asyncio.timeout(10):
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", asked
        await over.wait()


@pytest.mark.server
async def test_the_test_pattern_of_spam_is_an_opinion_of_one(server: Server) -> None:
    """Its score is what rspamd rejects at, and an ordinary letter is far below."""
    async with asking(server.url) as scorer:
        worst = await scorer.opinions(letter(USUAL.replace(b"See you at ten.", GTUBE)))
        usual = await scorer.opinions(letter(USUAL))
    assert worst["rspamd"] == 1.0
    assert usual["rspamd"] < 0.2


@pytest.mark.server
async def test_symbols_of_a_real_rspamd_are_opinions_with_names_of_their_own(
    server: Server,
) -> None:
    """A letter without Message-ID has the symbol that says so, and a pack may count it."""
    async with asking(server.url) as scorer:
        found = await scorer.opinions(letter(BARE))
    assert found["RSPAMD_MISSING_MID"] == 1.0
    judge = guard(
        """\
guard: asks
symbols:
  NO_ID: {classifier: RSPAMD_MISSING_MID, map: {1: 0.5}, score: 0.5}
  HELLO: {where: subject, phrases: [hello], score: 2}
verdicts:
  - {do: flag, at: 2.5, need: HELLO}
"""
    )
    assert judge.full(shown(subject="hello", opinions=found)).explained().startswith("flag 2.5")


@pytest.mark.server
async def test_groups_restrict_what_a_real_rspamd_looks_at(server: Server) -> None:
    """Asked for groups of which the letter shows nothing, it finds nothing."""
    async with asking(server.url, groups=("html",)) as scorer:
        assert await scorer.opinions(letter(BARE)) == {"rspamd": 0.0}


async def test_a_message_that_is_not_in_hand_as_a_whole_is_not_shown() -> None:
    """Half a message looks broken; nothing is dialled for it."""
    async with asking("http://127.0.0.1:1") as scorer:
        half = Letter(message=letter().message, source=b"x" * 10, size=11)
        large = Letter(message=letter().message, source=b"x", size=MAX_LETTER + 1)
        assert (await scorer.opinions(half), await scorer.opinions(large)) == ({}, {})


async def test_a_message_in_a_file_is_shown(tmp_path: Path) -> None:
    """What was spooled to the disk is read for it."""
    path = tmp_path / "letter"
    path.write_bytes(BARE)
    body = b'{"score": 3, "required_score": 15, "symbols": {}}'
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    shown_ = Letter(message=letter(BARE).message, source=path, size=len(BARE))
    async with answering(answer) as (url, asked), asking(url) as scorer:
        assert await scorer.opinions(shown_) == {"rspamd": 0.2}
    assert asked[0].startswith(b"POST /checkv2 ")
    assert asked[0].endswith(BARE)


@pytest.mark.parametrize("host", ["192.0.2.1", "10.0.0.1", "[2001:db8::1]", "0.0.0.0"])
async def test_mail_is_shown_to_this_host_alone(host: str) -> None:
    """An address that is not loopback is not dialled, inside or outside."""
    async with asking(f"http://{host}:11333") as scorer:
        with pytest.raises(NetworkError, match="not on this host"):
            await scorer.opinions(letter(BARE))


async def test_an_rspamd_that_is_not_there_is_a_network_error_without_the_url() -> None:
    """The panel makes no opinion of it."""
    async with asking("http://127.0.0.1:1/secret-path") as scorer:
        with pytest.raises(NetworkError, match=r"^rspamd can not be asked: ") as caught:
            await scorer.opinions(letter(BARE))
    assert "secret-path" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "HTTP 503"),
        (b"HTTP/1.1 302 Go\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n", "302"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "no JSON"),
        (b"SSH-2.0-x\r\n", "not HTTP"),
    ],
)
async def test_what_is_no_answer_of_rspamd_is_a_network_error(answer: bytes, words: str) -> None:
    """Nothing is followed and nothing is guessed."""
    async with answering(answer) as (url, _), asking(url) as scorer:
        with pytest.raises(NetworkError, match=words):
            await scorer.opinions(letter(BARE))


async def test_an_answer_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """More octets than any answer has are not kept in memory."""
    monkeypatch.setattr(rspamd, "MAX_ANSWER", 1_000)

    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + b" " * 5_000
    async with answering(answer) as (url, _), asking(url) as scorer:
        with pytest.raises(NetworkError, match="more than 1,000 octets"):
            await scorer.opinions(letter(BARE))


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        '{"score": 1}',
        '{"score": 1, "required_score": 0}',
        '{"score": true, "required_score": 15}',
        '{"score": NaN, "required_score": 15}',
        '{"score": 1e999, "required_score": 15}',
        f'{{"score": {"9" * 400}, "required_score": 15}}',
    ],
)
def test_an_answer_without_a_score_is_refused(body: str) -> None:
    """A number that is none is not made one."""
    with pytest.raises(NetworkError):
        read_answer(body.encode(), name="rspamd")


def test_symbols_without_points_and_more_than_a_hundred_are_left_out() -> None:
    """What rspamd only notes, or takes points off for, is no opinion."""
    rows = {f"S{number}": {"score": 1} for number in range(500)}
    rows |= {"NOTED": {"score": 0}, "GOOD": {"score": -2}, "not a name": {"score": 1}}
    body = json.dumps({"score": 1, "required_score": 15, "symbols": dict(reversed(rows.items()))})
    found = read_answer(body.encode(), name="rspamd")
    assert len(found) == MAX_SYMBOLS + 1
    assert not {"RSPAMD_NOTED", "RSPAMD_GOOD"} & found.keys()


@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["score", "required_score", "symbols", "X"]), inner),
    max_leaves=10,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_any_answer_is_opinions_from_0_to_1_or_a_network_error(body: bytes) -> None:
    """Nothing that a server writes raises anything else."""
    try:
        found = read_answer(body, name="rspamd")
    except NetworkError:
        return
    assert all(0 <= value <= 1 for value in found.values())
