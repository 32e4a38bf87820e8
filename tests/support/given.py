r"""What a dialog may take as given before its first word.

::

    Given: read up to 7:2           the default: INBOX of UIDVALIDITY 7 was read up to UID 2
    Given: watched since UID 2, read up to 7:9
    Given: Junk read up to 9:1      Given: never watched
    Given: folders INBOX, Junk      what is watched; the default is INBOX
    Given: password pä"s            Given: user dom\\joe         Given: token abc
    Given: STARTTLS                 Given: plaintext             the default is implicit TLS
    Given: begin at the last 2      Given: no message above 70000 octets
    Given: a guard that quarantines mail of example.org, and acts     or: flags, labels
    Given: a guard that quarantines mail of example.org, and spares whom the user wrote to
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.support.dialog import Kind, Line
from tests.support.guards import pack, post
from tests.support.world import Setting, cursor
from vedette.model.account import Beginning, Start
from vedette.ports.link import Encryption


def setting(lines: tuple[Line, ...]) -> Setting:
    """Return the setting that the ``Given:`` lines of a dialog describe."""
    found = Setting(read={b"INBOX": cursor(7, 2, first=2)})
    for line in lines:
        if line.kind is Kind.GIVEN:
            _apply(found, line)
    return found


def _apply(found: Setting, line: Line) -> None:
    for pattern, apply in _GIVEN.items():
        match = re.fullmatch(pattern, line.text)
        if match is not None:
            apply(found, *match.groups())
            return
    raise AssertionError(f"{line.place}: nothing is given as {line.text!r}")


def _read(found: Setting, folder: str | None, validity: str, last: str) -> None:
    last_uid = int(last)
    found.read[(folder or "INBOX").encode()] = cursor(int(validity), last_uid, first=last_uid)


def _read_since(found: Setting, first: str, validity: str, last: str) -> None:
    found.read[b"INBOX"] = cursor(int(validity), int(last), first=int(first))


def _token(found: Setting, token: str) -> None:
    found.token, found.password = token, None


def _last(found: Setting, count: str) -> None:
    found.beginning = Beginning(start=Start.LAST, count=int(count))


def _guard(found: Setting, does: str, domain: str) -> None:
    names = {"quarantines": "quarantine", "flags": "flag", "labels": "label"}
    found.posts = (*found.posts, post(pack(do=names[does], listed=domain)))


def _sparing(found: Setting, domain: str) -> None:
    found.posts = (*found.posts, post(pack(listed=domain, spares_known=True)))


_GIVEN: dict[str, Callable[..., object]] = {
    r"(?:(\w+) )?read up to (\d+):(\d+)": _read,
    r"never watched": lambda found: found.read.clear(),
    r"watched since UID (\d+), read up to (\d+):(\d+)": _read_since,
    r"folders (.+)": lambda found, names: setattr(found, "folders", tuple(names.split(", "))),
    r"password (.+)": lambda found, text: setattr(found, "password", text),
    r"user (.+)": lambda found, text: setattr(found, "user", text),
    r"token (.+)": _token,
    r"STARTTLS": lambda found: setattr(found, "encryption", Encryption.STARTTLS),
    r"plaintext": lambda found: setattr(found, "encryption", Encryption.NONE),
    r"a guard that (quarantines|flags|labels) mail of (\S+), and acts": _guard,
    r"a guard that quarantines mail of (\S+), and spares whom the user wrote to": _sparing,
    r"begin at the last (\d+)": _last,
    r"no message above (\d+) octets": lambda found, size: setattr(found, "max_message", int(size)),
}
