"""Actions, limits and the lock of a pack. It must not know when an action is taken."""

from __future__ import annotations

import re

from vedette.guard.pack import DAY, HOUR, Action, ActionKind, Limits, Lock
from vedette.guard.reading.table import Table, shown

#: Actions of one pack.
MAX_ACTIONS = 50

ACTION_KEYS = (*(kind.value for kind in ActionKind), "seen", "retain", "then", "undo")
LIMIT_KEYS = ("max_actions", "max_share", "max_symbol_share", "window")
LOCK_KEYS = ("loosen_delay", "partner_can_expedite", "consent")

NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
# RFC 3501 section 9: a keyword is an atom; a system flag begins with a backslash.
_KEYWORD = re.compile(r"\\?[A-Za-z$_][A-Za-z0-9$_.+/:-]{0,62}")
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
# Flags with which mail is lost or made unread; none of them is a mark.
_FORBIDDEN = frozenset({"\\deleted", "\\recent", "\\draft", "\\seen", "\\answered"})


def default_flag(guard: str) -> Action:
    """Return the action ``flag`` of a pack that names none: a keyword with the guard's name."""
    return Action(name="flag", kind=ActionKind.FLAG, target=f"Guard-{guard}")


def read_actions(table: Table | None, guard: str) -> tuple[Action, ...]:
    """Read the actions of a pack; ``flag`` is one of every pack."""
    found = []
    for name, place, node in table.items() if table else ():
        if table is not None and not NAME.fullmatch(name):
            what = f"{shown(name)} is no name of an action; try `quarantine`"
            table.mistakes.at(place, f"{table.path}: {what}")
            continue
        if table is not None:
            row = Table(node, table.mistakes, path=f"{table.path}.{name}", keys=ACTION_KEYS)
            found.append(_action(name, row))
    actions = [each for each in found if each is not None]
    if not any(each.name == "flag" for each in actions) and not (table and "flag" in table):
        actions.append(default_flag(guard))
    return tuple(actions)


def _action(name: str, row: Table) -> Action | None:
    kinds = [kind for kind in ActionKind if kind.value in row]
    if not kinds:
        row.missing("move", f"an action does one of {', '.join(ActionKind)}; there is no delete")
        return None
    if len(kinds) > 1:
        row.fail(kinds[1], f"an action does one thing; `{kinds[0]}` is there already")
        return None
    kind = kinds[0]
    if kind is not ActionKind.MOVE:
        for key in ("seen", "retain", "then", "undo"):
            if key in row:
                row.fail(key, "belongs to `move`, which is not there")
    target = _target(kind, row)
    seen = row.yes("seen")
    # A year: law may ask for evidence as long; a minute: tests and the impatient.
    retain = row.duration("retain", low=60.0, high=3660 * DAY)
    row.only("then", "trash", "nothing is deleted")
    row.only("undo", "until_purge", "an action can be taken back as long as the message is there")
    if "then" in row and "retain" not in row:
        row.missing("retain", "the time after which it goes to the trash, such as 30d")
    if target is None:
        return None
    return Action(name=name, kind=kind, target=target, seen=bool(seen), retain=retain)


def _target(kind: ActionKind, row: Table) -> str | None:
    key = kind.value
    if kind is ActionKind.MARK_READ:
        if row.yes(key) is False:
            row.fail(key, "can not be false; leave it out")
        return ""
    target = row.text(key, {ActionKind.MOVE: "Guard/Gambling"}.get(kind, "gambling"))
    if target is None:
        return None
    if kind is ActionKind.MOVE and target.upper() == "INBOX":
        row.fail(key, "is where new mail arrives; name a folder of the guard's own")
    elif kind is ActionKind.FLAG and not _KEYWORD.fullmatch(target):
        row.fail(key, f"{shown(target)} is no keyword: letters, digits and -, such as Gambling")
    elif kind is ActionKind.FLAG and target.lower() in _FORBIDDEN:
        row.fail(key, f"{target} is not a mark; use a keyword such as Gambling")
    elif kind is ActionKind.TAG and not _TAG.fullmatch(target):
        row.fail(key, f"{shown(target)} is no tag: letters, digits, . : _ and -")
    else:
        return target
    return None


def read_limits(table: Table | None) -> Limits:
    """Read when a guard stops acting."""
    default = Limits()
    if table is None:
        return default
    share = table.share("max_share", high=1.0)
    symbol = table.share("max_symbol_share", high=1.0)
    return Limits(
        actions_per_hour=table.rate("max_actions", high=100_000) or default.actions_per_hour,
        share=default.share if share is None else share,
        symbol_share=default.symbol_share if symbol is None else symbol,
        # Under ten messages a share says nothing; ten thousand are a month of a busy mailbox.
        window=table.whole("window", low=10, high=10_000) or default.window,
    )


def read_lock(table: Table | None) -> Lock:
    """Read how long loosening waits: an hour to a week."""
    default = Lock()
    if table is None:
        return default
    return Lock(
        delay=table.duration("loosen_delay", low=HOUR, high=7 * DAY) or default.delay,
        partner=bool(table.yes("partner_can_expedite")),
        consent=bool(table.yes("consent")),
    )
