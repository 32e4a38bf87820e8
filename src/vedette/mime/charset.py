"""Bytes to text: charset names as they are, not as they should be.

Only codecs of this table are ever used. Some that Python offers take quadratic
time (``idna``, ``punycode``) or are no charset at all (``base64``, ``rot13``).
It must not know where the bytes come from.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

from vedette.mime.defects import Defect

# What senders write, and what decodes it. A superset replaces its subset, as the
# WHATWG Encoding Standard does, because senders mean the superset.
_ALIASES = {
    "ansi_x3.4-1968": "ascii",
    "us-ascii": "ascii",
    "usascii": "ascii",
    "ascii": "ascii",
    "utf8": "utf-8",
    "utf8mb4": "utf-8",
    "utf-8-sig": "utf-8-sig",
    "unicode-1-1-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "utf7": "utf-7",
    "utf16": "utf-16",
    "ucs-2": "utf-16",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "l1": "cp1252",
    "iso-8859-1": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "big5hkscs",
    "big-5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "ks-c-5601-1987": "cp949",
    "euc-kr": "cp949",
    "euckr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "ms_kanji": "cp932",
    "eucjp": "euc_jp",
    "x-euc-jp": "euc_jp",
    "cp50220": "iso2022_jp_ext",
    "macintosh": "mac_roman",
    "x-mac-roman": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "koi8": "koi8-r",
    "koi8r": "koi8-r",
    "koi8u": "koi8-u",
}

_CODECS = frozenset(
    {
        "ascii", "utf-8", "utf-8-sig", "utf-7", "utf-16", "utf-16be", "utf-16le", "utf-32",
        "utf-32be", "utf-32le", "koi8-r", "koi8-u", "koi8-t", "kz1048", "ptcp154", "gb18030",
        "hz", "big5hkscs", "johab", "euc_jp", "euc_jis_2004", "iso2022_jp", "iso2022_jp_1",
        "iso2022_jp_2", "iso2022_jp_2004", "iso2022_jp_3", "iso2022_jp_ext", "iso2022_kr",
        "mac_roman", "mac_cyrillic", "mac_greek", "mac_latin2", "mac_turkish", "mac_iceland",
        "cp037", "cp437", "cp500", "cp720", "cp737", "cp775", "cp850", "cp852", "cp855", "cp857",
        "cp858", "cp860", "cp861", "cp862", "cp863", "cp864", "cp865", "cp866", "cp869", "cp874",
        "cp932", "cp949", "cp950", "cp1006", "cp1026", "cp1125", "cp1140", "cp1250", "cp1251",
        "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "iso8859-2",
        "iso8859-3", "iso8859-4", "iso8859-5", "iso8859-6", "iso8859-7", "iso8859-8",
        "iso8859-10", "iso8859-13", "iso8859-14", "iso8859-15", "iso8859-16",
    }
)  # fmt: skip

_NUMBERED = (
    (re.compile(r"(?:windows|win|cp|ibm|x-cp|ms|dos|oem)[-_ ]?0*(\d{3,4})"), "cp"),
    (re.compile(r"(?:iso)[-_ ]?8859[-_ ]?(\d{1,2})(?::\d{4})?"), "iso8859-"),
    (re.compile(r"8859[-_](\d{1,2})"), "iso8859-"),
)

# A charset's name in the registry has at most 40 characters (RFC 2978 section 2.3).
_LONGEST_NAME = 40

# Bytes at the end of a cut text that may be the start of one character: GB18030 and
# UTF-8 have at most four, so at most three of them are left.
_LONGEST_TAIL = 3

_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
# What no text is likely to hold that was taken for Latin-1: all but European letters and signs.
_UNLIKELY = re.compile("[^\x00-\x7f\xa0-\u017f\u0391-\u03c9\u0401-\u045f\u2010-\u203a\u20ac\u2122]")
# Bytes that can be no control of ASCII; a lone surrogate does not come out of UTF-8.
_HARMLESS = bytes([*b"\t\n\r", *range(0x20, 0x7F), *range(0x80, 0x100)])
_META = re.compile(rb"""charset\s*=\s*["']?\s*([A-Za-z0-9._:-]{2,40})""", re.IGNORECASE)
# Browsers look for the charset of a page in its first 1024 bytes (HTML 13.2.3.2).
_META_WINDOW = 1024


def codec(name: str) -> str | None:
    """Return the Python codec for a charset as mail names it; ``None`` if it is no charset."""
    key = name.strip(" \t\r\n\"'").lower()
    if len(key) > _LONGEST_NAME:
        return None
    return _codec(key)


@lru_cache(maxsize=256)  # names are short here, and a mailbox sees some twenty of them
def _codec(key: str) -> str | None:
    found = _ALIASES.get(key) or _ALIASES.get(key.replace("_", "-"))
    if found:
        return found
    for pattern, prefix in _NUMBERED:
        if match := pattern.fullmatch(key):
            key = f"{prefix}{int(match[1])}" if prefix != "cp" else f"cp{match[1]}"
            return _ALIASES.get(key.replace("iso8859-", "iso-8859-")) or _known(key)
    return _known(key)


def _known(key: str) -> str | None:
    for candidate in (key, key.replace("-", "_"), key.replace("_", "-"), key.replace("-", "")):
        if candidate in _CODECS:
            return candidate
    if key in {"iso-2022-jp", "iso-2022-kr", "euc-jp"}:
        return key.replace("iso-", "iso").replace("-", "_")
    return None


def decode(data: bytes, name: str | None, defects: set[Defect], *, cut: bool = False) -> str:
    """Return text for ``data``, whatever ``name`` says; the result is safe to store.

    ``cut`` says that ``data`` was cut at a limit, so that half a character at its
    end is no defect. Without a usable name, UTF-8 is tried and then Windows-1252.
    """
    chosen = codec(name) if name else "ascii"
    if chosen is None:
        defects.add(Defect.CHARSET_UNKNOWN)
        return _guess(data, defects, cut=cut)
    if chosen in {"ascii", "utf-8"}:
        if data.isascii():
            return _lines(data, data.decode("ascii"))
        if chosen == "ascii" and name:
            defects.add(Defect.CHARSET_WRONG)
        return _guess(data, defects, cut=cut)
    text = _mislabelled(data, cut=cut) if chosen == "cp1252" else None
    if text is not None:
        defects.add(Defect.CHARSET_WRONG)
        return safe(text)
    text = strict(data, chosen, cut=cut)
    if text is None:
        defects.add(Defect.CHARSET_WRONG)
        text = strict(data, "utf-8", cut=cut)
    if text is None:
        text = data.decode(chosen, "replace")
    return safe(text)


def _mislabelled(data: bytes, *, cut: bool) -> str | None:
    """Return the text of UTF-8 that is called Latin-1, the default of many a program.

    Only if all of it is letters and signs of European text: "NESTLÉ®" in Latin-1 is UTF-8 too,
    of a letter that nobody writes.
    """
    if data.isascii():
        return None
    text = strict(data, "utf-8", cut=cut)
    return text if text is not None and not _UNLIKELY.search(text) else None


def _guess(data: bytes, defects: set[Defect], *, cut: bool) -> str:
    text = strict(data, "utf-8", cut=cut)
    if text is None:
        defects.add(Defect.CHARSET_WRONG)
        text = data.decode("cp1252", "replace")
    return _lines(data, text)


def _lines(data: bytes, text: str) -> str:
    """Return ``text`` as ``safe`` does; cheap where the bytes of UTF-8 hold no control."""
    if data.translate(None, _HARMLESS):
        return safe(text)
    return _line_feeds(text)


def _line_feeds(text: str) -> str:
    if "\r" not in text:
        return text
    # Split and joined, which takes half the time of a replacement.
    text = "\n".join(text.split("\r\n"))
    return text.replace("\r", "\n") if "\r" in text else text


def strict(data: bytes, chosen: str, *, cut: bool = False) -> str | None:
    """Return the text that ``data`` is in the Python codec ``chosen``; ``None`` if it is not."""
    try:
        return data.decode(chosen)
    except UnicodeDecodeError as error:
        if not cut or error.start < len(data) - _LONGEST_TAIL:
            return None
        try:
            return data[: error.start].decode(chosen)
        except UnicodeDecodeError:
            return None
    except (LookupError, ValueError):
        # A build of Python may lack a codec of the table.
        return None


def sniff(data: bytes) -> str | None:
    """Return the charset that an HTML page names in its head, or its byte order mark."""
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    match = _META.search(data, 0, _META_WINDOW)
    return match[1].decode("ascii") if match else None


def safe(text: str) -> str:
    """Return body text with LF line ends, without NUL, other controls and lone surrogates."""
    return _UNSAFE.sub("", _line_feeds(text))


def cut_bytes(text: str, limit: int) -> tuple[str, bool]:
    """Return ``text`` in at most ``limit`` bytes of UTF-8, and whether it was cut."""
    # A character has at most four bytes.
    if len(text) * 4 <= limit or (len(text) <= limit and text.isascii()):
        return text, False
    head = text[:limit].encode("utf-8")
    if len(head) <= limit:
        return (text, False) if len(text) <= limit else (text[:limit], True)
    return head[:limit].decode("utf-8", "ignore"), True
