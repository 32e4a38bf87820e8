# ruff: noqa: RUF001 -- the words of other alphabets are the cases
"""The reply is what the sender wrote, in eleven languages and many programs."""

from __future__ import annotations

import pytest

from vedette.mime import reply

ATTRIBUTIONS = {
    "en-gmail": "On Tue, Feb 3, 2026 at 9:15 AM Jane Doe <jane@example.com> wrote:",
    "en-gmail-wrapped": "On Tue, Feb 3, 2026 at 9:15 AM Jane Doe With A Long Name\n<jane@example.com> wrote:",
    "en-thunderbird": "On 03/02/2026 09:15, Jane Doe wrote:",
    "en-apple": "> On 3 Feb 2026, at 09:15, Jane Doe <jane@example.com> wrote:\n>",
    "en-bare": "jane@example.com writes:",
    "de-gmail": "Am Di., 3. Feb. 2026 um 09:15 Uhr schrieb Jane Doe <jane@example.com>:",
    "de-gmail-wrapped": "Am Di., 3. Feb. 2026 um 09:15 Uhr schrieb Jane Doe <\njane@example.com>:",
    "de-thunderbird": "Am 03.02.26 um 09:15 schrieb Jane Doe:",
    "fr-gmail": "Le mar. 3 févr. 2026 à 09:15, Jane Doe <jane@example.com> a écrit :",
    "fr-thunderbird": "Le 03/02/2026 à 09:15, Jane Doe a écrit\u00a0:",
    "es-gmail": "El mar, 3 feb 2026 a las 9:15, Jane Doe (<jane@example.com>) escribió:",
    "it-gmail": "Il giorno mar 3 feb 2026 alle ore 09:15 Jane Doe <jane@example.com> ha scritto:",
    "it-thunderbird": "Il 03/02/2026 09:15, Jane Doe ha scritto:",
    "pt-gmail": "Em ter., 3 de fev. de 2026 às 09:15, Jane Doe <jane@example.com> escreveu:",
    "nl-gmail": "Op di 3 feb 2026 om 09:15 schreef Jane Doe <jane@example.com>:",
    "nl-thunderbird": "Op 03-02-2026 om 09:15 schreef Jane Doe:",
    "pl-gmail": "wt., 3 lut 2026 o 09:15 Jane Doe <jane@example.com> napisał(a):",
    "pl-thunderbird": "W dniu 3.02.2026 o 09:15, Jane Doe pisze:",
    "ru-gmail": "вт, 3 февр. 2026 г. в 09:15, Jane Doe <jane@example.com>:",
    "ru-thunderbird": "03.02.2026 09:15, Jane Doe пишет:",
    "ru-yandex": "3 февраля 2026 г., 09:15 пользователь Jane Doe <jane@example.com> написал:",
    "tr-gmail": "Jane Doe <jane@example.com>, 3 Şub 2026 Sal, 09:15 tarihinde şunu yazdı:",
    "zh-gmail": "Jane Doe <jane@example.com> 于2026年2月3日周二 09:15写道：",
    "zh-netease": '在 2026-02-03 09:15:00，"Jane Doe" <jane@example.com> 写道：',
    "zh-tw": "Jane Doe <jane@example.com> 於 2026年2月3日 週二 上午9:15寫道：",
}  # fmt: skip

BLOCKS = {
    "en": "From: Jane Doe <jane@example.com>\nSent: Tuesday, February 3, 2026 9:15 AM\nTo: Joe\nSubject: Hi",
    "en-bold": "*From:* Jane Doe <jane@example.com>\n*Sent:* Tuesday\n*To:* Joe\n*Subject:* Hi",
    "de": "Von: Jane Doe\nGesendet: Dienstag, 3. Februar 2026 09:15\nAn: Joe\nBetreff: Hi",
    "fr": "De : Jane Doe\nEnvoyé : mardi 3 février 2026 09:15\nÀ : Joe\nObjet : Hi",
    "es": "De: Jane Doe\nEnviado: martes, 3 de febrero de 2026\nPara: Joe\nAsunto: Hi",
    "it": "Da: Jane Doe\nInviato: martedì 3 febbraio 2026\nA: Joe\nOggetto: Hi",
    "pt": "De: Jane Doe\nEnviada em: terça-feira, 3 de fevereiro\nPara: Joe\nAssunto: Hi",
    "nl": "Van: Jane Doe\nVerzonden: dinsdag 3 februari 2026\nAan: Joe\nOnderwerp: Hi",
    "pl": "Od: Jane Doe\nWysłano: wtorek, 3 lutego 2026\nDo: Joe\nTemat: Hi",
    "ru": "От: Jane Doe\nОтправлено: 3 февраля 2026 г.\nКому: Joe\nТема: Hi",
    "tr": "Gönderen: Jane Doe\nGönderildi: 3 Şubat 2026 Salı\nKime: Joe\nKonu: Hi",
    "zh": "发件人：Jane Doe\n发送时间：2026年2月3日\n收件人：Joe\n主题：Hi",
    "divider": "-----Original Message-----\nFrom: Jane Doe",
    "divider-de": "-----Ursprüngliche Nachricht-----\nVon: Jane Doe",
    "rule": "________________________________\nFrom: Jane\nSent: Tuesday\nTo: Joe\nSubject: Hi",
}


@pytest.mark.parametrize("line", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS.keys())
def test_an_attribution_and_the_quote_below_it_are_not_the_reply(line: str) -> None:
    """The quote has marks."""
    assert reply.extract(f"Yes, please.\n\n{line}\n> Shall I?\n> Jane\n") == "Yes, please."


@pytest.mark.parametrize(
    "line", [v for k, v in ATTRIBUTIONS.items() if k != "en-apple"],
    ids=[k for k in ATTRIBUTIONS if k != "en-apple"],
)  # fmt: skip
def test_an_attribution_ends_the_reply_where_the_quote_has_no_marks(line: str) -> None:
    """Phones and webmail quote so."""
    assert reply.extract(f"Yes, please.\n\n{line}\n\nShall I?\nJane\n") == "Yes, please."


@pytest.mark.parametrize("line", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS.keys())
def test_answers_between_quoted_lines_are_the_reply(line: str) -> None:
    """The answers are kept, the questions are not."""
    text = f"{line}\n> Coffee?\nYes.\n> Sugar?\nNo.\n> Jane\n"

    assert reply.extract(text).split() == ["Yes.", "No."]


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS.keys())
def test_a_quoted_header_ends_the_reply(block: str) -> None:
    """Outlook quotes without marks, in every language."""
    assert reply.extract(f"Yes, please.\n\n{block}\n\nShall I?\n") == "Yes, please."


@pytest.mark.parametrize(
    "text",
    [
        "On Monday we wrote:\nnothing of note",
        "From: the desk of Jane\nHello",
        "He wrote:\nyes",
        "Note:\n- one\n- two",
        "To: do\nDate: none",
        "I am at 10: see you",
        "-- ",
        "---\ntable\n---",
    ],
)
def test_words_that_only_look_like_a_quote_stay(text: str) -> None:
    """An attribution names a date or an address; a quoted header has three fields."""
    assert reply.extract(text) == text.strip()


def test_a_signature_is_not_the_reply() -> None:
    """RFC 3676 section 4.3; a mail that is all signature is kept."""
    assert reply.extract("Yes.\n\n-- \nJoe\nExample Ltd\n") == "Yes."


@pytest.mark.parametrize(
    "line", ["Sent from my iPhone", "Von meinem iPhone gesendet", "Get Outlook for iOS"]
)
def test_the_closing_line_of_a_phone_is_not_the_reply(line: str) -> None:
    """Nobody wrote it."""
    assert reply.extract(f"Yes.\n\n{line}\n") == "Yes."


def test_a_mail_that_is_all_quote_is_returned_whole() -> None:
    """An empty reply would hide what was sent."""
    assert reply.extract("> Shall I?\n> Jane\n") == "> Shall I?\n> Jane"


def test_a_forwarded_message_is_what_was_sent() -> None:
    """The forwarded text is the point of the mail."""
    text = "See below.\n\n---------- Forwarded message ---------\nHello"

    assert reply.extract(text) == text
