"""The reply without the mail it answers, in the languages mail is written in.

Lines only, one pass, no backtracking: an attribution is found by its end and its
start, never by one expression over all. Answers between quoted lines are kept.
It must not know HTML; quotes of HTML arrive as ``> `` lines.
"""

from __future__ import annotations

import re

# An attribution holds one of these words and ends with a colon; where the verb
# stands in the middle, the line also starts with the word of its language.
_VERBS = (
    "wrote", "writes", "schrieb", "schreibt", "a écrit", "écrit", "escribió", "escribio",
    "ha scritto", "scritto", "escreveu", "schreef", "geschreven", "napisał", "napisała",
    "napisał(a)", "pisze", "написал", "написала", "написал(а)", "пишет", "yazdı", "写道", "寫道",
    "schrieb am", "写",
)  # fmt: skip
_OPENINGS = (
    "on ", "am ", "le ", "el ", "il ", "em ", "op ", "w dniu ", "dnia ", "в ", "於", "于", "在",
    "a ", "il giorno ", "в письме ", "no dia ", "lun", "mar", "mié", "jue", "vie", "sáb", "dom",
    "pon", "wt", "śr", "czw", "pt", "sob", "ndz", "пн", "вт", "ср", "чт", "пт", "сб", "вс",
    "mon", "tue", "wed", "thu", "fri", "sat", "sun", "mo", "di", "mi", "do", "fr", "sa", "so",
)  # fmt: skip
_COLONS = (":", "：")
# Gmail wraps an attribution after 78 columns, so that it takes up to three lines.
_MOST_LINES = 3
_LONGEST_ATTRIBUTION = 400

# The first lines of the header that Outlook and others put above the answered mail.
_HEADER_NAMES = {
    "from": "from", "von": "from", "de": "from", "da": "from", "van": "from", "od": "from",
    "от": "from", "от кого": "from", "gönderen": "from", "kimden": "from", "发件人": "from",
    "寄件者": "from", "寄件人": "from", "expéditeur": "from",
    "sent": "date", "date": "date", "gesendet": "date", "datum": "date", "envoyé": "date",
    "enviado": "date", "enviado el": "date", "enviada em": "date", "enviado em": "date",
    "fecha": "date", "data": "date", "inviato": "date", "verzonden": "date", "wysłano": "date",
    "дата": "date", "отправлено": "date", "gönderildi": "date", "gönderme tarihi": "date",
    "tarih": "date", "发送时间": "date", "日期": "date", "寄件日期": "date", "gesendet am": "date",
    "to": "to", "an": "to", "à": "to", "para": "to", "a": "to", "aan": "to", "do": "to",
    "кому": "to", "kime": "to", "alıcı": "to", "收件人": "to", "收件者": "to", "destinataire": "to",
    "subject": "subject", "betreff": "subject", "objet": "subject", "asunto": "subject",
    "oggetto": "subject", "assunto": "subject", "onderwerp": "subject", "temat": "subject",
    "тема": "subject", "konu": "subject", "主题": "subject", "主旨": "subject",
    "cc": "cc", "kopie": "cc", "copie": "cc", "copia": "cc", "dw": "cc", "копия": "cc",
    "bilgi": "cc", "抄送": "cc", "副本": "cc",
}  # fmt: skip
_LONGEST_NAME = 20
_BLOCK_LINES = 6
_BLOCK_KINDS = 3

_DIVIDERS = re.compile(
    r"\s*(?:-{2,}|_{2,})\s*(?:original message|ursprüngliche nachricht|originalnachricht"
    r"|message d'origine|message original|mensaje original|messaggio originale"
    r"|mensagem original|oorspronkelijk bericht|wiadomość oryginalna|oryginalna wiadomość"
    r"|исходное сообщение|пересылаемое сообщение|orijinal mesaj|özgün ileti"
    r"|原始邮件|邮件原件|原始郵件|reply message|antwort nachricht)\s*(?:-{2,}|_{2,})?\s*",
    re.IGNORECASE,
)
_RULE = re.compile(r"\s*_{20,}\s*")
_SIGNATURE = re.compile(r"--\s?")
_SENT_FROM = re.compile(
    r"(?:sent from (?:my |outlook|mail for|yahoo)|get outlook for|von meinem .{1,40} gesendet"
    r"|gesendet von |envoyé de(?:puis)? mon |enviado desde mi |inviato da(?:l mio)? "
    r"|enviado do meu |verzonden vanaf mijn |verstuurd vanaf mijn |wysłane z |отправлено с "
    r"|iphone'umdan gönderildi|发自我的|從我的).{0,80}",
    re.IGNORECASE,
)


def extract(text: str) -> str:
    """Return what the sender of ``text`` wrote, quoted mail, attribution and signature removed.

    A text that is nothing but a quote or a forwarded message is returned whole: an
    empty reply to a message that has words would be wrong more often than right.
    """
    lines = text.split("\n")
    kept = _own(lines)
    reply = "\n".join(_unsigned(kept)).strip()
    return reply or text.strip()


def _own(lines: list[str]) -> list[str]:
    """Return the lines that are not quoted; stop where everything below is quoted."""
    last_mark = max((n for n, line in enumerate(lines) if line.lstrip()[:1] == ">"), default=-1)
    kept: list[str] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        stripped = line.strip()
        if stripped[:1] == ">":
            if kept and kept[-1]:
                kept.append("")
            number += 1
            continue
        if length := _attribution(lines, number):
            if last_mark < number:
                break  # the answered mail stands below without marks
            number += length
            continue
        if stripped and _starts_quote(lines, number, stripped):
            break
        kept.append(line.rstrip())
        number += 1
    return kept


def _starts_quote(lines: list[str], number: int, stripped: str) -> bool:
    if _DIVIDERS.fullmatch(stripped):
        return True
    if _RULE.fullmatch(stripped):
        return _header_block(lines, number + 1)
    return _header_name(stripped) == "from" and _header_block(lines, number)


def _attribution(lines: list[str], number: int) -> int:
    """Return how many lines from ``number`` are one attribution; 0 if none starts there."""
    joined = ""
    for length in range(1, _MOST_LINES + 1):
        if number + length > len(lines):
            return 0
        line = lines[number + length - 1].strip()
        if not line or len(joined) + len(line) > _LONGEST_ATTRIBUTION:
            return 0
        joined = f"{joined} {line}" if joined else line
        if line.endswith(_COLONS):
            return length if _is_attribution(joined, alone=length == 1) else 0
    return 0


def _is_attribution(line: str, *, alone: bool) -> bool:
    text = line.rstrip(":： \u00a0").lower()
    dated = any(character.isdigit() for character in text) or "@" in text
    if text.endswith(_VERBS):
        return dated and (alone or text.startswith(_OPENINGS) or text[:1].isdigit())
    padded = f" {text} "
    return (
        dated
        and text.startswith(_OPENINGS)
        and any(f" {verb} " in padded or f" {verb}:" in padded for verb in _VERBS)
    )


def _header_name(line: str) -> str | None:
    head, colon, _rest = line.lstrip("*").replace("：", ":", 1).partition(":")
    if not colon or len(head) > _LONGEST_NAME:
        return None
    return _HEADER_NAMES.get(head.strip(" *\u00a0").lower())


def _header_block(lines: list[str], number: int) -> bool:
    """Return whether a quoted header starts here: a sender, and two more of its kind."""
    kinds = set()
    looked = 0
    for line in lines[number : number + 2 * _BLOCK_LINES]:
        stripped = line.strip()
        if not stripped:
            continue
        looked += 1
        if kind := _header_name(stripped):
            kinds.add(kind)
        if looked == _BLOCK_LINES:
            break
    return "from" in kinds and len(kinds) >= _BLOCK_KINDS


def _unsigned(lines: list[str]) -> list[str]:
    """Drop the signature: from ``-- `` (RFC 3676 section 4.3) to the end of what was kept."""
    for number, line in enumerate(lines):
        if number and _SIGNATURE.fullmatch(line):
            lines = lines[:number]
            break
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    if end > 1 and _SENT_FROM.fullmatch(lines[end - 1].strip()):
        end -= 1
    return lines[:end]
