"""A process of a service that wants tokens: ``python -m tests.identity.oauth.asker URL ACCOUNT APP``.

It says ``ready``, waits for a line, asks, and prints what it got. Its clock is an hour ahead, so that
the token that is kept is of no use.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from dataclasses import replace

from tests.identity.oauth.rig import Clock, Instance, plain_account
from vedette.model.ids import AccountId
from vedette.ports.registration import Auth, Grant
from vedette.secret import Secret
from vedette.store.postgres.store import PostgresStore

#: Logins at once in each process.
WANTED = 20


def say(*words: str) -> None:
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


async def main(url: str, user: str, id_: str, app: str) -> None:
    store = PostgresStore(Secret(url), Clock(), instance=f"asker-{os.getpid()}")
    await store.start()
    instance = Instance(name=f"asker-{os.getpid()}", records=store.records)
    instance.clock.ahead += 3_600
    account = replace(plain_account(user), id=AccountId(id_))
    instance.follow(account, Grant(auth=Auth.OAUTH2, app=app))
    say("ready")
    await asyncio.to_thread(sys.stdin.readline)
    tokens = await asyncio.gather(*(instance.tokens.token(account) for _ in range(WANTED)))
    say(*{hashlib.sha256(each.reveal().encode()).hexdigest() for each in tokens})
    await instance.stop()
    await store.stop()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
