"""``vedette guard post|set|attach|detach|remove``: put guards at their posts, and take them away."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from vedette.cli.reach import HERE, File, Reach, secret_from
from vedette.cli.verb import cleared, each, given, named
from vedette.client import GuardChange, GuardWish
from vedette.config.guards import SUFFIXES
from vedette.errors import UsageError

Names = Annotated[tuple[str, ...], Parameter(negative=())]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What is set of a guard.

    Parameters
    ----------
    pack
        The name of a shipped pack, or the path of a YAML file whose text is sent.
    mode
        What it may do: act, or only decide and write down.
    account
        It stands at this account (again for more); without any at all of its tenant.
    folder
        It judges in this folder, by name or special use (again for more).
    sweep_messages
        How many of the mail that is there already it looks at, in each folder.
    sweep_days
        How old that mail may be.
    on_tenant
        It stands at this tenant's accounts (again for more); for admins.
    private
        Its lists may come from inside addresses; for admins.
    partner
        The endpoint of who is told of changes.
    partner_secret_file
        The secret of who may grant them, in the first line of this file; - is standard input.
    help
        What is told with everything that waits.
    active
        Whether it stands at all.
    """

    pack: str | None = None
    mode: Literal["shadow", "act"] | None = None
    account: Names = ()
    folder: Names = ()
    sweep_messages: int | None = None
    sweep_days: int | None = None
    on_tenant: Names = ()
    private: bool | None = None
    partner: str | None = None
    partner_secret_file: File = None
    help: str | None = None
    active: bool | None = None

    def members(self) -> dict[str, Any]:
        """Return what is said, by the fields of ``GuardChange``. Raises UsageError."""
        found = given(
            mode=self.mode,
            accounts=self.account,
            folders=self.folder,
            tenants=self.on_tenant,
            private=self.private,
            partner=self.partner,
            help=self.help,
            active=self.active,
        )
        if sweep := given(messages=self.sweep_messages, days=self.sweep_days):
            found["sweep"] = sweep
        if self.partner_secret_file is not None:
            found["partner_secret"] = secret_from(self.partner_secret_file)
        if self.pack is not None:
            found |= pack_of(self.pack)
        return found


#: Nothing said.
NOTHING = Described()


def post(
    *,
    id_: Annotated[str | None, Parameter(name="--id")] = None,
    tenant: str | None = None,
    described: Described = NOTHING,
    at: Reach = HERE,
) -> int:
    """Post a guard. Without --mode act it decides, writes down, and touches nothing.

    Parameters
    ----------
    id_
        Its name; without one it is given one. A tenant's has that of the tenant in front.
    tenant
        Whose it is, and at whose accounts it stands.
    """
    wish = GuardWish(**described.members(), **given(id=id_, tenant=tenant))
    return named(at.ask(lambda client: client.guards.create(wish)), at)


def set_(
    guard: str,
    *,
    clear: Names = (),
    if_version: int | None = None,
    described: Described = NOTHING,
    at: Reach = HERE,
) -> int:
    """Change a guard: what is not named stays. What loosens a protective one waits.

    Parameters
    ----------
    guard
        Its name.
    clear
        Set this back to its default, such as folders or partner (again for more).
    if_version
        Only where it still has this version.
    """
    found = described.members()
    known = [one.name for one in fields(GuardChange)]
    change = GuardChange(**found, **cleared(clear, known, tuple(found)))
    return named(at.ask(lambda client: client.guards.update(guard, change, version=if_version)), at)


def attach(guard: str, *accounts: str, at: Reach = HERE) -> int:
    """Let a guard stand at these accounts too.

    Parameters
    ----------
    guard
        Its name.
    accounts
        Their ids.
    """
    _insist(accounts)
    return named(at.ask(lambda client: client.guards.attach(guard, accounts)), at)


def detach(guard: str, *accounts: str, at: Reach = HERE) -> int:
    """Let a guard stand at these accounts no more; not at the last that it names.

    A protective one stands there until the ratchet lets it go.

    Parameters
    ----------
    guard
        Its name.
    accounts
        Their ids.
    """
    _insist(accounts)
    return named(at.ask(lambda client: client.guards.detach(guard, accounts)), at)


def remove(*guards: str, at: Reach = HERE) -> int:
    """Delete guards. A protective one stands on until the ratchet lets it go.

    Parameters
    ----------
    guards
        Their names.
    """
    return each(at, guards, "removed", lambda client, id_: client.guards.delete(id_))


def pack_of(named_: str) -> dict[str, str]:
    """Return the member for a shipped pack, or for the text of a file. Raises UsageError."""
    if not named_.endswith(SUFFIXES):
        return {"pack": named_}
    try:
        return {"text": Path(named_).expanduser().read_text(encoding="utf-8")}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{named_} can not be read: {error}") from error


def _insist(accounts: tuple[str, ...]) -> None:
    if not accounts:
        raise UsageError("name at least one account, by its id")
