"""What a person who connects a mailbox sees: small pages, made on the server, without any script.

Everything that is shown goes through ``_text``, which escapes it; what is markup is of this module.
The style is allowed by its digest, forms go to us alone, and nobody shows a page in a frame
(``PAGE``). It must not know what a link is.
"""

from __future__ import annotations

import html
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from starlette.responses import HTMLResponse

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;"
    "color:#1a1a1a;background:#fff}"
    "h1{font-size:1.4rem}label{display:block;margin:1rem 0 .2rem}"
    "input,select{font:inherit;width:100%;box-sizing:border-box;padding:.4rem}"
    "input[type=checkbox]{width:auto}button{font:inherit;margin-top:1rem;padding:.5rem 1.2rem}"
    ".words{white-space:pre-wrap;border:1px solid #999;padding:.8rem;max-height:16rem;overflow:auto}"
    ".bad{border-left:4px solid #b00020;padding-left:.8rem}.hint{color:#444}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#111}.hint{color:#bbb}}"
)
_DIGEST: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()
#: What a page may: its own style and forms to us. A browser goes on to a provider by a link and a
#: refresh, because some browsers hold redirects after a form against ``form-action`` as well.
PAGE: Final = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a form; one that is ``hidden`` has a value that comes back as it is."""

    name: str
    label: str = ""
    value: str = ""
    kind: str = "text"
    autocomplete: str = "off"
    hidden: bool = False
    required: bool = True
    options: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A form: hidden and shown fields, fields behind a fold, and what its button says.

    ``agree`` is what a person has to tick, where that is asked for.
    """

    button: str
    fields: Sequence[Field] = ()
    folded: Sequence[Field] = ()
    is_open: bool = False
    agree: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A page. ``error`` is what went wrong before, ``words`` what is to be agreed to.

    ``onward`` is where it leads to by itself, with the name of that; ``hint`` has a link or none.
    """

    title: str
    lines: Sequence[str] = ()
    error: Sequence[str] = ()
    words: str = ""
    hint: tuple[str, str] | None = None
    sheets: Sequence[Sheet] = ()
    onward: tuple[str, str] | None = None


def answer(screen: Screen, *, status: int = 200) -> HTMLResponse:
    """Return a page as an answer. Headers that every answer has are the gate's."""
    return HTMLResponse(page(screen), status_code=status, headers={"Content-Security-Policy": PAGE})


def page(screen: Screen) -> str:
    """Return the document."""
    refresh = ""
    if screen.onward is not None:
        refresh = f'<meta http-equiv="refresh" content="1;url={_text(_address(screen.onward[0]))}">'
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="robots" content="noindex">'
        f"{refresh}<title>{_text(screen.title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{_text(screen.title)}</h1>{_body(screen)}</main></body></html>"
    )


def _body(screen: Screen) -> str:
    parts = [f"<p>{_text(line)}</p>" for line in screen.lines]
    if screen.error:
        said = "".join(f"<p>{_text(line)}</p>" for line in screen.error if line)
        parts.append(f'<div class="bad" role="alert">{said}</div>')
    if screen.words:
        parts.append(f'<div class="words" tabindex="0">{_text(screen.words)}</div>')
    if screen.hint is not None:
        words, url = screen.hint
        where = f" {_link(url, url)}" if url else ""
        parts.append(f'<p class="hint">{_text(words)}{where}</p>')
    parts += [_sheet(each, number) for number, each in enumerate(screen.sheets)]
    if screen.onward is not None:
        parts.append(f"<p>{_link(*screen.onward)}</p>")
    return "".join(parts)


def _sheet(sheet: Sheet, number: int) -> str:
    parts = [_field(each, number) for each in sheet.fields]
    if sheet.folded:
        inner = "".join(_field(each, number) for each in sheet.folded)
        is_open = " open" if sheet.is_open else ""
        parts.append(f"<details{is_open}><summary>Server</summary>{inner}</details>")
    if sheet.agree:
        parts.append(
            f'<label><input type="checkbox" name="agree" value="{_text(sheet.agree)}" required>'
            " I agree to these words.</label>"
        )
    return f'<form method="post">{"".join(parts)}<button>{_text(sheet.button)}</button></form>'


def _field(field: Field, number: int) -> str:
    name, value = _text(field.name), _text(field.value)
    if field.hidden:
        return f'<input type="hidden" name="{name}" value="{value}">'
    id_ = f"{name}{number}"
    needed = " required" if field.required else ""
    if field.options:
        options = "".join(
            f"<option{' selected' if each == field.value else ''}>{_text(each)}</option>"
            for each in field.options
        )
        shown = f'<select id="{id_}" name="{name}">{options}</select>'
    else:
        shown = (
            f'<input id="{id_}" name="{name}" type="{_text(field.kind)}" value="{value}"'
            f' autocomplete="{_text(field.autocomplete)}"{needed}>'
        )
    return f'<label for="{id_}">{_text(field.label)}</label>{shown}'


def _link(url: str, words: str) -> str:
    return f'<a href="{_text(_address(url))}" rel="noreferrer">{_text(words)}</a>'


def _address(url: str) -> str:
    """Return an address that a link may have: others run scripts, or stay with us."""
    return url if url.startswith(("https://", "http://")) else "about:blank"


def _text(text: str) -> str:
    return html.escape(text, quote=True)
