"""What every store promises, whatever it is made of: one suite, a class for each store.

A store's own test file derives from ``StoreContract`` and gives the fixture ``harness``.
"""

from __future__ import annotations

from tests.store.conformance_counts import CountContract
from tests.store.conformance_dead_letters import DeadLetterContract
from tests.store.conformance_deliveries import DeliveryContract
from tests.store.conformance_feed import FeedContract
from tests.store.conformance_folders import FolderContract
from tests.store.conformance_handover import HandoverContract
from tests.store.conformance_history import HistoryContract
from tests.store.conformance_journal import JournalContract
from tests.store.conformance_records import RecordContract
from tests.store.conformance_retention import RetentionContract
from tests.store.conformance_returns import ReturnContract
from tests.store.conformance_searches import SearchContract
from tests.store.conformance_secrets import SecretContract
from tests.store.conformance_tail import TailContract
from tests.store.conformance_trust import TrustContract
from tests.store.conformance_walks import WalkContract


class StoreContract(
    FolderContract,
    DeliveryContract,
    HandoverContract,
    HistoryContract,
    DeadLetterContract,
    RetentionContract,
    JournalContract,
    ReturnContract,
    TrustContract,
    WalkContract,
    RecordContract,
    FeedContract,
    SearchContract,
    SecretContract,
    CountContract,
    TailContract,
):
    """The whole suite."""
