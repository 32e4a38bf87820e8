"""How an event looks as one line for a person. Pure; all that comes from mail is hostile."""

from __future__ import annotations

from typing import Any, Final

#: Characters of each column; a longer text is cut.
_ACCOUNT: Final = 6
_FOLDER: Final = 5
_SENDER: Final = 20
_SUBJECT: Final = 32
#: Characters of a text that is quoted in a remark.
_QUOTE: Final = 44
_KIB: Final = 1024
#: Reasons of a guard that are shown, the heaviest first; `vedette guard explain` shows all.
_REASONS: Final = 3

_KINDS: Final = {
    "list": "mailing list",
    "bulk": "bulk mail",
    "auto-reply": "automatic reply",
    "bounce": "bounce",
    "complaint": "complaint",
}


def line(event: dict[str, Any], *, milliseconds: float | None) -> str:
    """Return the line of an event that was verified; ``milliseconds`` since the mail arrived."""
    data = event["data"]
    account = plain(data.get("account", {}).get("email", "")).partition("@")[0]
    head = f"{event['time'][11:19]}  {_cut(account, _ACCOUNT)}"
    if event["type"] in _GUARDS:
        return f"{head}  {plain(_GUARDS[event['type']](data))}  [webhook verified]"
    if event["type"] != "message.received":
        words = plain(data.get("error") or "")
        reason = f": {_short(words, _QUOTE)}" if words else ""
        return f"{head}  {plain(event['type'])}{reason}  [webhook verified]"
    sender = data.get("from") or {}
    name = plain(sender.get("name") or sender.get("address") or "(nobody)")
    columns = [
        _cut(plain(data["folder"]["path"]), _FOLDER),
        _cut(name, _SENDER),
        _cut(plain(data.get("subject") or "(no subject)"), _SUBJECT),
    ]
    took = "" if milliseconds is None else f", {milliseconds:.0f} ms"
    return f"{head}  {'  '.join(columns)}  {recognised(data)}  [webhook verified{took}]"


def recognised(data: dict[str, Any]) -> str:
    """Return what was recognised in a message, as a few words."""
    remarks = []
    automatic = data.get("automatic")
    if automatic:
        remarks.append(_automatic(automatic))
    remarks += [
        f"{each.get('method') or 'event'} for {each.get('start') or 'some day'}"
        for each in data.get("calendar") or ()
    ]
    for each in data.get("attachments") or ():
        if not each["inline"] and each.get("filename"):
            size = max(1, round(each["size"] / _KIB))
            remarks.append(f"attachment {each['filename']} ({size} KiB)")
    text = data.get("text") or {}
    reply, whole = text.get("reply") or "", text.get("plain") or ""
    if reply.strip() and reply.strip() != whole.strip() and data.get("inReplyTo"):
        words = " ".join(reply.split())
        remarks.append(f'the reply alone: "{_short(words, _QUOTE)}"')
    if data.get("defects"):
        remarks.append(f"defects: {', '.join(data['defects'])}")
    return plain("; ".join(remarks) or "a person's mail")


def _decided(data: dict[str, Any]) -> str:
    guard = data["guard"]["name"]
    if data["acted"] == "returned":
        return f"{guard} leaves it alone: it came back"
    reasons = str(data["explanation"]).split(" + ")
    more = f" + {len(reasons) - _REASONS} more" if len(reasons) > _REASONS else ""
    return f"{guard} says {' + '.join(reasons[:_REASONS])}{more}"


def _applied(data: dict[str, Any]) -> str:
    place = data["result"] or data["message"]
    return f"moved to {place['folder']}; nothing is deleted"


def _undone(data: dict[str, Any]) -> str:
    place = data["result"] or data["message"]
    return f"taken back to {place['folder']}"


_GUARDS: Final = {
    "guard.decided": _decided,
    "action.applied": _applied,
    "action.undone": _undone,
}


def plain(text: str) -> str:
    """Return text without anything that a terminal obeys or that turns text around."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _automatic(automatic: dict[str, Any]) -> str:
    words = _KINDS.get(automatic["kind"], str(automatic["kind"]))
    recipients = automatic.get("recipients") or ()
    if recipients:
        first = recipients[0]
        words += f" of {first['address']}"
        if first.get("status"):
            words += f" ({first['status']})"
    return words


def _cut(text: str, width: int) -> str:
    return _short(text, width).ljust(width)


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "\N{HORIZONTAL ELLIPSIS}"
