"""The text of one message, from its parts to what an event tells.

It must not know which parts belong to the message.
"""

from __future__ import annotations

from vedette.mime import charset, encoding, hiding, html, reply, text
from vedette.mime.content import Scope
from vedette.mime.defects import Defect
from vedette.mime.limits import Limits
from vedette.mime.marks import Marks
from vedette.mime.message import Shown, Text
from vedette.mime.structure import Part


def read(
    scope: Scope,
    raw: bytes,
    most: int,
    limits: Limits,
    defects: set[Defect],
    *,
    shown: bool = False,
) -> Text:
    """Return the text of ``scope``, each kind in at most ``most`` bytes of UTF-8.

    ``shown`` asks for what the HTML shows, even where there is plain text.
    """
    plain, plain_cut = _joined(scope.plain, raw, most, defects)
    source, source_cut = _joined(scope.html, raw, max(most, limits.html_source), defects)
    hidden = ""
    cut = plain_cut or source_cut
    page = marks = None
    if source is not None:
        if plain is None or shown or hiding.may_hide(source):
            marks = Marks(limits) if shown else None
            # Who judges a page looks at its end too, where it says more than is told of it.
            room = max(most, limits.html_source) if shown else most
            page = html.read(source[: limits.html_source], room, limits.html_nodes, marks)
            hidden = page.hidden
            cut = cut or page.cut or len(source) > limits.html_source or len(page.visible) > most
            if page.simplified:
                defects.add(Defect.HTML)
        source, shorter = charset.cut_bytes(source, most)
        cut = cut or shorter
    ending = _ending(scope.plain[-1], raw, limits.ending) if shown and plain_cut else ""
    told = None
    if page is not None and marks is not None:
        visible = "" if plain is None else _both_ends(page.visible, most, limits.ending)
        told = Shown(visible=visible, links=marks.links, alts=marks.alts)
    if plain is None and page is not None:
        plain, shorter = charset.cut_bytes(page.visible, most)
        cut = cut or shorter
        ending = page.visible[-limits.ending :] if shown and shorter else ""
    if cut:
        defects.add(Defect.TEXT_CUT)
    return Text(
        plain=plain,
        html=source,
        reply=None if plain is None else reply.extract(plain),
        hidden=charset.cut_bytes(hidden, most)[0],
        truncated=cut,
        shown=told,
        ending=ending,
    )


def _both_ends(text: str, most: int, ending: int) -> str:
    head, cut = charset.cut_bytes(text, most)
    return f"{head}\n\n{text[-ending:]}" if cut else head


def _ending(part: Part, raw: bytes, most: int) -> str:
    """Return the end of a text; what is wrong with it is none of the defects of the message."""
    tail = part.tail(raw, encoding.room(most))
    return _text(part, encoding.decode_tail(tail, part.encoding), set(), cut=True)[-most:]


def _joined(
    parts: list[Part], raw: bytes, most: int, defects: set[Defect]
) -> tuple[str | None, bool]:
    """Return the texts of ``parts``, one after the other, in at most ``most`` bytes."""
    if not parts:
        return None, False
    pieces: list[str] = []
    room = most
    cut = False
    for part in parts:
        if room <= 0:
            cut = True
            break
        piece, shorter = _decoded(part, raw, room, defects)
        pieces.append(piece)
        room -= len(piece) + 1
        cut = cut or shorter or part.cut
    joined, shorter = charset.cut_bytes("\n".join(pieces), most)
    return joined, cut or shorter


def _decoded(part: Part, raw: bytes, most: int, defects: set[Defect]) -> tuple[str, bool]:
    head = part.head(raw, encoding.room(most) + 1)
    data, cut = encoding.decode_head(head, part.encoding, most, defects)
    return _text(part, data, defects, cut=cut or part.cut), cut


def _text(part: Part, data: bytes, defects: set[Defect], *, cut: bool) -> str:
    named = part.parameters.get("charset")
    if part.content_type == "text/html" and (not named or charset.codec(named) is None):
        named = charset.sniff(data) or named
    found = charset.decode(data, named, defects, cut=cut)
    if part.parameters.get("format", "").lower() == "flowed":
        delsp = part.parameters.get("delsp", "").lower() == "yes"
        found = text.unflow(found, delsp=delsp)
    return found
