"""Settings of a whole service without a mail server: an account that is refused, a file.

Must not know: what a test does with the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.support.ports import free_port
from vedette.config.settings import AccountSettings, EndpointSettings, Settings
from vedette.model.account import Account, Credentials
from vedette.model.delivery import Endpoint
from vedette.model.ids import AccountId, EndpointId, TenantId
from vedette.ports.link import Encryption, Target
from vedette.secret import Secret
from vedette.sinks.lines import LinesSettings

#: Nobody listens there: an account is watched for, and never reached.
PORT = free_port()


def account(name: str, password: str = "pass") -> AccountSettings:
    """Return an account on a server that is down."""
    return AccountSettings(
        account=Account(
            id=AccountId(name),
            tenant=TenantId("default"),
            email=f"{name}@example.org",
            credentials=Credentials(user=name, password=Secret(password)),
        ),
        target=Target(host="127.0.0.1", port=PORT, encryption=Encryption.NONE, private=True),
    )


def file(name: str, path: Path) -> EndpointSettings:
    """Return an endpoint that appends lines to a file."""
    return EndpointSettings(
        endpoint=Endpoint(id=EndpointId(name), ordered=True), sink=LinesSettings(path=path)
    )


def service(folder: Path, accounts: Sequence[str] = (), endpoints: Sequence[str] = ()) -> Settings:
    """Return the settings of a service with its state in a folder."""
    return Settings(
        state=folder / "state",
        accounts=tuple(account(name) for name in accounts),
        endpoints=tuple(file(name, folder / name) for name in endpoints),
    )
