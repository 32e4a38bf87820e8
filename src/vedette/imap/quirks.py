"""What servers do beyond the grammar, and how this core bears it. Data, no behaviour.

A quirk has a name, a server, evidence, a date and a test; the behaviour it needs lives where
the grammar is. It must not know connections. The list is checked against the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirk:
    """One deviation. ``test`` is the name of the test that shows it is borne."""

    name: str
    server: str
    evidence: str
    noted: date
    test: str


# When the evidence was read and the test was written.
_NOTED = date(2026, 11, 20)


def _quirk(name: str, server: str, evidence: str, test: str) -> Quirk:
    return Quirk(name=name, server=server, evidence=evidence, noted=_NOTED, test=test)


QUIRKS: tuple[Quirk, ...] = (
    _quirk(
        "split-literal-plus",
        "several, before 2014",
        "MailKit source; mjs/imapclient releases 1.0.1",
        "test_capabilities_are_upper_case_and_mend_a_split_literal_plus",
    ),
    _quirk(
        "code-without-text",
        "Gmail",
        "`* OK [HIGHESTMODSEQ n]` ends at the bracket; modern-email/defects",
        "test_code_may_stand_without_text",
    ),
    _quirk(
        "unbalanced-code",
        "several",
        "emersion/go-imap#540",
        "test_bracket_that_is_no_code_is_text",
    ),
    _quirk(
        "copyuid-without-ok",
        "several",
        "`* [COPYUID ...]`; jstedfast/MailKit#115",
        "test_copyuid_without_ok_is_a_status",
    ),
    _quirk(
        "trailing-space",
        "Exchange",
        "`STATUS` and `SEARCH` lines; modern-email/defects",
        "test_response_is_read_into_its_type",
    ),
    _quirk(
        "empty-status",
        "Winmail, 163.com",
        '`STATUS "INBOX" ()`; chatmail/core select_folder.rs',
        "test_status_item_reads_what_is_there",
    ),
    _quirk(
        "unquoted-spaces",
        "Exchange",
        "`STATUS Sent Items (...)`; jstedfast/MailKit#945",
        "test_status_item_reads_what_is_there",
    ),
    _quirk(
        "numbers-that-are-none",
        "mail.ru, Zoho",
        "sizes as `9.3736e+06`, MODSEQ -1; jstedfast/MailKit#1838",
        "test_bad_value_costs_its_field_only",
    ),
    _quirk(
        "nil-anywhere",
        "several",
        "THREADID, INTERNALDATE, flags; postalsys/imapflow#353, #351",
        "test_bad_value_costs_its_field_only",
    ),
    _quirk(
        "permanentflags-nil",
        "several",
        "NIL is not the empty list; postalsys/imapflow at 1560424",
        "test_code_flags_may_hold_a_bracket_and_nil_is_not_none",
    ),
    _quirk(
        "date-of-zeros",
        "several",
        "`00-Jan-0000`; MailKit release notes",
        "test_impossible_internal_date_is_none",
    ),
    _quirk(
        "row-zero",
        "Courier",
        "`* 0 FETCH`; MailKit release notes",
        "test_courier_row_zero_is_read",
    ),
    _quirk(
        "split-rows",
        "several",
        "one message in several FETCH rows; jstedfast/MailKit#1401",
        "test_split_rows_merge_and_the_later_wins",
    ),
    _quirk(
        "nul-padding",
        "several",
        "NUL octets before a tag; postalsys/imapflow at 21fe354",
        "test_framer_strips_nul_padding_before_a_response",
    ),
    _quirk(
        "leading-zeros",
        "several",
        "`{007}`; postalsys/imapflow at 04f5bf6",
        "test_framer_reads_leading_zeros_of_a_marker_as_digits",
    ),
    _quirk(
        "stale-tag",
        "several",
        "a NO with an old tag during login; chatmail/async-imap#141",
        "test_stale_tagged_answer_is_not_ours",
    ),
    _quirk(
        "bare-text",
        "Microsoft 365",
        "`Server Unavailable.` without a tag; postalsys/imapflow parser-instance.js",
        "test_bare_line_of_text_is_passed_on",
    ),
    _quirk(
        "plain-search",
        "several",
        "`* SEARCH` answers an extended search; MailKit source",
        "test_response_is_read_into_its_type",
    ),
    _quirk(
        "odd-prompts",
        "Exchange",
        "AUTH LOGIN asks `User Name\\0`; postalsys/imapflow at 7ac0036",
        "test_auth_login_answers_in_order_whatever_the_prompt",
    ),
    _quirk(
        "domain-names",
        "Exchange",
        "`domain\\user\\mailbox` needs LOGIN; postalsys/imapflow at a3a3fb9",
        "test_mechanism_is_chosen_by_capability_and_name",
    ),
    _quirk(
        "token-challenge",
        "Gmail, Microsoft 365",
        "waits for an answer to its reason; imapflow authenticate.js",
        "test_refused_token_is_acknowledged_then_fails",
    ),
    _quirk(
        "id-not-empty",
        "163.com, GMX, Exchange",
        "`ID NIL` refused, SELECT gated; mjs/imapclient#544",
        "test_what_no_server_could_read_can_not_be_said",
    ),
    _quirk(
        "last-message",
        "all that follow the RFC",
        "`UID FETCH 999:*` answers the last; mscdex/node-imap#473",
        "test_dovecot_answers_beyond_the_end_with_its_last_message",
    ),
    _quirk(
        "moves-in-examine",
        "Dovecot 2.3",
        "UID MOVE works in EXAMINE; tried on 2.3.19",
        "test_writing_command_never_leaves_a_read_only_folder",
    ),
    _quirk(
        "raw-names",
        "several",
        "folder names in raw 8-bit or wrong UTF-7; modern-email/defects#46",
        "test_broken_name_is_shown_as_it_is_written",
    ),
    _quirk(
        "no-enabled-line",
        "iCloud",
        "OK to ENABLE without ENABLED; Foundry376/Mailspring-Sync#91",
        "test_qresync_has_to_be_enabled_first",
    ),
    _quirk(
        "short-commands",
        "Yahoo, UW",
        "lines above about 1,000 octets are cut; MailKit ImapEngine",
        "test_uid_set_cuts_to_a_wire_length",
    ),
    _quirk(
        "still-here",
        "Dovecot",
        "`* OK Still here` in IDLE; iroco-co/aioimaplib#120",
        "test_still_here_does_not_end_idle",
    ),
    _quirk(
        "announce-before-plus",
        "several",
        "EXISTS before the `+` of IDLE; Webklex/php-imap#258",
        "test_announcements_before_and_with_the_plus_count",
    ),
)
