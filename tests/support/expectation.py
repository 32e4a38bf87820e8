"""What a dialog may expect: of the events, the cursor, the health and the words on the wire.

::

    Expect: received 3, 4          Expect: received nothing      message.received, in order
    Expect: missing 7              Expect: unparseable 7
    Expect: seen before 3          the event of message 3 says so
    Expect: reset from 7 to 8      one mailbox.reset in all
    Expect: told connected, degraded        the account.* events, in order
    Expect: state connected        Expect: trouble auth          Expect: strikes 1
    Expect: error "no space"       the health's last error holds these words
    Expect: cursor 7:3             Expect: no cursor             (of Junk 9:1)
    Expect: owed 4                 Expect: owed nothing          the open gaps
    Expect: 1 login                on all connections
    Expect: never "COMPRESS"       no line of the client holds these words
    Expect: actions done, gone     the states of the journal's entries, oldest first
    Expect: quarantined 9:1, 9:2   UIDVALIDITY and UID where moved messages are now
    Expect: told of actions applied, failed        the action.* events, in order
    Expect: action "no space"      the reason of the last entry holds these words
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.support.dialog import Line
from tests.support.world import Watch
from vedette.model.action import JournalEntry


def check(line: Line, watch: Watch) -> None:
    """Hold one expectation; AssertionError names its line."""
    for pattern, facts in _EXPECTATIONS.items():
        found = re.fullmatch(pattern, line.text)
        if found is not None:
            expected, actual = facts(watch, *found.groups())
            assert expected == actual, f"{line.place}: {line.text}, but there is {actual!r}"
            return
    raise AssertionError(f"{line.place}: no expectation is called {line.text!r}")


def _numbers(text: str) -> list[int]:
    return [] if text == "nothing" else [int(each) for each in text.split(", ")]


def _told(watch: Watch, text: str) -> tuple[object, object]:
    told = [event["type"].removeprefix("account.") for event in watch.events("account.*")]
    return ([] if text == "nothing" else text.split(", ")), told


def _reset(watch: Watch, before: str, after: str) -> tuple[object, object]:
    resets = [
        (event["data"]["previousUidValidity"], event["data"]["uidValidity"])
        for event in watch.events("mailbox.reset")
    ]
    return [(int(before), int(after))], resets


def _seen_before(watch: Watch, numbers: str) -> tuple[object, object]:
    received = watch.events("message.received")
    return _numbers(numbers), [
        each["data"]["uid"] for each in received if each["data"]["seenBefore"]
    ]


def _cursor(watch: Watch, folder: str | None, expected: str) -> tuple[object, object]:
    state = watch.state((folder or "INBOX").encode())
    actual = "none" if state is None else f"{state.cursor.uid_validity}:{state.cursor.last_uid}"
    return expected, actual


def _owed(watch: Watch, numbers: str) -> tuple[object, object]:
    state = watch.state()
    return _numbers(numbers), [] if state is None else [gap.uid for gap in state.gaps]


def _error(watch: Watch, words: str) -> tuple[object, object]:
    error = watch.health.error or ""
    return (words if words in error else f"… {words} …"), (words if words in error else error)


def _never(watch: Watch, words: str) -> tuple[object, object]:
    return [], [line for line in watch.said() if words.encode() in line]


def _journal(watch: Watch) -> list[JournalEntry]:
    return list(watch.store.state.journal.actions.values())


def _actions(watch: Watch, states: str) -> tuple[object, object]:
    expected = [] if states == "nothing" else states.split(", ")
    return expected, [entry.state.value for entry in _journal(watch)]


def _quarantined(watch: Watch, places: str) -> tuple[object, object]:
    results = [entry.result for entry in _journal(watch) if entry.result is not None]
    return places.split(", "), [f"{place.uid_validity}:{place.uid}" for place in results]


def _told_of_actions(watch: Watch, text: str) -> tuple[object, object]:
    told = [event["type"].removeprefix("action.") for event in watch.events("action.*")]
    return ([] if text == "nothing" else text.split(", ")), told


def _reason(watch: Watch, words: str) -> tuple[object, object]:
    reason = _journal(watch)[-1].reason
    return (words if words in reason else f"… {words} …"), (words if words in reason else reason)


_EXPECTATIONS: dict[str, Callable[..., tuple[object, object]]] = {
    r"received (.+)": lambda watch, text: (_numbers(text), watch.uids()),
    r"missing (.+)": lambda watch, text: (_numbers(text), watch.uids("message.missing")),
    r"unparseable (.+)": lambda watch, text: (_numbers(text), watch.uids("message.unparseable")),
    r"seen before (.+)": _seen_before,
    r"reset from (\d+) to (\d+)": _reset,
    r"actions (.+)": _actions,
    r"quarantined (.+)": _quarantined,
    r"told of actions (.+)": _told_of_actions,
    r"action \"(.+)\"": _reason,
    r"told (.+)": _told,
    r"state (\w+)": lambda watch, text: (text, watch.health.state.value),
    r"trouble (\w+)": lambda watch, text: (
        text,
        "none" if watch.health.trouble is None else watch.health.trouble.value,
    ),
    r"strikes (\d+)": lambda watch, text: (int(text), watch.health.strikes),
    r"error \"(.+)\"": _error,
    r"cursor (?:of (\w+) )?(\d+:\d+|none)": _cursor,
    r"owed (.+)": _owed,
    r"(\d+) logins?": lambda watch, text: (int(text), watch.logins()),
    r"never \"(.+)\"": _never,
}
