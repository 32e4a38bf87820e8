"""What every store promises of the key under which guards remember: which one is meant."""

from __future__ import annotations

from tests.store.bundle import Harness, Whole
from tests.store.conformance_folders import StoreFixture
from vedette.ports.fingerprint import Fingerprint


class FingerprintContract(StoreFixture):
    """The fingerprint of the key."""

    async def test_the_first_fingerprint_of_a_key_holds(
        self, store: Whole, harness: Harness
    ) -> None:
        """Whoever comes later is told of it, also after a restart."""
        first = Fingerprint(salt=b"\x00salt", digest=b"\xff" * 32)
        assert await store.fingerprint() is None
        assert await store.imprint(first) == first
        assert await store.imprint(Fingerprint(salt=b"other", digest=b"other")) == first

        await store.stop()
        again = harness.make()
        await again.start()
        assert await again.fingerprint() == first
        await again.stop()
