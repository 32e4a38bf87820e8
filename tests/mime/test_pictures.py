"""The names of picture files, as words."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mime.letter import typed
from vedette import mime
from vedette.mime import Limits, pictures

# A name of this many characters is read in a few milliseconds; a square of it would take minutes.
HOSTILE = 200_000
MOST_SECONDS = 0.5


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("https://cdn.example/img/41/free-spins-bonus.png", "free spins bonus"),
        ("free_spins.bonus.jpeg?v=3#top", "free spins bonus"),
        ("img\\FreeSpinsBonus@2x.png", "Free Spins Bonus 2x"),
        ("//cdn.example/100%25%20bonus.webp", "100% bonus"),
        ("https://i.example/w600/https%3A%2F%2Fcdn.example%2Ffree-spins.png", "free spins"),
        ("https://i.example/w600/https%253A%252F%252Fcdn.example%252Ffree-spins.png", "free spins"),
        ("%D0%B1%D0%BE%D0%BD%D1%83%D1%81.png", "бонус"),
        ("i\u0307ndirim-\u0438\u0306.png", "i\u0307ndirim \u0438\u0306"),
        ("freispiele", "freispiele"),
        (" 50-freispiele.gif ", "50 freispiele"),
    ],
)
def test_the_name_of_a_picture_is_words(target: str, words: str) -> None:
    """Without host, folders, query and extension, decoded, with spaces between the words."""
    assert pictures.name(target) == words


@pytest.mark.parametrize(
    "target",
    [
        "https://free-spins.example", "https://free-spins.example/", "//free-spins.example",
        "https:\\\\free-spins.example", "https://cdn.example/free-spins/", "https://x.example/?free-spins",
    ],
)  # fmt: skip
def test_a_host_or_a_folder_is_no_name_of_a_picture(target: str) -> None:
    """Hosts are told as links; what they are called is no evidence of words."""
    assert pictures.name(target) == ""


@pytest.mark.parametrize("target", ["9f8a7c6b5d4e.png", "600x300.jpg", "1.png", "4711-42.gif", "x"])
def test_a_code_is_no_name_of_a_picture(target: str) -> None:
    """Digests, sizes and numbers say nothing, and every newsletter is full of them."""
    assert pictures.name(target) == ""


@pytest.mark.parametrize(
    "target",
    [
        "/" * HOSTILE, "%25" * HOSTILE, "-" * HOSTILE + ".png", "a" * HOSTILE, "Aa" * HOSTILE,
        "aaA" * HOSTILE, "." * HOSTILE, "https:" + "/" * HOSTILE + "x", "%2F" * HOSTILE + "a-b",
        "\u0300" * HOSTILE, "?" * HOSTILE, "1a" * HOSTILE,
    ],
)  # fmt: skip
def test_a_hostile_name_of_a_picture_takes_no_time(target: str) -> None:
    """Only as much of it is read as a file system lets a name have."""
    begun = time.process_time()
    told = pictures.name(target)

    assert time.process_time() - begun < MOST_SECONDS
    assert len(told) <= 2 * pictures.LONGEST_WRITTEN


PIECES = st.sampled_from(
    ["https://", "//", "/", "\\", "free", "Spins", "%20", "%2F", "%252F", "%", "-", "_", ".png", ".",
     "?", "#", ";", "@2x", "9f8a7c6b", "й", "\u0306", "\x00", "\ud800", "%00", "%ED%A0%80", "\n", "\u202e"]
)  # fmt: skip


@given(st.text() | st.lists(PIECES, max_size=20).map("".join))
def test_any_name_of_a_picture_is_words(target: str) -> None:
    """What comes out is fit for an event, and is words already."""
    told = pictures.name(target)

    assert not set("\x00\r\n/-_") & set(told)
    assert not any("\ud800" <= char <= "\udfff" for char in told)
    assert told == " ".join(told.split())
    assert "free" not in told or "free" in target


def test_the_files_of_pictures_stand_among_what_pictures_say() -> None:
    """Of images, buttons and backgrounds, each once and behind the texts; pictures within the mail not."""
    page = (
        "<body background='https://x.example/casino-night.jpg'><img alt='Win' src='/a/free-spins.png'>"
        "<img src='https://y.example/free_spins.gif'><input type=image src='spiel-jetzt.png'>"
        "<img src='cid:logo-part'><img src='data:image/png;base64,AAAA'><a href='/only-a-link.html'>x</a>"
    )
    found = mime.read(typed("text/html", page), shown=True).text.shown

    assert found is not None
    assert found.alts == ("Win", "casino night", "free spins", "spiel jetzt")


def test_a_page_tells_a_bounded_number_of_files() -> None:
    """And of characters of each."""
    page = "".join(f"<img src='picture-{'abcdefghi'[n]}.png'>" for n in range(9))
    limits = Limits(links=3, link_text=9)
    found = mime.read(typed("text/html", page), shown=True, limits=limits).text.shown

    assert found is not None
    assert found.alts == ("picture a", "picture b", "picture c")
