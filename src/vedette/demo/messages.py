"""The mail of the demonstration: nine messages as real mail systems write them.

Names and hosts are those reserved for examples (RFC 2606). Nothing here is sent anywhere.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from email.utils import formatdate
from typing import Final

ANNA: Final = "anna@demo.example"
BRUNO: Final = "bruno@demo.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message, and whose mailbox it goes to; ``text`` has no Date and LF line ends."""

    user: str
    folder: str = "INBOX"
    text: str

    def octets(self, now: float) -> bytes:
        """Return the message with its Date, line ends as on the wire."""
        whole = f"Date: {formatdate(now)}\nMIME-Version: 1.0\n{self.text}"
        return whole.replace("\n", "\r\n").encode("utf-8")


PLAIN: Final = Letter(
    user=ANNA,
    text="""\
From: Carla Rossi <carla@shop.example>
To: anna@demo.example
Subject: Where is my order?
Message-ID: <order-4711@shop.example>
Content-Type: text/plain; charset=utf-8

Hello, I ordered last week and have heard nothing since.
Order number 4711. Thank you!
""",
)

NEWSLETTER: Final = Letter(
    user=BRUNO,
    text="""\
From: "The Gazette" <news@gazette.example>
To: bruno@demo.example
Subject: =?utf-8?q?Ten_caf=C3=A9s_worth_the_detour?=
Message-ID: <issue-88@gazette.example>
List-Id: The Gazette <weekly.gazette.example>
List-Unsubscribe: <https://gazette.example/u/88>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: 8bit

<html><body><div style="display:none">You will not see this line.</div>
<h1>Ten cafés</h1><p>From <b>Lisbon</b> to Tallinn.</p></body></html>
""",
)

REPLY: Final = Letter(
    user=ANNA,
    text="""\
From: Dan Okafor <dan@partner.example>
To: anna@demo.example
Subject: Re: Offer 2026-17
Message-ID: <reply-2@partner.example>
In-Reply-To: <offer-17@demo.example>
References: <offer-17@demo.example>
Content-Type: text/plain; charset=utf-8

Yes, we take it. Please send the contract.

On Thu, 19 Nov 2026 at 16:02, Anna Berg <anna@demo.example> wrote:
> Dear Dan,
> here is our offer for the second half of the year.
> Anna
""",
)

_GERMAN_BODY: Final = """\
Guten Tag, Dienstag um zehn geht gut. Bis dann!

Am 20.11.2026 um 09:12 schrieb Bruno Weber <bruno@demo.example>:
> Hätten wir nächste Woche Zeit für ein Gespräch?
"""

GERMAN: Final = Letter(
    user=BRUNO,
    text=f"""\
From: =?iso-8859-1?q?J=F6rg_M=FCller?= <joerg@firma.example>
To: bruno@demo.example
Subject: AW: Termin
Message-ID: <aw-termin@firma.example>
In-Reply-To: <termin@demo.example>
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

{base64.encodebytes(_GERMAN_BODY.encode()).decode()}""",
)

BOUNCE: Final = Letter(
    user=ANNA,
    text="""\
From: Mail Delivery System <MAILER-DAEMON@mx.demo.example>
To: anna@demo.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <dsn-1@mx.demo.example>
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status; boundary="dsn"

--dsn
Content-Type: text/plain; charset=us-ascii

Your message could not be delivered.

--dsn
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.demo.example

Final-Recipient: rfc822; nobody@gone.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--dsn
Content-Type: text/rfc822-headers

Message-ID: <invoice-9@demo.example>
Subject: Invoice 9
To: nobody@gone.example

--dsn--
""",
)

INVITATION: Final = Letter(
    user=BRUNO,
    text="""\
From: Eva Lind <eva@studio.example>
To: bruno@demo.example
Subject: Invitation: Kick-off
Message-ID: <kickoff@studio.example>
Content-Type: multipart/alternative; boundary="invite"

--invite
Content-Type: text/plain; charset=utf-8

Kick-off, 1 December, ten o'clock.

--invite
Content-Type: text/calendar; charset=utf-8; method=REQUEST

BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//studio.example//EN
METHOD:REQUEST
BEGIN:VEVENT
UID:kickoff-1@studio.example
DTSTAMP:20261120T080000Z
DTSTART:20261201T100000Z
DTEND:20261201T110000Z
SUMMARY:Kick-off
ORGANIZER:mailto:eva@studio.example
ATTENDEE:mailto:bruno@demo.example
END:VEVENT
END:VCALENDAR

--invite--
""",
)

# A line end that wants to become a field, an escape that clears terminals, a letter that
# turns text around, and two senders: each must arrive as data and nothing else.
HOSTILE: Final = Letter(
    user=BRUNO,
    folder="Junk",
    text="""\
From: "Your Bank" <service@bank.example>
From: <crook@evil.example>
To: bruno@demo.example
Subject: =?utf-8?q?Act_now=0D=0ABcc=3A_all=40victims.example?=
 =?utf-8?q?=1B=5B2J_invoice=E2=80=AEfdp.exe?=
Message-ID: <trap@evil.example>
Content-Type: text/plain; charset=utf-8

Click here.
""",
)

# The smallest thing that is a PDF to whoever looks at its first octets.
_PDF: Final = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n" + bytes(
    range(256)
)

ATTACHMENT: Final = Letter(
    user=ANNA,
    text=f"""\
From: Frida Holm <frida@supplier.example>
To: anna@demo.example
Subject: Contract, signed
Message-ID: <contract@supplier.example>
Content-Type: multipart/mixed; boundary="mixed"

--mixed
Content-Type: text/plain; charset=utf-8

Here is the signed contract.

--mixed
Content-Type: application/pdf
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename*=utf-8''Vertrag%20f%C3%BCr%20Anna.pdf

{base64.encodebytes(_PDF).decode()}
--mixed--
""",
)

OFFER: Final = Letter(
    user=ANNA,
    text="""\
From: "Lucky Harbour" <vip@news.luckyharbour.example>
To: anna@demo.example
Subject: =?utf-8?q?Anna=2C_50_Fr=D0=B5=D0=B5_Spins_are_waiting?=
Message-ID: <offer-1@news.luckyharbour.example>
List-Unsubscribe: <https://news.luckyharbour.example/u/1>
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: 8bit

<html><body><h1>50 fr&#8203;ee spins</h1><p>Make your first deposit today and play
100 slots in our casino. <a href="https://go.luckyharbour.example/p?u=anna">Play now</a></p>
<p>18+. Wagering x35 applies.</p></body></html>
""",
)
