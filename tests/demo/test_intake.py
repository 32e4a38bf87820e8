"""Lines and literals: what is framed, what is refused, and what ends the stream."""

from __future__ import annotations

from tests.demo.talk import Talk
from vedette.demo.dialogue import MAX_STRANGER_LITERAL
from vedette.demo.intake import MAX_LINE, MAX_LITERAL, Broken, Command, Intake, Proceed, Refused


def test_a_literal_is_asked_for_and_kept_out_of_line() -> None:
    """A synchronising literal waits for ``+``; its octets may hold anything."""
    intake = Intake()
    intake.feed(b"a LOGIN {3}\r\n")
    assert intake.command(100) == Proceed()
    intake.feed(b"\r\n) x\r\n")
    assert intake.command(100) == Command(text=b"a LOGIN {3}\n x", literals=(b"\r\n)",))


def test_a_large_literal_is_refused_before_it_is_sent() -> None:
    """The client has not sent it yet, so the conversation goes on (RFC 7888 section 4)."""
    talk = Talk()
    said = talk.send(f"a APPEND INBOX {{{MAX_LITERAL + 1}}}")
    assert said == [f"a NO [TOOBIG] a command's literals hold {MAX_LITERAL} octets"]
    assert talk.send("b NOOP") == ["b OK done"]


def test_a_large_literal_that_is_on_its_way_ends_the_stream() -> None:
    """It can neither be kept nor skipped in bounds."""
    talk = Talk()
    assert talk.send(f"a APPEND INBOX {{{MAX_LITERAL + 1}+}}")[-1].startswith("* BYE")
    assert talk.dialogue.is_over


def test_a_stranger_sends_small_literals_only() -> None:
    """Memory is for those who logged in; two literals share the bound."""
    talk = Talk(logged_in=False)
    half = MAX_STRANGER_LITERAL // 2 + 1
    said = talk.raw(b"a LOGIN {%d+}\r\n%b {%d+}\r\n" % (half, b"x" * half, half))
    assert said[-1].startswith("* BYE")


def test_a_line_without_end_is_given_up() -> None:
    """What is kept of one line, or of one command, is bounded."""
    intake = Intake()
    intake.feed(b"a" * (MAX_LINE + 1))
    assert isinstance(intake.command(100), Broken)
    many = Intake()
    many.feed(b"%b{0+}\r\n" % (b"a" * 1000) * (MAX_LINE // 1000 + 1))
    assert isinstance(many.command(100), Broken)


def test_a_lone_line_feed_is_no_line_end() -> None:
    """RFC 3501 section 2.2: the command is refused by its tag, and the next one is read."""
    assert Talk().raw(b"a NOOP\nb NOOP\r\n") == [
        "a BAD NOOP: something follows the last argument",
        "b OK done",
    ]


def test_a_refused_literal_leaves_the_command_empty_handed() -> None:
    """The line after it begins a new command."""
    intake = Intake()
    intake.feed(b"a X {200}\r\n")
    assert isinstance(intake.command(100), Refused)
    intake.feed(b"b NOOP\r\n")
    assert intake.command(100) == Command(text=b"b NOOP", literals=())
