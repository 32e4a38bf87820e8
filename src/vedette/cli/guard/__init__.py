"""``vedette guard``: post and try guards, look at what they did, and take it back."""

from __future__ import annotations

from cyclopts import App

from vedette.cli.group import grouped

COMMANDS = {
    "post": "posting:post",
    "list": "reading:list_",
    "show": "reading:show",
    "set": "posting:set_",
    "attach": "posting:attach",
    "detach": "posting:detach",
    "remove": "posting:remove",
    "test": "trial:trial",
    "backtest": "backtest:backtest",
    "diff": "diff:diff",
    "train": "train:train",
    "sieve": "sieve:sieve",
    "explain": "explain:explain",
    "journal": "journal:journal",
    "decisions": "journal:decisions",
    "undo": "undo:undo",
    "sweep": "sweep:sweep",
    "pause": "pause:pause",
    "resume": "resume:resume",
    "pauses": "pause:pauses",
    "allow": "allow:allow",
    "allows": "allow:allows",
    "consent": "consent:consent",
    "changes": "changes:changes",
    "withdraw": "withdraw:withdraw",
    "grant": "grant:grant",
    "audit": "audit:audit",
}


def build(*, whole: bool = False) -> App:
    """Return the commands of ``vedette guard``; ``whole`` imports them, for the list of them."""
    about = "Post and try guards, look at what they did, and take it back."
    return grouped("guard", about, COMMANDS, whole=whole)
