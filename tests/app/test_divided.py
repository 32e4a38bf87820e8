"""What instances share, each keeps to a part of: logins at a host, and the rate of an endpoint."""

from __future__ import annotations

from pathlib import Path

from tests.app.settings import service
from vedette.app.cluster import Divided
from vedette.app.engine import Engine


async def test_logins_and_deliveries_are_divided_among_the_same_instances(tmp_path: Path) -> None:
    """Whoever counts the living tells both."""
    engine = Engine(service(tmp_path, ["anna"], ["a"]))
    await engine.start()
    assert engine.supervisor is not None
    divided = Divided(engine.supervisor, engine.courier)

    divided.share(3)

    assert divided.waiting == engine.supervisor.waiting
    assert engine.supervisor._gate._instances == 3
    assert engine.courier._parts == 3
    await engine.stop()
