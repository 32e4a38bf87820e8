"""Single letters for packs: one sender, one text, authenticated or not.

Must not know: any pack.
"""

from __future__ import annotations

import base64
from email.utils import formataddr

from tests.corpus.posting import AUTHSERV


def letter(
    text: str,
    *,
    subject: str = "Hello",
    name: str = "Robin",
    address: str = "news@club-mailing.example",
    bulk: bool = True,
    dmarc: str = "pass",
    html: bool = False,
    fields: str = "",
    link: str = "https://club-mailing.example/go",
) -> bytes:
    """Return one message as the mailbox of the corpus received it."""
    domain = address.rpartition("@")[2]
    passed = "pass" if dmarc == "pass" else "fail"
    head = [
        f"Authentication-Results: {AUTHSERV}; spf={passed} smtp.mailfrom={address};",
        f" dkim={passed} header.d={domain}; dmarc={dmarc} header.from={domain}",
        f"From: {formataddr((name, address))}",
        "To: sam@briefkasten.test",
        f"Subject: {_word(subject)}",
        "Message-ID: <one@club-mailing.example>",
        "MIME-Version: 1.0",
        f"Content-Type: text/{'html' if html else 'plain'}; charset=utf-8",
        "Content-Transfer-Encoding: base64",
    ]
    if bulk:
        head.append(f"List-Unsubscribe: <https://{domain}/u/1>")
    if fields:
        head.append(fields)
    whole = f"{text}\n\n{link}\n" if link and not html else text
    body = base64.encodebytes(whole.encode("utf-8", "surrogatepass")).decode()
    return ("\r\n".join(head) + "\r\n\r\n" + body.replace("\n", "\r\n")).encode()


def _word(text: str) -> str:
    if text.isascii():
        return text
    return f"=?utf-8?B?{base64.b64encode(text.encode()).decode()}?="
