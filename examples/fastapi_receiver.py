"""A receiver of Vedette's webhooks on FastAPI: first into an inbox, then the work.

    pip install fastapi uvicorn standardwebhooks
    SECRET=whsec_… python fastapi_receiver.py 8080 inbox.db

A request is verified, its event goes into the inbox, once, and it is answered. One worker takes the
events from there, also those that a crash left behind: what it does should be safe to do again.
"""

import asyncio
import json
import os
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

hook = Webhook(os.environ["SECRET"])
inbox = sqlite3.connect(sys.argv[2], isolation_level=None)
news = asyncio.Event()


def handle(event: dict[str, Any]) -> None:
    """Do what is to be done: here, show it."""
    print(event["type"], event["data"].get("subject", ""), flush=True)


async def work() -> None:
    """Handle what is in the inbox, the oldest first, whenever there is news."""
    while True:
        news.clear()
        left = "SELECT number, body FROM event WHERE done = 0 ORDER BY number"
        for number, body in inbox.execute(left).fetchall():
            handle(json.loads(body))
            inbox.execute("UPDATE event SET done = 1 WHERE number = ?", (number,))
        await news.wait()


@asynccontextmanager
async def working(_app: FastAPI) -> AsyncIterator[None]:
    """Work for as long as the app runs."""
    inbox.execute(
        "CREATE TABLE IF NOT EXISTS event (number INTEGER PRIMARY KEY, id TEXT UNIQUE,"
        " body BLOB, done INTEGER DEFAULT 0)"
    )
    worker = asyncio.create_task(work())
    yield
    worker.cancel()
    with suppress(asyncio.CancelledError):
        await worker


app = FastAPI(lifespan=working)


@app.post("/events", status_code=204)
async def take(request: Request) -> None:
    """Keep one event; one that is here already is a repeat."""
    body = await request.body()
    try:
        hook.verify(body, dict(request.headers), json_parse=False)
    except (WebhookVerificationError, ValueError) as error:
        # ValueError: a header that is no signature at all.
        raise HTTPException(401) from error
    event = request.headers["webhook-id"]
    inbox.execute("INSERT OR IGNORE INTO event (id, body) VALUES (?, ?)", (event, body))
    news.set()


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
