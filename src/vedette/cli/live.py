"""The live view of ``vedette watch`` on a terminal: a readable line or two per event."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.text import Text

from vedette.model.delivery import Delivered, Outcome, Parcel

#: A preview of the text, in characters: what fits below a subject without scrolling it away.
PREVIEW = 160


class LiveSink:
    """Prints events for a person. Everything from the mail is escaped: it is hostile."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)

    async def start(self) -> None:
        """Say that the watch begins."""
        self._console.print(Text("watching; Ctrl-C ends", style="dim"))

    async def stop(self) -> None:
        """Nothing is kept."""

    async def send(self, parcel: Parcel) -> Outcome:
        """Print one event."""
        for line in lines(json.loads(parcel.body)):
            self._console.print(line, soft_wrap=True)
        return Delivered()


def lines(event: dict[str, Any]) -> list[Text]:
    """Return the lines that show an event."""
    data = event["data"]
    folder = data.get("folder", {}).get("path", "")
    head = Text()
    head.append(event["time"][11:19], style="dim")
    head.append(f" {plain(folder)} ", style="cyan")
    if event["type"] != "message.received":
        head.append(event["type"], style="yellow")
        if "uid" in data:
            head.append(f" uid {data['uid']}")
        return [head]
    sender = data.get("from") or {}
    name = sender.get("name") or sender.get("address") or "(no sender)"
    head.append(plain(name), style="bold")
    head.append(f"  {plain(data.get('subject') or '(no subject)')}")
    automatic = data.get("automatic")
    if automatic:
        head.append(f"  [{automatic['kind']}]", style="magenta")
    if data.get("seenBefore"):
        head.append("  [seen before]", style="magenta")
    found = [head]
    text = (data.get("text") or {}).get("reply") or (data.get("text") or {}).get("plain") or ""
    preview = " ".join(text.split())[:PREVIEW]
    if preview:
        found.append(Text(f"         {plain(preview)}", style="dim"))
    names = [each.get("filename") or each["contentType"] for each in data.get("attachments", ())]
    if names:
        found.append(Text(f"         + {plain(', '.join(names))}", style="green"))
    return found


def plain(text: str) -> str:
    """Return text without anything a terminal would obey."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
