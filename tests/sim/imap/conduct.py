"""How a simulated server behaves: what it offers, and how often it does what.

Pure data. Every default is what the RFCs ask of a server; each field beyond that is one
misbehaviour that was seen in the field. A number from 0 to 1 is the chance at each occasion.
It must not know how a misbehaviour is carried out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, unique
from typing import Final, Self

#: From lowest to highest, in seconds.
Span = tuple[float, float]

#: What a plain server of today offers.
USUAL: Final = (
    "IMAP4rev1", "LITERAL+", "SASL-IR", "AUTH=PLAIN", "ID", "NAMESPACE", "UNSELECT", "IDLE",
    "ENABLE", "UIDPLUS", "MOVE", "ESEARCH", "LIST-EXTENDED", "LIST-STATUS", "SPECIAL-USE",
)  # fmt: skip
#: The least that is still an IMAP server.
BARE: Final = ("IMAP4rev1",)
#: Everything this server can.
ALL: Final = (
    *USUAL, "IMAP4rev2", "NOTIFY", "CONDSTORE", "QRESYNC", "OBJECTID", "STATUS=SIZE",
    "COMPRESS=DEFLATE",
)  # fmt: skip
#: As Gmail offers it.
GMAIL: Final = (
    "IMAP4rev1", "UNSELECT", "IDLE", "NAMESPACE", "ID", "UIDPLUS", "ENABLE", "MOVE", "CONDSTORE",
    "ESEARCH", "SPECIAL-USE", "LIST-EXTENDED", "LIST-STATUS", "LITERAL-", "SASL-IR", "AUTH=PLAIN",
    "X-GM-EXT-1",
)  # fmt: skip

#: What a server says when it will not, for now (RFC 5530, and words that were seen).
TROUBLES: Final = (
    "[UNAVAILABLE] Temporary failure, try again later",
    "[LIMIT] Too many requests at the moment",
    "[INUSE] Mailbox is in use",
    "[ALERT] System is under maintenance",
    "[SERVERBUG] Internal error occurred",
    "[THROTTLED] Request is throttled. Suggested Backoff Time: 5000 milliseconds",
)


@unique
class Ending(Enum):
    """How a server ends what it no longer wants."""

    OK = "a tagged OK, where a command is under way, else BYE"
    BYE = "BYE, then it closes"
    CLOSE = "it closes without a word"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """One server's ways. Replace it as a whole; the server acts by the one it has now."""

    capabilities: tuple[str, ...] = USUAL
    #: Sessions of one user at once; more are refused at login (A1).
    connections: int = 15
    #: Seconds without a word of the client after which it is logged out (RFC 9051 section 5.4).
    autologout: float = 1800.0
    #: New mail is looked for at the start of FETCH and SEARCH too, not only at their end.
    looks_first: bool = False

    # The connection.
    greeting_bye: float = 0.0
    greeting_silent: float = 0.0
    login_denied: float = 0.0  # AUTHENTICATIONFAILED although the password is right
    login_full: float = 0.0  # LIMIT or UNAVAILABLE although there is room

    # Any command.
    slow: float = 0.0
    slow_by: Span = (0.1, 10.0)
    silent: float = 0.0  # the command and all after it are not answered
    silent_for: Span = (60.0, 3600.0)
    bye: float = 0.0
    bye_lingers: float = 0.0  # the link stays open after BYE, and nothing comes (C8)
    cut: float = 0.0
    refused: float = 0.0
    bad: float = 0.0
    alert: float = 0.0
    troubles: tuple[str, ...] = TROUBLES
    #: Mean seconds until a session is ended for no reason, whatever it does; None: never (I11).
    unrest: float | None = None
    ending: Ending = Ending.BYE

    # Announcements.
    exists_lost: float = 0.0  # told by nothing, but there for who asks
    exists_late: float = 0.0  # this session sees it only later
    exists_late_by: Span = (1.0, 120.0)
    stale_view: float = 0.0  # this session sees it only after it opens the folder anew (I1)
    noop_only: bool = False  # only NOOP and opening tell
    exists_shrinks: float = 0.0  # a departure is told as a smaller EXISTS, without EXPUNGE
    exists_repeated: float = 0.0  # the same number once more

    # IDLE.
    idle_mute: float = 0.0
    idle_refused: float = 0.0
    plus_missing: float = 0.0
    plus_late: float = 0.0
    plus_late_by: Span = (0.5, 30.0)
    #: Seconds after which the server ends an IDLE by ``idle_ending``; None: never (I8).
    idle_ends_after: float | None = None
    idle_ending: Ending = Ending.OK
    done_unanswered: float = 0.0
    #: The OK that ends an IDLE comes with what is new; else the next command tells (I4).
    done_tells: bool = True
    #: Seconds between two ``* OK Still here``; None: none (I7).
    still_here: float | None = None

    # The world moves at the worst moments: around FETCH, IDLE, DONE and EXAMINE (I2, I4).
    slip_in: float = 0.0
    slip_out: float = 0.0
    slip_told: float = 1.0  # the chance that such an arrival is announced

    # UIDs.
    uid_late: float = 0.0  # taken now, shown later (S9)
    uid_late_by: Span = (0.1, 300.0)
    uid_lost: float = 0.0  # taken, never shown
    uid_gap: float = 0.0  # some are left out before this one (S6)
    uid_next_missing: float = 0.0  # S4
    uid_next_ahead: float = 0.0  # told, and not true (S6)
    uid_validity_missing: float = 0.0  # S4

    # A folder that goes away or is renumbered while it is open.
    upheaval_bye: float = 1.0  # the session is told BYE; else it keeps the view of before

    # FETCH.
    fetch_refused: float = 0.0
    fetch_empty: float = 0.0
    fetch_no_at_end: float = 0.0  # all rows, and NO (S8)
    fetch_cut: float = 0.0  # the link ends in the middle (S7)
    row_omitted: float = 0.0
    row_doubled: float = 0.0
    row_split: float = 0.0
    row_bodiless: float = 0.0
    row_unasked: float = 0.0
    row_nobody: float = 0.0  # ``* 0 FETCH`` (Courier)
    gone_as_nil: float = 0.0  # NIL for what is gone, rather than no row (S10)
    partial_ignored: float = 0.0

    # SEARCH.
    search_empty: float = 0.0
    search_omits: float = 0.0
    search_refused: float = 0.0
    esearch_plain: float = 0.0  # ``* SEARCH`` is the answer to an extended question (P9)

    # COPY and MOVE (catalogue group G).
    change_idle: float = 0.0  # OK, and the messages are where they were (G2)
    over_quota: float = 0.0  # A19
    copyuid_missing: float = 0.0  # G2
    copyuid_tagged: float = 0.0  # with the OK, and not before the EXPUNGEs (G2)
    move_torn: float = 0.0  # some of a set, and NO (RFC 6851 section 3.3)
    mark_unkept: float = 0.0  # a keyword or a label: OK, and nobody sees it (G9)
    answer_lost: float = 0.0  # done, and the link ends before the answer (C11)

    # STATUS and LIST.
    status_stale: float = 0.0
    status_wrong: float = 0.0
    status_empty: float = 0.0
    status_missing: float = 0.0
    list_empty: float = 0.0
    list_omits: float = 0.0
    open_refused: float = 0.0

    # NOTIFY.
    notify_refused: float = 0.0
    notify_mute: float = 0.0  # accepted, and nothing ever comes (I15)
    notify_only_in_idle: bool = False  # as Dovecot does for the open folder (I15)
    notify_overflow: float = 0.0

    # Other clients.
    flag_noise: float = 0.0

    # Ways of single providers.
    id_required: bool = False  # no folder is opened for who did not say a name (A16)
    not_connected: float = 0.0  # logged in, and every folder is out of reach (A4)
    capability_untold: float = 0.0  # neither greeting nor login tells what is offered (A15)
    bare_line: float = 0.0  # a line that is no response (A18)
    stale_tag: float = 0.0  # an answer to a command that was never sent (A5, P9)
    unknown_data: float = 0.0  # untagged data that no RFC has (P14)
    text_missing: float = 0.0  # a tagged answer without a text (P4)
    plus_last: float = 0.0  # what is new comes before the plus of an IDLE (I3)
    uid_next_back: float = 0.0  # told, and lower than it was (S5)
    validity_jumps: float = 0.0  # a new UIDVALIDITY at an opening, and the same UIDs (S2)
    row_veiled: float = 0.0  # announced, and not handed over yet (S8)
    row_veiled_for: Span = (0.5, 60.0)
    mail_spoilt: float = 0.0  # such a message has NIL and -1 for facts, wherever it goes (P3, P5)
    rows_shuffled: float = 0.0
    search_split: float = 0.0  # more than one SEARCH answers one question
    list_phantom: float = 0.0  # a folder is listed that can not be opened (S17)

    @classmethod
    def peaceful(cls, capabilities: Iterable[str] = USUAL) -> Self:
        """Return the conduct of a server that keeps every RFC that it offers."""
        return cls(capabilities=tuple(capabilities))
