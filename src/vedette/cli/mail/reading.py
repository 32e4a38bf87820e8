"""``vedette mail folders|show|attachments``: what there is, and what one message says."""

from __future__ import annotations

from typing import Final, Literal

from rich.console import Console
from rich.text import Text

from vedette.cli.live import plain
from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import Columns, line, print_table, told
from vedette.client.mailbox import Address, Attachment, Folder, Message

FOLDERS: Final[Columns[Folder]] = {
    "folder": lambda each: each.path,
    "use": lambda each: each.special_use,
    "watched": lambda each: each.watched,
    "messages": lambda each: each.messages,
    "unseen": lambda each: each.unseen,
}
ATTACHMENTS: Final[Columns[Attachment]] = {
    "part": lambda each: each.id,
    "name": lambda each: each.filename,
    "type": lambda each: each.content_type,
    "octets": lambda each: each.size,
    "inline": lambda each: each.inline,
}


def folders(account: str, *, at: Reach = HERE) -> int:
    """List the folders of a mailbox, with their numbers, and whether they are watched.

    Parameters
    ----------
    account
        The account's id.
    """
    found = at.ask(lambda client: client.mailboxes.folders(account))
    if not at.as_json:
        print_table(found, FOLDERS)
        return 0
    for each in found:
        print(line(each))
    return 0


def show(
    account: str,
    message: str,
    *,
    depth: Literal["metadata", "text", "full"] = "text",
    at: Reach = HERE,
) -> int:
    """Show a message: its header, its text, and what is attached.

    Parameters
    ----------
    account
        The account's id.
    message
        The message's id, as vedette mail list has it.
    depth
        How much of it.
    """
    found = at.ask(lambda client: client.mailboxes.message(account, message, depth=depth))
    if at.as_json:
        print(line(found))
        return 0
    _print(found)
    return 0


def attachments(account: str, message: str, *, at: Reach = HERE) -> int:
    """List what is attached to a message, with the parts that vedette mail attachment takes.

    Parameters
    ----------
    account
        The account's id.
    message
        The message's id.
    """
    read = at.ask(lambda client: client.mailboxes.message(account, message, depth="text"))
    found = read.attachments or ()
    if not at.as_json:
        print_table(found, ATTACHMENTS)
        return 0
    for each in found:
        print(line(each))
    return 0


def _print(message: Message) -> None:
    console = Console(highlight=False)
    head = {
        "From": None if message.from_ is None else _name(message.from_),
        "To": ", ".join(_name(each) for each in message.to),
        "Cc": ", ".join(_name(each) for each in message.cc),
        "Subject": message.subject,
        "Date": message.date,
        "Arrived": message.internal_date,
        "Flags": ", ".join(message.flags),
        "Defects": ", ".join(message.defects),
    }
    for name, value in head.items():
        if value:
            console.print(Text(f"{name}: {plain(value)}"), soft_wrap=True)
    for each in message.attachments or ():
        what = f"{told(each.filename)} ({told(each.content_type)}, {each.size} octets)"
        console.print(Text(f"Attachment {plain(each.id)}: {what}"), soft_wrap=True)
    body = message.text
    text = None if body is None else body.plain
    if text:
        console.print()
        for each_line in text.splitlines():
            console.print(Text(plain(each_line)), soft_wrap=True)
    if body is not None and body.truncated:
        console.print(Text("(it goes on: vedette mail raw has all of it)"), soft_wrap=True)


def _name(who: Address) -> str:
    return f"{who.name} <{who.address}>" if who.name else who.address
