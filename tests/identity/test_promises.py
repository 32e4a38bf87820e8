"""What is promised of identity, and where each promise is shown: a test that went shows nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import pytest

from tests.house.tree import ROOT

#: Each promise, with the file and the names of the tests that fail where it is broken.
PROMISES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "an envelope opens at its own table, tenant, row and column alone": {
            "identity/test_envelope.py": (
                "an_envelope_opens_at_its_own_place_alone",
                "every_bit_counts",
                "different_places_never_spell_the_same",
                "200_000_envelopes_have_as_many_nonces",
            ),
            "identity/test_vault.py": ("a_secret_of_one_tenant_in_a_row_of_another_is_refused",),
            "app/test_vault.py": ("a_row_that_is_moved_in_the_database_opens_nothing",),
        },
        "each tenant has a data key, wrapped by the installation's": {
            "identity/test_vault.py": (
                "each_tenant_has_a_key_of_its_own",
                "a_shredded_tenants_secrets_are_gone",
            ),
            "identity/test_wrapping.py": ("a_data_key_that_was_moved_or_changed_is_refused",),
        },
        "the key is a file of 0600 from the first start on, a variable or a command": {
            "identity/test_keysource.py": (
                "the_same_key_is_had_from_everywhere",
                "the_first_start_makes_the_file",
                "starts_at_the_same_time_make_one_key",
                "a_later_start_makes_no_key",
                "a_file_that_others_can_read_is_refused",
                "a_command_has_a_deadline_and_leaves_nobody",
            ),
            "app/test_vault.py": ("a_restart_opens_what_was_sealed",),
        },
        "no key and no secret is in the database, a log, a trace, a core or an answer": {
            "app/test_vault.py": ("planted_secrets_are_seen_nowhere",),
            "api/test_secrets.py": ("planted_secrets_never_come_back",),
            "hostile/test_api_secrets.py": (),
            "app/test_undumped.py": ("a_process_that_crashes_leaves_no_core",),
            "identity/oauth/test_apps.py": ("a_secret_is_never_shown",),
            "identity/oauth/test_exchange.py": ("what_was_sent_is_not_quoted",),
        },
        "a rotation goes on after a kill at every write": {
            "identity/test_rotation.py": (
                "a_change_of_the_key_that_was_killed_is_gone_on_with",
                "a_renewal_that_was_killed_is_gone_on_with",
                "a_settling_that_was_killed_is_gone_on_with",
                "an_instance_that_does_not_know_yet_loses_nothing",
            ),
            "app/test_vault.py": ("a_rotation_of_a_real_state",),
            "app/test_key_at_start.py": ("a_key_is_changed_for_another_while_the_service_runs",),
        },
        "a wrong key fails closed, before any session, and is never an empty password": {
            "identity/test_vault.py": ("a_wrong_key_is_an_error_and_no_empty_password",),
            "app/test_key_at_start.py": (
                "a_start_with_another_key_opens_no_session",
                "a_start_without_any_key_makes_none",
                "settings_with_another_key_are_refused_whole",
            ),
            "app/test_granting.py": ("a_locked_vault_is_no_refused_login",),
        },
        "a state is used once, by its tenant and its session, within ten minutes": {
            "identity/oauth/test_authorizations.py": (
                "a_state_is_used_once",
                "a_state_is_of_one_session",
                "a_state_is_of_one_tenant",
                "a_state_ends_after_ten_minutes",
            ),
            "api/test_links_provider.py": (
                "two_tabs_at_a_provider_make_one_account",
                "what_another_browser_brings_back_is_not_taken",
            ),
        },
        "PKCE S256 always, and the redirect URI to the letter": {
            "identity/oauth/test_authorizations.py": (
                "pkce_can_not_be_left_out",
                "the_redirect_uri_is_ours_to_the_letter",
                "an_answer_of_another_provider_is_a_mix_up",
            ),
            "identity/oauth/test_apps.py": ("the_challenge_is_that_of_the_rfc",),
        },
        "one of all instances refreshes": {
            "identity/oauth/test_refresh.py": (
                "fifty_who_want_a_token_are_one_request",
                "a_lease_of_a_dead_instance_ends",
                "an_instance_that_was_overtaken_uses_what_the_other_wrote",
            ),
            "identity/oauth/test_database.py": (
                "instances_on_one_database_ask_once",
                "two_processes_ask_once",
            ),
        },
        "a rotated token is stored before it is used": {
            "identity/oauth/test_refresh.py": (
                "a_rotated_refresh_token_outlives_a_kill_before_its_use",
                "new_tokens_that_could_not_be_written_are_written_first",
            ),
        },
        "a token is refreshed five minutes before its end, and once on a rejected login": {
            "identity/oauth/test_refresh.py": (
                "a_token_is_used_until_five_minutes_before_its_end",
                "a_refused_token_is_renewed_before_its_time",
            ),
            "identity/oauth/test_login.py": (
                "a_token_that_was_withdrawn_alone_is_replaced_in_the_same_login",
            ),
        },
        "transient, rate-limited and revoked are three things": {
            "identity/oauth/test_exchange.py": (
                "every_answer_is_an_outcome",
                "what_only_a_person_can_mend_is_told_as_that",
                "everything_else_passes",
            ),
            "identity/oauth/test_login.py": ("a_token_service_that_is_down_is_no_refused_login",),
        },
        "what is revoked parks, says what to do, and a link for that account ends it": {
            "identity/oauth/test_login.py": ("a_withdrawn_consent_parks_and_a_new_one_ends_that",),
            "identity/oauth/test_refresh.py": ("a_withdrawn_consent_is_asked_for_once",),
            "api/test_links_anew.py": (
                "another_password_ends_the_refusal",
                "a_consent_that_was_withdrawn_is_given_anew",
                "a_tenant_has_links_for_its_own_accounts_alone",
            ),
            "api/test_oauth_live.py": ("an_owner_opens_a_mailbox_anew_by_a_link",),
        },
        "the device flow": {
            "identity/oauth/test_authorizations.py": ("a_code_on_another_device_connects",),
            "api/test_oauth.py": ("a_device_connects_an_account",),
            "cli/test_oauth.py": ("an_account_is_connected_by_a_code_on_another_device",),
        },
        "service accounts of Google, client credentials of Microsoft": {
            "identity/oauth/test_service_accounts.py": (
                "a_service_account_signs_for_each_mailbox",
                "microsoft_gives_an_app_one_token_for_all",
            ),
            "identity/oauth/test_login.py": (
                "an_app_only_client_opens_all_mailboxes_with_one_token",
            ),
        },
        "a token that ends in IDLE costs nothing, by OAUTHBEARER and XOAUTH2": {
            "identity/oauth/test_login.py": (
                "a_consent_logs_in",
                "a_token_that_ends_while_idling_costs_nothing",
            ),
        },
        "a provider is told of the end of a consent, and never in vain": {
            "identity/oauth/test_revocation.py": (
                "a_provider_is_told_that_a_consent_ended",
                "the_end_and_the_wish_to_tell_of_it_are_one_write",
                "a_provider_that_is_down_is_told_later_by_whoever_runs",
                "a_provider_that_never_hears_is_left_alone_after_a_day",
                "a_consent_that_opens_another_mailbox_is_not_taken_back",
                "a_token_that_a_host_lent_is_not_taken_back",
            ),
            "identity/oauth/test_database.py": (
                "the_end_of_a_consent_passes_the_wall_of_its_tenant",
            ),
        },
        "the host's own command and server are told for whom, and are bounded": {
            "identity/oauth/test_external.py": (
                "a_script_is_told_for_whom",
                "a_script_that_hangs_is_ended",
                "a_command_that_fails_is_no_refused_login",
                "a_token_server_is_told_for_whom",
            ),
        },
        "autoconfig believes in an order, and dials nothing inside": {
            "identity/autoconfig/test_discovery.py": (
                "sources_are_believed_in_their_order",
                "a_slow_truth_goes_before_a_fast_lie",
                "a_provider_without_imap_is_told_with_what_to_do",
            ),
            "identity/autoconfig/test_hostile_discovery.py": (
                "a_redirect_to_inside_is_refused",
                "all_of_it_has_one_deadline",
            ),
        },
    }
)


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_of_identity_is_shown_where_it_says(promise: str) -> None:
    """Each named test is there."""
    for name, tests in PROMISES[promise].items():
        text = (ROOT / "tests" / name).read_text()
        there = set(re.findall(r"(?m)^(?:async )?def test_(\w+)", text))

        assert set(tests) <= there, name
        assert there, name
