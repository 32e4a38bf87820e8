"""Newsletters as shops send them, of a given size: the same octets for every guard that is measured.

A third is text, in two parts that say the same; the rest is style, tables and links that count
clicks. Must not know: who reads them.
"""

from __future__ import annotations

import re
from random import Random

from bench.figures.letters import head

_WORDS = re.split(
    " ",
    "der Sommer ist da und mit ihm neue Schuhe für die ganze Familie leicht bequem schön in allen"
    " Größen jetzt entdecken wir haben über hundert Modelle für Sie ausgewählt und liefern ab 29,90 €"
    " frei Haus Ihre Bestellung 4711 ist unterwegs vielen Dank schöne Grüße Ihr Team aus München"
    " Rückgabe innerhalb von 30 Tagen Fragen beantwortet unser Kundendienst gern auch am Samstag",
)
_STYLE = (
    "font-family:Arial,Helvetica,sans-serif;font-size:16px;line-height:24px;color:#333333;"
    "padding:12px 24px;mso-line-height-rule:exactly"
)
_PREHEADER = (
    '<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">Nur bis Sonntag'
    f"{'&#847;&zwnj;&nbsp;' * 30}</div>"
)
_OPENING = (
    '<!DOCTYPE html><html><head><meta charset="utf-8"><title>Sommer</title><style type="text/css">'
    f"{'.c{max-width:600px!important;padding:0 8px!important} @media(max-width:480px){.d{width:100%}}' * 8}"
    f'</style></head><body style="margin:0;background:#f4f4f4">{_PREHEADER}'
    '<table width="100%" cellpadding="0" cellspacing="0" border="0"><tr><td align="center">'
)
_CLOSING = (
    '</td></tr></table><img src="https://t.news.shop.example/o/4711.gif" width="1" height="1" alt="">'
    "</body></html>\r\n"
)


def newsletter(size: int) -> bytes:
    """Return a message of some ``size`` octets."""
    rng = Random(size)
    lines: list[str] = []
    rows: list[str] = []
    begun = len(head("x").encode()) + len(_OPENING) + len(_CLOSING) + 400
    room = size - begun
    while room > 0:
        said = " ".join(rng.choices(_WORDS, k=24))
        lines.append(f"{said}\r\n")
        rows.append(_row(said, rng))
        room -= len(lines[-1].encode()) + len(rows[-1].encode())
    return (
        head('multipart/alternative; boundary="=_1"', unsubscribe=True)
        + "\r\n--=_1\r\nContent-Type: text/plain; charset=utf-8\r\n"
        + "Content-Transfer-Encoding: 8bit\r\n\r\n"
        + "".join(lines)
        + "\r\n--=_1\r\nContent-Type: text/html; charset=utf-8\r\n"
        + "Content-Transfer-Encoding: 8bit\r\n\r\n"
        + _OPENING
        + "".join(rows)
        + _CLOSING
        + "\r\n--=_1--\r\n"
    ).encode()


def _row(said: str, rng: Random) -> str:
    token = rng.randbytes(24).hex()
    return (
        '<table width="600" cellpadding="0" cellspacing="0" border="0" role="presentation"><tr>'
        f'<td align="left" valign="top" style="{_STYLE}">\r\n<p style="margin:0 0 12px">{said}</p>'
        f'<a href="https://click.news.shop.example/ls/click?upn={token}&amp;m=4711"'
        ' style="color:#0055aa;text-decoration:underline" target="_blank"><span>Mehr</span></a>'
        f'<img src="https://cdn.shop.example/i/{token[:12]}.jpg" width="552" alt="Modell'
        f' {rng.randrange(900)}" style="display:block;border:0"></td></tr></table>\r\n'
    )
