"""Content-Type and Content-Disposition, as the RFCs and as senders write them."""

from __future__ import annotations

import pytest

from vedette.mime import parameters


@pytest.mark.parametrize(
    ("field", "name", "value"),
    [
        ('attachment; filename="a;b.pdf"', "filename", "a;b.pdf"),
        ("attachment; filename=a b.pdf", "filename", "a b.pdf"),
        ("attachment; filename=a (1).pdf", "filename", "a (1).pdf"),
        ('attachment; filename="a\\"b.pdf"', "filename", 'a"b.pdf'),
        ('attachment; filename="C:\\dir\\a.pdf"', "filename", "C:\\dir\\a.pdf"),
        ('attachment; filename="no end', "filename", "no end"),
        ("attachment; filename*=utf-8''%E2%82%AC.pdf", "filename", "€.pdf"),
        ("attachment; filename*=utf-8'de'%E2%82%AC.pdf", "filename", "€.pdf"),
        ("attachment; filename*0=ab; filename*1=cd", "filename", "abcd"),
        ("attachment; filename*1=cd; filename*0=ab", "filename", "abcd"),
        ("a; filename*0*=utf-8''%E2%82; filename*1*=%AC; filename*2=.pdf", "filename", "€.pdf"),
        ("a; filename=plain; filename*=utf-8''better", "filename", "better"),
        ("a; filename==?utf-8?B?4oKsLnBkZg==?=", "filename", "€.pdf"),
        ('a; filename="=?utf-8?Q?=E2=82=AC.pdf?="', "filename", "€.pdf"),
        ("text/plain; charset=us-ascii (plain)", "charset", "us-ascii"),
        ("text/plain ; CHARSET = utf-8 ; x", "charset", "utf-8"),
        ("multipart/mixed; boundary=a; boundary=b", "boundary", "a"),
        ("text/plain;; charset=utf-8", "charset", "utf-8"),
        ('text/plain; junk; "more"; charset=utf-8', "charset", "utf-8"),
    ],
)
def test_a_parameter_is_found_as_senders_write_it(field: str, name: str, value: str) -> None:
    """RFC 2231 beats the plain form; quotes, comments and junk are passed over."""
    _kind, found = parameters.parse(field, set())

    assert found[name] == value


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("Text/Plain", "text/plain"),
        ("text/plain (comment); charset=x", "text/plain"),
        ('"text/plain"; x=y', "text/plain"),
        ("", ""),
        (";;;", ""),
    ],
)
def test_the_value_is_lower_case_and_bare(field: str, kind: str) -> None:
    """Comments and quotes around it are not part of it."""
    assert parameters.parse(field, set())[0] == kind
