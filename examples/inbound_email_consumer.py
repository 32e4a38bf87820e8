"""A helpdesk's consumer of INBOUND_EMAIL_RECEIVED: each mail is a ticket, or a comment of one.

    pip install fastapi uvicorn standardwebhooks
    SECRET=whsec_… python inbound_email_consumer.py 8080 tickets.db

The endpoint has `profile = "inbound-email-received"`, and `ordered = true`, so that no answer comes
before what it answers. The event's id and what becomes of the mail are written in one transaction:
a repeat finds the id and changes nothing, a crash leaves neither.
"""

import os
import sqlite3
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel, Field, ValidationError
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

SCHEMA = """
CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS ticket (
  id INTEGER PRIMARY KEY, tenant TEXT, title TEXT, requester TEXT, open INTEGER DEFAULT 1);
CREATE TABLE IF NOT EXISTS comment (ticket INTEGER, message TEXT, author TEXT, text TEXT);
CREATE INDEX IF NOT EXISTS comment_message ON comment (message);
"""


class Address(BaseModel):
    """A mailbox."""

    email: str
    name: str = ""


class EmailData(BaseModel):
    """As much of a mail as a ticket needs."""

    id: str
    sender: Address = Field(alias="from")
    subject: str
    body: dict[str, str | None]
    references: list[str]
    in_reply_to: str | None = Field(default=None, alias="inReplyTo")
    headers: dict[str, str]


class InboundEmailReceived(BaseModel):
    """The payload."""

    tenant: str = Field(alias="tenantId")
    email: EmailData = Field(alias="emailData")


hook = Webhook(os.environ["SECRET"])
tickets = sqlite3.connect(sys.argv[2])
tickets.executescript(SCHEMA)
app = FastAPI()


@app.post("/events", status_code=204)
async def take(request: Request) -> None:
    """Take one mail in; one that is here already is a repeat."""
    body = await request.body()
    try:
        hook.verify(body, dict(request.headers), json_parse=False)
    except (WebhookVerificationError, ValueError) as error:
        # ValueError: a header that is no signature at all.
        raise HTTPException(401) from error
    try:
        mail = InboundEmailReceived.model_validate_json(body)
    except ValidationError as error:
        # Vedette keeps what is refused to the end: vedette deliveries --failed shows it.
        raise HTTPException(422) from error
    with tickets:
        known = "INSERT OR IGNORE INTO event VALUES (?)"
        if tickets.execute(known, (request.headers["webhook-id"],)).rowcount:
            write(mail.tenant, mail.email)


def write(tenant: str, email: EmailData) -> None:
    """Add a mail to the ticket that it answers, or open one."""
    by_program = email.headers.get("auto-submitted", "no").lower() != "no"
    ticket = answered(tenant, [email.in_reply_to, *reversed(email.references)])
    if ticket is None:
        ticket = tickets.execute(
            "INSERT INTO ticket (tenant, title, requester) VALUES (?, ?, ?)",
            (tenant, email.subject, email.sender.email),
        ).lastrowid
    elif not by_program:
        # What a program says reopens nothing: two programs would go on for ever.
        tickets.execute("UPDATE ticket SET open = 1 WHERE id = ?", (ticket,))
    tickets.execute(
        "INSERT INTO comment VALUES (?, ?, ?, ?)",
        (ticket, email.id, email.sender.email, email.body.get("text")),
    )


def answered(tenant: str, messages: list[str | None]) -> Any:
    """Return the ticket that one of these messages is in, the nearest first; None for none."""
    for message in messages:
        found = tickets.execute(
            "SELECT ticket.id FROM comment JOIN ticket ON ticket.id = comment.ticket"
            " WHERE comment.message = ? AND ticket.tenant = ?",
            (message, tenant),
        ).fetchone()
        if found is not None:
            return found[0]
    return None


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
