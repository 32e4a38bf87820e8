r"""``vedette mail flag|move``: flags of a message, and the folder that it is in."""

from __future__ import annotations

from typing import Annotated, Final

from cyclopts import Parameter

from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import line, told
from vedette.errors import UsageError

Names = Annotated[tuple[str, ...], Parameter(negative=())]

#: Flags of RFC 9051 section 2.3.2 that have an option each: a backslash is hard to say in a shell.
_FLAGS: Final = {"seen": r"\Seen", "answered": r"\Answered", "flagged": r"\Flagged"}


def flag(
    account: str,
    message: str,
    *,
    seen: bool | None = None,
    answered: bool | None = None,
    flagged: bool | None = None,
    add: Names = (),
    remove: Names = (),
    at: Reach = HERE,
) -> int:
    r"""Set flags of a message, and take flags off.

    Parameters
    ----------
    account
        The account's id.
    message
        The message's id.
    seen
        Mark it as read, or as not read.
    answered
        Mark it as answered, or as not answered.
    flagged
        Flag it, or take the flag off.
    add
        A flag or keyword to set (again for more).
    remove
        A flag or keyword to take off (again for more).
    """
    said = {"seen": seen, "answered": answered, "flagged": flagged}
    on = (*add, *(_FLAGS[name] for name, value in said.items() if value is True))
    off = (*remove, *(_FLAGS[name] for name, value in said.items() if value is False))
    if not on and not off:
        raise UsageError("say which flags: --seen, --no-seen, --add …, --remove …")
    found = at.ask(lambda client: client.mailboxes.mark(account, message, add=on, remove=off))
    if at.as_json:
        print(line(found))
        return 0
    print(told(found.flags))
    if found.unkept:
        print(f"the server did not keep {told(found.unkept)}")
    return 0


def move(account: str, message: str, folder: str, *, at: Reach = HERE) -> int:
    r"""Move a message to another folder, where it has another id, which is shown.

    Parameters
    ----------
    account
        The account's id.
    message
        The message's id.
    folder
        The folder, or a special use such as \Archive, \Junk or \Trash.
    """
    found = at.ask(lambda client: client.mailboxes.move(account, message, folder))
    if at.as_json:
        print(line(found))
        return 0
    where = f"it is in {told(found.folder.path)}"
    print(f"{where} now{'' if found.id is None else f', as {told(found.id)}'}")
    return 0
