"""What one message shows to a guard, field by field."""

from __future__ import annotations

import base64
import quopri

import pytest

from tests.mime.letter import letter, multipart, raw, typed
from vedette import mime
from vedette.guard.evidence import Evidence
from vedette.guard.pack import Auth, Field
from vedette.guard.views import MAX_HOSTS, MAX_LINKS, MAX_TEXT, Views


def views(data: bytes) -> Views:
    """Return the views of a message as the service reads it for guards."""
    message = mime.read(data, shown=True, trusted_authserv={"mx.example.org"})
    return Views(Evidence(message=message))


def headed(fields: str) -> Views:
    """Return the views of a message with these fields."""
    return views(raw(f"{fields}\n\nHello\n"))


@pytest.mark.parametrize(
    ("fields", "field", "hosts"),
    [
        ("From: A <a@News.Example.COM.>", Field.FROM, ("news.example.com",)),
        ("From: a@x.example, b@y.example", Field.FROM, ("x.example", "y.example")),
        ("From: a@xn--vlkan-kva.de", Field.FROM, ("xn--vlkan-kva.de",)),
        ("Sender: a@x.example", Field.SENDER, ("x.example",)),
        ("Reply-To: a@x.example", Field.REPLY_TO, ("x.example",)),
        ("To: a@x.example\nCc: b@y.example", Field.TO, ("x.example", "y.example")),
        ("Return-Path: <bounce@x.example>", Field.RETURN_PATH, ("x.example",)),
        ("Return-Path: <>", Field.RETURN_PATH, ()),
        ("Return-Path: <b+1-win=bet.example.com@x.example>\nTo: a@b.example",
         Field.RETURN_PATH, ("x.example", "bet.example.com")),
        ("Return-Path: <b-joe=b.example.com@x.example>\nTo: joe@b.example.com",
         Field.RETURN_PATH, ("x.example",)),
        ("List-Unsubscribe: <https://u.example/?x=1>, <mailto:stop@v.example>",
         Field.LIST_UNSUBSCRIBE, ("u.example", "v.example")),
        ("List-Id: News <news.lists.example.com>", Field.LIST_ID, ("news.lists.example.com",)),
        ("Subject: https://x.example", Field.SUBJECT, ()),
    ],
)  # fmt: skip
def test_a_field_has_its_hosts(fields: str, field: Field, hosts: tuple[str, ...]) -> None:
    """In one form, each once."""
    assert headed(fields).hosts(field) == hosts


def test_a_service_of_many_senders_is_no_host() -> None:
    """Its customers below it are."""
    seen = views(
        typed(
            "text/html",
            "<a href='https://u1.ct.sendgrid.net/x'>a</a><a href='https://list-manage.com/x'>b</a>",
        )
    )

    assert seen.hosts(Field.LINKS) == ("u1.ct.sendgrid.net",)


RESULTS = "Authentication-Results: mx.example.org; {}\nFrom: a@news.shop.example.com"


@pytest.mark.parametrize(
    ("results", "proved"),
    [
        ("dkim=pass header.d=shop.example.com", {Auth.ALIGNED}),
        ("dkim=pass header.d=example.com; dmarc=pass", {Auth.ALIGNED, Auth.DMARC}),
        ("dkim=pass header.d=relay.example.net", set()),
        ("dkim=fail header.d=example.com; dmarc=fail", {Auth.FAIL}),
        ("spf=pass smtp.mailfrom=bounce@mail.example.com", {Auth.ALIGNED}),
        ("spf=pass smtp.mailfrom=relay.example.net", set()),
        ("dmarc=none", set()),
    ],
)
def test_a_trusted_server_proves_the_sender(results: str, proved: set[Auth]) -> None:
    """Aligned is who has the same registered domain as the sender."""
    seen = headed(RESULTS.format(results))

    assert {auth for auth in Auth if seen.proves(auth)} == proved


def test_nobody_else_proves_a_sender() -> None:
    """Anybody can write the field into a mail."""
    seen = headed("Authentication-Results: mx.google.com; dmarc=pass\nFrom: a@x.example")

    assert not any(seen.proves(auth) for auth in Auth)
    assert seen.hosts(Field.DKIM_D) == ()


def test_two_senders_are_not_proved_by_one() -> None:
    """One of them is shown, the other is signed."""
    seen = headed(
        "Authentication-Results: mx.example.org; dkim=pass header.d=bank.example\n"
        "From: a@bank.example, b@bet.example"
    )

    assert not seen.proves(Auth.ALIGNED)


def test_signers_are_those_that_passed() -> None:
    """By the word of the trusted server."""
    seen = headed(
        "Authentication-Results: mx.example.org; dkim=pass header.d=a.example; "
        "dkim=fail header.d=b.example"
    )

    assert seen.hosts(Field.DKIM_D) == ("a.example",)


PAGE = multipart(
    "Content-Type: text/plain\n\nInnocent text, https://plain.example/x",
    "Content-Type: text/html\n\n<p>Freispiele</p><i style='display:none'>quiet</i>"
    "<a href='https://t.example/?u=https%3A%2F%2Fbet.example.com'>www.bank.example.com</a>"
    "<img src='https://i.example/1.png' alt='100 Freispiele' title='Win'>",
    'Content-Type: image/png\nContent-Disposition: attachment; filename="welcome-bonus.png"\n\nx',
)


def test_the_text_is_of_plain_text_and_of_html() -> None:
    """The one is innocent, the other is not."""
    assert "innocent text" in views(PAGE).text(Field.TEXT).plain
    assert "freispiele" in views(PAGE).text(Field.TEXT).plain


def test_what_is_hidden_is_apart() -> None:
    """It gives no credit, and may be evidence."""
    seen = views(PAGE)

    assert seen.text(Field.HIDDEN).plain == "quiet"
    assert "quiet" not in seen.text(Field.TEXT).plain


def test_pictures_links_and_files_have_texts() -> None:
    """Each in its own field."""
    seen = views(PAGE)

    assert seen.values(Field.ALT) == ("100 Freispiele", "Win")
    assert seen.values(Field.LINK_TEXT) == ("www.bank.example.com", "https://plain.example/x")
    assert seen.text(Field.ATTACHMENTS).plain == "welcome bonus.png"


def test_links_have_all_hosts_on_their_way() -> None:
    """The last one first, then the wrapper, then what the text of the link names."""
    assert views(PAGE).hosts(Field.LINKS) == (
        "bet.example.com", "t.example", "www.bank.example.com", "i.example", "plain.example",
    )  # fmt: skip


def test_a_link_is_told_with_its_way() -> None:
    """For who compares what it shows with where it leads."""
    link, way = views(PAGE).targets[0]

    assert link.text == "www.bank.example.com"
    assert way == ("bet.example.com", "t.example")


def test_a_header_field_is_a_text() -> None:
    """All of its name, in any case."""
    seen = headed("X-Mailer: One\nx-mailer: Two\nSubject: Hi")

    assert seen.values(Field.HEADERS, "x-mailer") == ("One", "Two")
    assert seen.text(Field.HEADERS, "x-mailer").raw == "One\n\nTwo"
    assert seen.values(Field.HEADERS, "x-other") == ()


@pytest.mark.parametrize(
    ("fields", "field", "plain"),
    [
        ("From: =?utf-8?Q?Frei?= =?utf-8?Q?spiele?= <a@x.example>", Field.FROM_NAME, "freispiele"),
        ("Subject: =?utf-8?Q?Frei?=\n =?utf-8?Q?spiele?=", Field.SUBJECT, "freispiele"),
        ("Subject: =?iso-8859-1?Q?B=C3=BCro?=", Field.SUBJECT, "buro"),
        ("To: a@x.example", Field.TO, "a@x.example"),
    ],
)
def test_words_of_the_header_are_decoded(fields: str, field: Field, plain: str) -> None:
    """Encoded words that part a word are joined."""
    assert headed(fields).text(field).plain == plain


def test_no_phrase_spans_two_values() -> None:
    """What one picture says does not go on in the next."""
    page = typed("text/html", "<img alt='we are free'><img alt='spins and more'>")

    assert "free spins" not in views(page).text(Field.ALT).plain


def test_the_words_of_an_attached_message_are_not_the_senders() -> None:
    """A complaint quotes an advertisement."""
    inner = "From: a@bet.example\nSubject: Casino\n\nFreispiele https://bet.example/"
    seen = views(multipart("\nSee attached", f"Content-Type: message/rfc822\n\n{inner}"))

    assert seen.text(Field.TEXT).plain == "see attached"
    assert seen.hosts(Field.LINKS) == ()
    assert seen.hosts(Field.FROM) == ("example.com",)


def test_a_disguise_anywhere_is_told() -> None:
    """In a name, a subject, a text or a picture."""
    assert headed("Subject: Саsіnо").disguised
    assert views(typed("text/html", "<img alt='c.a.s.i.n.o'>")).disguised
    assert not views(letter()).disguised


def test_each_field_is_looked_at_once() -> None:
    """Many symbols ask for the same."""
    seen = views(PAGE)

    assert seen.text(Field.TEXT) is seen.text(Field.TEXT)
    assert seen.hosts(Field.LINKS) is seen.hosts(Field.LINKS)


def test_a_hostile_message_has_bounded_views() -> None:
    """Ten thousand links and a megabyte in one line."""
    page = "".join(f"<a href='https://h{number}.example/'>x</a>" for number in range(10_000))
    seen = Views(
        Evidence(message=mime.read(typed("text/html", page + "a" * 1_000_000), shown=True,
                                   depth=mime.Depth.FULL))
    )  # fmt: skip

    assert len(seen.links) <= MAX_LINKS
    assert len(seen.hosts(Field.LINKS)) <= MAX_HOSTS
    assert len(seen.text(Field.TEXT).raw) <= MAX_TEXT


def test_what_stands_at_the_end_of_a_long_text_is_seen() -> None:
    """Nobody hides behind a padding, nor what protects behind a long thread."""
    text = f"{'word ' * 60_000}your account has been closed"
    seen = Views(Evidence(message=mime.Message(text=mime.Text(plain=text)))).text(Field.TEXT)

    assert "account has been closed" in seen.plain
    assert len(seen.plain) <= MAX_TEXT


CLOSING = "your account has been closed"
LONG = "Nothing to see here at all.\n" * 2_400


@pytest.mark.parametrize("length", [1, 20])
@pytest.mark.parametrize("encoding", ["7bit", "base64", "quoted-printable"])
def test_the_end_of_a_text_that_was_cut_is_seen(length: int, encoding: str) -> None:
    """At the depth of text the event has its beginning; who judges it has its end as well."""
    octets = (LONG * length + CLOSING).encode()
    if encoding == "base64":
        octets = base64.encodebytes(octets)
    elif encoding == "quoted-printable":
        octets = quopri.encodestring(octets)
    raw = b"Content-Transfer-Encoding: " + encoding.encode() + b"\n\n" + octets
    judged, told = mime.read(raw, shown=True), mime.read(raw)

    assert "account has been closed" in Views(Evidence(message=judged)).text(Field.TEXT).plain
    assert len(judged.text.ending) <= mime.Limits().ending
    assert (judged.text.plain, judged.text.truncated) == (told.text.plain, told.text.truncated)
    assert told.text.ending == ""


@pytest.mark.parametrize("plain", [None, "Short."])
def test_the_end_of_a_page_that_was_cut_is_seen(plain: str | None) -> None:
    """Beside a plain text, and without one."""
    page = f"Content-Type: text/html\n\n<p>{LONG}<p>{CLOSING}"
    raw = typed("text/html", page) if plain is None else multipart(f"\n{plain}", page, kind="mixed")
    judged = mime.read(raw, shown=True)

    assert "account has been closed" in Views(Evidence(message=judged)).text(Field.TEXT).plain
