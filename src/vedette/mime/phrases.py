"""What mail programs write around a message, in the languages mail is written in.

Data alone: attribution lines, quoted headers, dividers, closing lines and absence
notices in English, German, French, Spanish, Italian, Portuguese, Dutch, Polish,
Russian, Turkish and Chinese. It must not know how they are looked for.
"""

# ruff: noqa: RUF001 -- the words of other alphabets are the data of this module

from __future__ import annotations

import re

# An attribution holds one of these words and ends with a colon; where the verb
# stands in the middle, the line also starts with the word of its language.
VERBS = (
    "wrote", "writes", "schrieb", "schreibt", "a écrit", "écrit", "escribió", "escribio",
    "ha scritto", "scritto", "escreveu", "schreef", "geschreven", "napisał", "napisała",
    "napisał(a)", "pisze", "написал", "написала", "написал(а)", "пишет", "yazdı", "写道", "寫道",
    )  # fmt: skip
OPENINGS = (
    "on ", "am ", "le ", "el ", "il ", "em ", "op ", "w dniu ", "dnia ", "в ", "於", "于", "在",
    "a ", "il giorno ", "в письме ", "no dia ", "lun", "mar", "mié", "jue", "vie", "sáb", "dom",
    "pon", "wt", "śr", "czw", "pt", "sob", "ndz", "пн", "вт", "ср", "чт", "пт", "сб", "вс",
    "mon", "tue", "wed", "thu", "fri", "sat", "sun", "mo", "di", "mi", "do", "fr", "sa", "so",
)  # fmt: skip
COLONS = (":", "：")

# The first lines of the header that Outlook and others put above the answered mail.
HEADER_NAMES = {
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

DIVIDERS = re.compile(
    r"\s*(?:-{2,}|_{2,})\s*(?:original message|ursprüngliche nachricht|originalnachricht"
    r"|message d'origine|message original|mensaje original|messaggio originale"
    r"|mensagem original|oorspronkelijk bericht|wiadomość oryginalna|oryginalna wiadomość"
    r"|исходное сообщение|пересылаемое сообщение|orijinal mesaj|özgün ileti"
    r"|原始邮件|邮件原件|原始郵件|reply message|antwort nachricht)\s*(?:-{2,}|_{2,})?\s*",
    re.IGNORECASE,
)
SENT_FROM = re.compile(
    r"(?:sent from (?:my |outlook|mail for|yahoo)|get outlook for|von meinem .{1,40} gesendet"
    r"|gesendet von |envoyé de(?:puis)? mon |enviado desde mi |inviato da(?:l mio)? "
    r"|enviado do meu |verzonden vanaf mijn |verstuurd vanaf mijn |wysłane z |отправлено с "
    r"|iphone'umdan gönderildi|发自我的|從我的).{0,80}",
    re.IGNORECASE,
)

# How the subject of an absence notice starts.
AUTO_REPLY_SUBJECT = re.compile(
    r"\s*(?:auto(?:matic)?[ -]?(?:reply|response)|out of (?:the )?office|autoreply|abwesend"
    r"|abwesenheits|automatische antwort|réponse automatique|absence du bureau"
    r"|respuesta automática|fuera de la oficina|risposta automatica|fuori sede"
    r"|resposta automática|automatisch antwoord|afwezig|odpowiedź automatyczna|autoodpowiedź"
    r"|автоматический ответ|автоответ|otomatik yanıt|自动答复|自动回复|自動回覆)",
    re.IGNORECASE,
)
